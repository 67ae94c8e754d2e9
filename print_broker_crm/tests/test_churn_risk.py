import math
from datetime import date, datetime

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common import BrokerCommon

# What is learned lies apart: here the weights are those of the day and simple to follow.
#: silence, repeats, age, own pace, span, days ahead
WEIGHTS = [1.0, 0.0, -1.0, 0.0, 2.0, 0.0, -0.5]


class RiskCommon(BrokerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Fit = cls.env["broker.risk.fit"].sudo()
        cls.customer = cls._open_customer()
        cls.product = cls.env["product.product"].create({"name": "Brochure", "type": "service"})

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-06-30 04:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)

    def at(self, moment):
        """Move the clock to a moment in UTC."""
        self.clock.move_to(datetime.fromisoformat(moment))

    def _order(self, days, customer=None, company=None, **kwargs):
        """Confirm a job of a customer on each of some days, at noon in Shanghai."""
        customer = customer or self.customer
        orders = self.env["sale.order"].sudo()
        for day in days:
            order = orders.create(
                {
                    "partner_id": customer.partner_id.id,
                    "company_id": (company or self.company).id,
                    **kwargs,
                }
            )
            order.action_confirm()
            order.date_order = f"{day} 04:00:00"
            orders += order
        self.env.flush_all()
        return orders

    def _use_fit(self, **kwargs):
        """Let the company have learned something simple."""
        return self.Fit.create(
            {
                "company_id": self.company.id,
                "date": fields.Date.today(),
                "horizon": 180,
                "pace": 60,
                "customer_count": 50,
                "weights": WEIGHTS,
                "pauses": [],
                "last_day": fields.Date.today(),
                "day_gap": 1,
                **kwargs,
            }
        )

    def _judge(self):
        """Do the night's step of churn risk."""
        steps = list(self.env["broker.customer"]._judge_risk_steps(self.company))
        self.env.invalidate_all()
        return steps


@tagged("post_install", "-at_install")
class TestChurnRisk(RiskCommon):
    """What a customer's jobs come to, computed by hand."""

    def test_several_jobs(self):
        """Jobs every 30 days, the last 60 days ago: two firm's paces of 60 days.

        Repeats 3, age 150 / 60 = 2.5, silence 60 / 60 = 1, days ahead 180 / 60 = 3.
        Own pace: 1 * 3.5 / 3.5 = 1, so LN 2.  1 - LN 4 + 2 LN 2 - 0.5 LN 3 = 1 - 0.5 LN 3.
        """
        self._use_fit()
        self._order(["2026-01-31", "2026-03-02", "2026-04-01", "2026-05-01"])
        self._judge()
        logit = 1 - 0.5 * math.log(3)
        self.assertEqual(self.customer.churn_risk, round(100 / (1 + math.exp(-logit))))
        self.assertEqual(self.customer.churn_risk, 61)
        self.assertEqual(self.customer.churn_risk_date, date(2026, 6, 30))
        trace = self.customer.churn_risk_trace
        self.assertEqual(
            {name: trace[name] for name in ("jobs", "first", "last", "gap", "horizon", "paused")},
            {"jobs": 4, "first": "2026-01-31", "last": "2026-05-01", "gap": 30, "horizon": 180, "paused": 0},
        )
        text = self.customer.churn_risk_explanation
        for part in ("4 days", "every 30 days", "61", "180 days", "50 customers"):
            self.assertIn(part, text)

    def test_one_job_ever(self):
        """Repeats 0, age = silence = 1: own pace 1 * 0.5 / 2 = 0.25.
        1 - 0 + 2 LN 1.25 - 0.5 LN 3."""
        self._use_fit()
        self._order(["2026-05-01"])
        self._judge()
        logit = 1 + 2 * math.log(1.25) - 0.5 * math.log(3)
        self.assertEqual(self.customer.churn_risk, round(100 / (1 + math.exp(-logit))))
        self.assertFalse(self.customer.churn_risk_trace["gap"])
        self.assertIn("One job", self.customer.churn_risk_explanation)

    def test_no_job(self):
        self._use_fit()
        self._judge()
        self.assertEqual(self.customer.churn_risk, 0)
        self.assertFalse(self.customer.churn_risk_date)
        self.assertFalse(self.customer.is_at_risk)
        self.assertIn("no job yet", self.customer.churn_risk_explanation)

    def test_cancelled(self):
        """A cancelled job never was; without another there is no risk any more."""
        self._use_fit()
        order = self._order(["2026-05-01"])
        self._judge()
        self.assertTrue(self.customer.churn_risk_date)
        order.write({"locked": False})
        order._action_cancel()
        for day in range(1, 8):
            self.at(f"2026-07-0{day} 04:00:00")
            self._judge()
        self.assertFalse(self.customer.churn_risk_date)
        self.assertFalse(self.customer.churn_risk_trace)
        self.assertEqual(self.customer.churn_risk, 0)
