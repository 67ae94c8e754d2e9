import math
from datetime import date, datetime

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common import BrokerCommon

# What a company learned is a test of its own: these weights are simple to follow. 1, silence,
# repeats, age, jobs missed at its own pace, span, BG/NBD's odds of being gone, days ahead.
WEIGHTS = [1.0, 0.0, -1.0, 0.0, 2.0, 0.0, 0.0, -0.5]


def to_risk(logit):
    return round(100 / (1 + math.exp(-logit)))


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
        self.assertEqual(self.customer.churn_risk, to_risk(logit))
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
        self.assertEqual(self.customer.churn_risk, to_risk(logit))
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

    def test_every_figure(self):
        """The eight figures, each with a weight of its own."""
        weights = [0.1, 0.2, -0.3, 0.4, 0.5, -0.6, 0.7, -0.8]
        self._use_fit(weights=weights, pace=30)
        self._order(["2026-03-02", "2026-05-01"])
        self._judge()
        # 1 repeat; age 120 / 30, silence 60 / 30, span 60 / 30; 180 / 30 days ahead
        figures = [
            1,
            math.log(2.1),
            math.log(2),
            math.log(5),
            math.log(1 + 2 * 1.5 / 5),
            math.log(3),
            1 * math.log(5 / 3),
            math.log(6),
        ]
        logit = sum(weight * figure for weight, figure in zip(weights, figures, strict=True))
        self.assertEqual(self.customer.churn_risk, to_risk(logit))
        self.assertIn("Jobs on two days", self.customer.churn_risk_explanation)

    def test_longer_silence_is_more_risk(self):
        """With the weights that are shipped."""
        shipped = self.Fit._get_shipped()
        self._use_fit(weights=shipped.weights)
        self._order(["2026-03-02", "2026-04-01", "2026-05-01"])
        risks = []
        for moment in ("2026-05-08 04:00:00", "2026-06-30 04:00:00", "2026-09-30 04:00:00", "2027-04-30 04:00:00"):
            self.at(moment)
            self.company.sudo().broker_risk_mark_date = False
            # Four weeks on it would be learned anew.
            self._use_fit(weights=shipped.weights, last_day="2026-05-01", day_gap=30)
            self._judge()
            risks.append(self.customer.churn_risk)
        self.assertEqual(risks, sorted(set(risks)))

    def test_two_orders_on_a_day(self):
        """Are one day with a job; a day is the firm's own: 17 o'clock in UTC is the next."""
        self._use_fit()
        self._order(["2026-04-01", "2026-04-01", "2026-05-01"])
        late = self._order(["2026-05-31"])
        late.date_order = "2026-05-31 17:00:00"
        self._judge()
        trace = self.customer.churn_risk_trace
        self.assertEqual((trace["jobs"], trace["last"]), (3, "2026-06-01"))

    def test_quotation_and_future(self):
        """Neither a quotation nor a job dated after today says anything."""
        self._use_fit()
        self.env["sale.order"].create({"partner_id": self.partner.id})
        self._order(["2026-05-01", "2026-07-15"])
        self._judge()
        self.assertEqual(self.customer.churn_risk_trace["jobs"], 1)

    def test_once_a_year(self):
        """A calendar a year: between two of them nobody is lost. Its usual time is the year
        between its jobs, and not the 180 days in which nobody expects it.

        Repeats 2, age 963 / 60, silence 232 / 60; 731 days in two gaps are 366 days each.
        """
        self._use_fit(day_gap=30)
        self._order(["2023-11-10", "2024-11-09", "2025-11-10"])
        self._judge()
        trace = self.customer.churn_risk_trace
        self.assertEqual((trace["gap"], trace["horizon"]), (366, 366))
        missed = 232 / 60 * 2.5 / (963 / 60 + 1)
        logit = 1 - math.log(3) + 2 * math.log(1 + missed) - 0.5 * math.log(366 / 60)
        self.assertEqual(self.customer.churn_risk, to_risk(logit))
        self.assertIn("366 days", self.customer.churn_risk_explanation)
        # And so with the weights that are shipped.
        self._use_fit(day_gap=30, weights=self.Fit._get_shipped().weights)
        self.company.sudo().broker_risk_mark_date = False
        self._judge()
        self.assertFalse(self.customer.is_at_risk)

    def test_claim_reprint(self):
        """A reprint for a claim is nobody's wish."""
        self._use_fit()
        self._order(["2026-04-01"])
        case = self.env["broker.case"].create({"customer_id": self.customer.id, "title": "Torn", "kind": "claim"})
        reprint = self._order(["2026-06-01"])
        reprint.sudo().broker_claim_case_id = case
        self._judge()
        trace = self.customer.churn_risk_trace
        self.assertEqual((trace["jobs"], trace["last"]), (1, "2026-04-01"))

    def test_pause_of_the_firm(self):
        """Nobody had a job from April 2 to June 29: the books were kept elsewhere, and nobody
        was silent. Silence 1 day and age 61 as if the firm had gone on at once."""
        self._use_fit(last_day="2026-04-01", pace=61)
        other = self._open_customer(self._create_partner("Other", self.sales_wang))
        self._order(["2026-02-01", "2026-04-01"])
        self._order(["2026-06-30"], other)
        self._judge()
        # 89 days lie between, without those of the two jobs
        self.assertEqual(self.customer.churn_risk_trace["paused"], 89)
        # Repeats 1, age 60 / 61, silence 1 / 61; 180 / 61 days ahead
        silence, age = 1 / 61, 60 / 61
        logit = 1 - math.log(2) + 2 * math.log(1 + silence * 1.5 / (age + 1)) - 0.5 * math.log(180 / 61)
        self.assertEqual(self.customer.churn_risk, to_risk(logit))
        self.assertEqual(other.churn_risk_trace["paused"], 0)
        self.assertIn("89 days", self.customer.churn_risk_explanation)

    def test_quiet_month_of_a_small_firm(self):
        """Is no pause where the firm's jobs lie far apart anyway."""
        self._use_fit(last_day="2026-04-01", day_gap=20)
        self._order(["2026-02-01", "2026-04-01"])
        self._judge()
        self.assertEqual(self.customer.churn_risk_trace["paused"], 0)

    def test_pause_is_a_setting(self):
        self.company.broker_risk_pause_days = 0
        self._use_fit(last_day="2026-04-01")
        self._order(["2026-02-01", "2026-04-01"])
        self._judge()
        self.assertEqual(self.customer.churn_risk_trace["paused"], 0)

    def test_two_companies(self):
        """Each judges by its own jobs, and asks for its own days ahead."""
        company = self.env["res.company"].create({"name": "Second Broker", "broker_risk_days": 90})
        twin = self._open_customer(company=company)
        self._use_fit()
        self._use_fit(company_id=company.id, horizon=90)
        self._order(["2026-04-01", "2026-05-01"])
        self._order(["2026-06-29"], twin, company)
        self._judge()
        list(self.env["broker.customer"]._judge_risk_steps(company))
        self.env.invalidate_all()
        self.assertEqual(self.customer.churn_risk_trace["jobs"], 2)
        self.assertEqual(twin.churn_risk_trace["jobs"], 1)
        self.assertEqual(twin.churn_risk_trace["horizon"], 90)

    def test_merge(self):
        """The jobs of both are one history, from the next night on."""
        self._use_fit()
        source = self._open_customer(self._create_partner("Jade Restaurant Ltd", self.sales_wang))
        self._order(["2026-05-01"])
        self._order(["2026-04-01", "2026-06-01"], source)
        self._judge()
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge(
            (self.partner + source.partner_id).ids, self.partner
        )
        self.assertFalse(self.customer.churn_risk_trace)
        self.assertIn("coming night", self.customer.churn_risk_explanation)
        self.at("2026-07-01 04:00:00")
        self._judge()
        self.assertEqual(self.customer.churn_risk_trace["jobs"], 3)

    def test_refund(self):
        """Money given back takes no job away: the customer came, and came back or not."""
        self._use_fit()
        order = self._order(["2026-05-01"])
        order.order_line.create(
            {"order_id": order.id, "product_id": self.product.id, "price_unit": -100, "product_uom_qty": 1}
        )
        self._judge()
        self.assertEqual(self.customer.churn_risk_trace["jobs"], 1)

    def test_at_risk(self):
        """From the company's setting on, and never without a job."""
        self._use_fit()
        idle = self._open_customer(self._create_partner("Idle", self.sales_wang))
        self._order(["2026-01-31", "2026-03-02", "2026-04-01", "2026-05-01"])
        self._judge()
        Customer = self.env["broker.customer"]
        for limit, is_at_risk in ((61, True), (62, False)):
            self.company.broker_risk_high = limit
            self.env.invalidate_all()
            self.assertEqual(self.customer.is_at_risk, is_at_risk)
            self.assertEqual(self.customer in Customer.search([("is_at_risk", "=", True)]), is_at_risk)
            self.assertEqual(self.customer in Customer.search([("is_at_risk", "=", False)]), not is_at_risk)
        self.assertIn(idle, Customer.search([("is_at_risk", "=", False)]))

    def test_settings_make_sense(self):
        for name, value in (("days", 0), ("high", 101), ("weight", 0), ("pause_days", -1)):
            with self.subTest(name), mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
                self.company[f"broker_risk_{name}"] = value
                self.env.flush_all()

    def test_nobody_enters_it(self):
        """Neither on a file nor with a new one; and what was learned is the managers' to read."""
        partner = self._create_partner("New", self.sales_wang)
        Customer = self.env["broker.customer"].with_user(self.manager_qian)
        for field, value in (("churn_risk", 5), ("churn_risk_date", "2026-01-01"), ("churn_risk_trace", {"jobs": 1})):
            with self.subTest(field):
                with self.assertRaises(UserError):
                    self.customer.with_user(self.manager_qian).write({field: value})
                with self.assertRaises(UserError):
                    Customer.create({"partner_id": partner.id, field: value})
        # Nor by a context.
        crafted = Customer.with_context(default_churn_risk=5, default_churn_risk_date="2026-01-01")
        opened = crafted.create({"partner_id": partner.id})
        self.assertEqual((opened.churn_risk, opened.churn_risk_date), (0, False))
        fit = self._use_fit()
        self.assertTrue(fit.with_user(self.manager_qian).read(["weights"]))
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            with self.assertRaises(AccessError):
                fit.with_user(user).read(["weights"])
        # The explanation is everybody's who may read the file.
        self._order(["2026-05-01"])
        self._judge()
        self.assertIn("50 customers", self.customer.with_user(self.sales_wang).churn_risk_explanation)
