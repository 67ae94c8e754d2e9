from odoo import api, models


class BrokerCareCallPlaybookMixin(models.AbstractModel):
    """The call's part of the playbook: the pages of its reasons, the most urgent first."""

    _name = "broker.care.call.playbook.mixin"
    _description = "Care Call: Playbook"
    _inherit = ["broker.playbook.reader.mixin"]

    @api.depends("rule_id", "reason_ids.reason")
    def _compute_broker_playbook(self):
        return super()._compute_broker_playbook()

    def _get_playbook_topics(self):
        reasons = dict.fromkeys([self.rule_id.sudo().reason, *self.reason_ids.sudo().mapped("reason")])
        return [*super()._get_playbook_topics(), *(("reason", reason) for reason in reasons if reason)]
