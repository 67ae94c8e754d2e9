import logging
from datetime import datetime, timedelta
from itertools import count

from odoo.addons.print_broker_crm.tests.common_care import CareCommon

_logger = logging.getLogger(__name__)


class CoverageCommon(CareCommon):
    """Jade is Wang's customer, opened on Monday, 2 March 2026, ten in the morning in
    Shanghai. It has no tier: sales is owed every 60 days, silent is who is not heard of
    for 90.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proof_ids = count(1)
        cls.company.write({"broker_coverage_sales_days": 60, "broker_silent_days": 90, "broker_coverage_from": False})
        cls.tier_5.write({"sales_contact_days": 14, "silent_days": 30})
        cls.tier_2.write({"sales_contact_days": 0, "silent_days": 0})
        (cls.env["broker.tier"].search([]) - cls.tier_5 - cls.tier_2).write(
            {"sales_contact_days": 45, "silent_days": 60}
        )
        cls.silence = cls.env.ref("print_broker_crm.mail_activity_type_silence")

    def _touch(self, moment, role="sales", user=None, customer=None, channel="phone", direction="out"):
        """Record a touch of the past, as if gathered."""
        users = {"sales": self.sales_wang, "service": self.service_chen, "care": self.care_sun}
        return (
            self.env["broker.contact"]
            .sudo()
            .create(
                {
                    "customer_id": (customer or self.customer).id,
                    "user_id": (user or users.get(role, self.env["res.users"])).id,
                    "role": role,
                    "channel": channel,
                    "direction": direction,
                    "date": moment,
                    "is_gathered": True,
                    "res_model": "res.partner",
                    "res_id": next(self.proof_ids),
                }
            )
        )

    def _hear(self, moment, customer=None, channel="order"):
        """Record an order or a message of the customer."""
        return self._touch(moment, role=False, customer=customer, channel=channel, direction="in")

    def _refresh(self, *moments, customer=None):
        """Look at the customer's coverage, now or at each of some moments in UTC, and
        return the states."""
        customer = customer or self.customer
        states = []
        for moment in moments or (None,):
            if moment:
                self.at(moment)
            customer.invalidate_recordset()
            customer._refresh_coverage()
            states.append(customer.coverage_state)
        return states if len(moments) > 1 else states[0]

    def _close(self, first, last, **vals):
        """Close the firm from one day to another."""
        return self.env["resource.calendar.leaves"].create(
            {
                "name": "Closed",
                "calendar_id": self.calendar.id,
                # From midnight to midnight in Shanghai.
                "date_from": datetime.fromisoformat(first) - timedelta(hours=8),
                "date_to": datetime.fromisoformat(last) + timedelta(hours=15, minutes=59),
                **vals,
            }
        )

    def _todos(self, customer=None):
        return (
            self.env["mail.activity"]
            .search([("res_model", "=", "broker.customer"), ("res_id", "=", (customer or self.customer).id)])
            .filtered(lambda activity: activity.activity_type_id == self.silence)
        )
