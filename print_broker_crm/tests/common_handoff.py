from datetime import datetime

from odoo import Command

from .common import BrokerCommon


class HandoffCommon(BrokerCommon):
    """Opportunities, jobs and complete packets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stage_handoff = cls.env.ref("print_broker_crm.crm_stage_service_handoff")
        cls.stage_new = cls.env.ref("crm.stage_lead1")
        cls.stage_won = cls.env.ref("crm.stage_lead4")
        cls.product = cls.env["product.product"].create(
            {"name": "Brochure", "type": "service", "list_price": 2.0, "standard_price": 1.4}
        )
        cls.payment_term = cls.env["account.payment.term"].create({"name": "30 days"})
        cls.customer = cls._open_customer(service=cls.service_chen)

    @classmethod
    def _create_lead(cls, partner=None, user=None, **kwargs):
        return cls.env["crm.lead"].create(
            {
                "name": "Menus for spring",
                "type": "opportunity",
                "partner_id": (partner or cls.partner).id,
                "user_id": (user or cls.sales_wang).id,
                "stage_id": cls.stage_new.id,
                "company_id": cls.company.id,
                **kwargs,
            }
        )

    @classmethod
    def _create_order(cls, lead, confirm=True, **kwargs):
        order = cls.env["sale.order"].create(
            {
                "partner_id": lead.partner_id.id,
                "opportunity_id": lead.id,
                "user_id": lead.user_id.id,
                "company_id": lead.company_id.id,
                "payment_term_id": cls.payment_term.id,
                "commitment_date": datetime(2026, 12, 1, 8),
                "order_line": [Command.create({"product_id": cls.product.id, "product_uom_qty": 1000})],
                **kwargs,
            }
        )
        if confirm:
            order.action_confirm()
        return order

    @classmethod
    def _create_handoff(cls, lead=None, order=True):
        """Return the draft handoff of a lead with a confirmed job."""
        lead = lead or cls._create_lead()
        if order:
            cls._create_order(lead)
        lead.stage_id = cls.stage_handoff
        return lead.broker_handoff_ids

    @classmethod
    def _item(cls, handoff, name):
        return handoff.item_ids.filtered(
            lambda item: item.requirement_id == cls.env.ref(f"print_broker_crm.broker_handoff_requirement_{name}")
        )

    @classmethod
    def _complete(cls, handoff):
        handoff.write({"promises": "Proof by Tuesday", "not_sold": "No layout", "still_open": "Paper"})
        cls._item(handoff, "artwork").action_mark_provided()
        return handoff

    def _activities(self, handoff, kind):
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", "broker.handoff"),
                ("res_id", "in", handoff.ids),
                ("activity_type_id", "=", self.env.ref(f"print_broker_crm.mail_activity_type_handoff_{kind}").id),
            ]
        )
