from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class BrokerSignalEvidence(models.Model):
    """One row that a signal was read from, with what it said at that time."""

    _name = "broker.signal.evidence"
    _description = "Evidence of a Signal"
    _order = "id"
    _rec_name = "text"
    _allow_sudo_commands = False

    signal_id = fields.Many2one("broker.signal", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="signal_id.company_id", store=True, index=True, precompute=True)
    concerned_user_id = fields.Many2one(related="signal_id.user_id", store=True, precompute=True)
    date = fields.Datetime(string="Added on", required=True, readonly=True, default=fields.Datetime.now)
    text = fields.Text(string="What It Says", required=True, readonly=True)
    res_model = fields.Char(string="Document Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Document Id", model_field="res_model", readonly=True, aggregator=None, index="btree_not_null"
    )
    document = fields.Char(compute="_compute_document")

    _row_uniq = models.UniqueIndex(
        "(signal_id, res_model, res_id)", "This row is already among the evidence of the signal."
    )

    @api.depends("res_model", "res_id")
    def _compute_document(self):
        for model, rows in self.grouped("res_model").items():
            found = (
                self.env[model].with_context(active_test=False).browse(rows.mapped("res_id")).exists()
                if model in self.env
                else ()
            )
            names = {record.id: record.display_name for record in found and found._filtered_access("read")}
            for row in rows:
                row.document = names.get(row.res_id, "")

    # CRUD

    def write(self, vals):
        if self and set(vals) - {"company_id", "concerned_user_id"}:
            raise UserError(self.env._("Evidence is kept as it was found."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Evidence is kept as it was found."))

    # ACTIONS

    def action_open(self):
        """Open the row that is the evidence."""
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

    # BUSINESS

    @api.model
    def _add(self, evidence_by_signal):
        """Append evidence that a signal does not have yet: a row counts once, with all that
        is said of it.

        :param evidence_by_signal: {signal: list of (record, text)}
        :return: the signals that got something new
        """
        signals = self.env["broker.signal"].concat(*evidence_by_signal)
        known = defaultdict(set)
        for row in signals.env[self._name].search_fetch(
            Domain("signal_id", "in", signals.ids), ["signal_id", "res_model", "res_id"]
        ):
            known[row.signal_id].add((row.res_model, row.res_id))
        texts = defaultdict(dict)
        for signal, evidence in evidence_by_signal.items():
            for record, text in evidence:
                if (record._name, record.id) not in known[signal]:
                    texts[signal, record._name, record.id][text] = True
        signals.env[self._name].create(
            [
                {"signal_id": signal.id, "res_model": model, "res_id": res_id, "text": "\n".join(said)}
                for (signal, model, res_id), said in texts.items()
            ]
        )
        return signals.browse(dict.fromkeys(signal.id for signal, _model, _id in texts))
