from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain


class BrokerSignalEvidence(models.Model):
    """One row that a signal was read from, with what it said at that time."""

    _name = "broker.signal.evidence"
    _inherit = "broker.evidence.mixin"
    _description = "Evidence of a Signal"
    _order = "id"
    _rec_name = "text"
    _allow_sudo_commands = False

    signal_id = fields.Many2one("broker.signal", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="signal_id.company_id", store=True, index=True, precompute=True)
    concerned_user_id = fields.Many2one(related="signal_id.user_id", store=True, precompute=True)
    date = fields.Datetime(string="Added on", required=True, readonly=True, default=fields.Datetime.now)

    _row_uniq = models.UniqueIndex(
        "(signal_id, res_model, res_id)", "This row is already among the evidence of the signal."
    )

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
