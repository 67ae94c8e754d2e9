from odoo import api, models


class BrokerOrderPlaybookMixin(models.AbstractModel):
    """The job's part of the playbook: the pages of the stage it is in."""

    _name = "broker.order.playbook.mixin"
    _description = "Order: Playbook"
    _inherit = ["broker.playbook.reader.mixin"]

    @api.depends("broker_relay_stage_id")
    def _compute_broker_playbook(self):
        return super()._compute_broker_playbook()

    def _get_playbook_topics(self):
        code = self.sudo().broker_relay_stage_id.code
        return [*super()._get_playbook_topics(), *([("leg", code)] if code else [])]
