from odoo import models


class Base(models.AbstractModel):
    _inherit = "base"

    def export_data(self, fields_to_export):
        self.env["broker.access.log"]._check_export(self, fields_to_export)
        return super().export_data(fields_to_export)

    def onchange(self, values, field_names, fields_spec):
        self.env["broker.customer"]._check_links_visible(self, values)
        return super().onchange(values, field_names, fields_spec)
