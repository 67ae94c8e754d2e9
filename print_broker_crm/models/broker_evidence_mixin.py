from odoo import api, fields, models
from odoo.exceptions import UserError


class BrokerEvidenceMixin(models.AbstractModel):
    """A row that something was found from, and what it said at that time: kept as it was,
    also when the document says something else today or is gone."""

    _name = "broker.evidence.mixin"
    _description = "Evidence"

    text = fields.Text(string="What It Says", required=True, readonly=True)
    res_model = fields.Char(string="Document Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Document Id", model_field="res_model", readonly=True, aggregator=None, index="btree_not_null"
    )
    document = fields.Char(compute="_compute_document")

    @api.depends("res_model", "res_id")
    @api.depends_context("uid")
    def _compute_document(self):
        """Name the documents that the reader may read."""
        for model, rows in self.grouped("res_model").items():
            records = (
                self.env[model].with_context(active_test=False).browse(rows.mapped("res_id")).exists()
                if model in self.env and self.env[model].has_access("read")
                else ()
            )
            names = {record.id: record.display_name for record in records and records._filtered_access("read")}
            for row in rows:
                row.document = names.get(row.res_id, "")

    # CRUD

    def write(self, vals):
        # What follows from the head alone is written by Odoo itself.
        if self and any(not self._fields[name].compute for name in vals):
            raise UserError(self.env._("Evidence is kept as it was found."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Evidence is kept as it was found."))

    # ACTIONS

    def action_open(self):
        """Open the row that is the evidence."""
        self.check_access("read")
        self.ensure_one()
        record = self.env[self.res_model].browse(self.res_id).exists() if self.res_model in self.env else None
        if not record:
            raise UserError(self.env._("This document does not exist any more; what it said is kept here."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }
