from odoo import api, models


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    @api.model
    def _render_qweb_html(self, report_ref, docids, data=None):
        content, kind = super()._render_qweb_html(report_ref, docids, data=data)
        return self._broker_mask_report(report_ref, docids, content), kind

    @api.model
    def _render_qweb_text(self, report_ref, docids, data=None):
        content, kind = super()._render_qweb_text(report_ref, docids, data=data)
        records = self._broker_get_documents(report_ref, docids)
        if records:
            text = self.env["broker.identity"]._mask(records._broker_get_pattern(), content.decode())
            content = text.encode()
        return content, kind

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        """Bind the playbook: what is on which page is known when it was laid out once."""
        data = data or {}
        Playbook = self.env["broker.playbook"]
        if self._get_report(report_ref).report_name != Playbook._BOOKLET:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        data = {**data, "page_numbers": {}}
        streams = super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        draft = next(row["stream"] for row in streams.values() if row["stream"])
        data["page_numbers"] = Playbook._read_page_numbers(draft)
        streams = super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        bound = next(row["stream"] for row in streams.values() if row["stream"])
        return {False: {"stream": Playbook._number_pages(bound), "attachment": None}}

    def _broker_get_documents(self, report_ref, docids):
        """Return the printed documents if they are to name nobody, or None."""
        model = self._get_report(report_ref).sudo().model
        if not docids or not self.env["broker.masking.mixin"]._broker_is_masked(model):
            return None
        ids = [docids] if isinstance(docids, int) else docids
        return self.env[model].sudo().browse(int(res_id) for res_id in ids).exists()

    def _broker_mask_report(self, report_ref, docids, content):
        """Return a printed page on which nobody is named who must not be.

        Each document is masked for its own readers. A part that both sides read is
        marked by `data-broker-hide` with the id of its document.
        """
        records = self._broker_get_documents(report_ref, docids)
        if not records:
            return content
        Identity = self.env["broker.identity"]
        page = content.decode() if isinstance(content, bytes) else str(content)
        both = "data-broker-hide" in page
        patterns = {record.id: record._broker_get_pattern() for record in records}
        all_patterns = {record.id: record._broker_get_pattern(everybody=True) for record in records if both}
        if not any(Identity._is_found(pattern, page) for pattern in (*patterns.values(), *all_patterns.values())):
            return content
        whole = patterns[records.id] if len(records) == 1 else records._broker_get_pattern()

        def pick(node):
            if node is None:
                return True, whole
            if node.get("data-broker-hide"):
                return True, all_patterns.get(int(node.get("data-broker-hide")))
            if node.get("data-oe-model") == records._name and (node.get("data-oe-id") or "").isdigit():
                res_id = int(node.get("data-oe-id"))
                return res_id in patterns, patterns.get(res_id)
            return False, None

        masked = Identity._mask_html(page, pick)
        return masked.encode() if isinstance(content, bytes) else masked
