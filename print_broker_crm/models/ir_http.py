from odoo import models
from odoo.http import Response, request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _dispatch(cls, endpoint):
        """Mask pages that show documents which name nobody, whoever's module made them."""
        response = super()._dispatch(endpoint)
        if isinstance(response, Response) and getattr(response, "qcontext", None) and request.env.uid:
            cls._broker_mask_page(response)
        return response

    @classmethod
    def _broker_mask_page(cls, response):
        Masking = request.env["broker.masking.mixin"]
        documents = {
            (value._name, value._ids): value
            for value in response.qcontext.values()
            if isinstance(value, models.BaseModel) and value.ids and Masking._broker_is_masked(value._name)
        }
        if not documents or (response.mimetype or "") != "text/html":
            return
        page = before = response.get_data(as_text=True)
        for records in documents.values():
            pattern = records.sudo()._broker_get_pattern()
            if pattern:
                page = request.env["broker.identity"]._mask_html(page, pattern)
        if page != before:
            response.set_data(page)
