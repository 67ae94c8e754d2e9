from odoo import api, models


class BrokerCasePlaybookMixin(models.AbstractModel):
    """The case's part of the playbook: the pages of its kind."""

    _name = "broker.case.playbook.mixin"
    _description = "Case: Playbook"
    _inherit = ["broker.playbook.reader.mixin"]

    @api.depends("kind")
    def _compute_broker_playbook(self):
        return super()._compute_broker_playbook()

    def _get_playbook_topics(self):
        return [*super()._get_playbook_topics(), *([("case", self.kind)] if self.kind else [])]
