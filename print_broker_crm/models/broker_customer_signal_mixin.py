from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerCustomerSignalMixin(models.AbstractModel):
    """The signals about a customer, on the customer file, for managers alone."""

    _name = "broker.customer.signal.mixin"
    _description = "Customer File: Signals"

    open_signal_count = fields.Integer(
        string="Signals",
        compute="_compute_open_signal_count",
        groups="print_broker_crm.group_manager",
    )

    @api.depends_context("uid")
    def _compute_open_signal_count(self):
        # Not in sudo: what is about the reader does not count.
        counts = dict(
            self.env["broker.signal"]._read_group(
                Domain("customer_id", "in", self.ids) & Domain("state", "=", "open"), ["customer_id"], ["__count"]
            )
        )
        for customer in self:
            customer.open_signal_count = counts.get(customer._origin, 0)

    # ACTIONS

    def action_view_signals(self):
        """Open the signals about this customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_signal_action")
        return action | {"domain": [("customer_id", "=", self.id)], "context": {"search_default_open": 1}}

    # BUSINESS

    def _before_merge_into(self, target):
        """Let evidence that names one of these files name the one that remains."""
        result = super()._before_merge_into(target)
        self.env["broker.signal.evidence"].flush_model()
        values = {"model": "broker.customer", "sources": self.ids, "target": target.id}
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM broker_signal_evidence evidence
                 USING broker_signal_evidence kept
                 WHERE evidence.res_model = %(model)s AND evidence.res_id = ANY(%(sources)s)
                   AND kept.res_model = %(model)s AND kept.signal_id = evidence.signal_id
                   AND (kept.res_id = %(target)s OR (kept.res_id = ANY(%(sources)s) AND kept.id < evidence.id))
                """,
                **values,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE broker_signal_evidence
                   SET res_id = %(target)s
                 WHERE res_model = %(model)s AND res_id = ANY(%(sources)s)
                """,
                **values,
            )
        )
        self.env["broker.signal.evidence"].invalidate_model()
        return result

    @api.model
    def _before_users_leave(self, users):
        """Let another manager look at what the leavers were to look at."""
        result = super()._before_users_leave(users)
        waiting = (
            self.env["mail.activity"]
            .sudo()
            .search(Domain("res_model", "=", "broker.signal") & Domain("user_id", "in", users.ids))
        )
        signals = self.env["broker.signal"].sudo().browse(set(waiting.mapped("res_id"))).exists()
        waiting.unlink()
        signals.filtered(lambda signal: signal.state == "open")._ask_manager(leaving=users)
        return result
