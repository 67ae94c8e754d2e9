from odoo.tests import tagged
from odoo.tools import SQL

from .test_tier_score import TierCommon


class CaseTierCommon(TierCommon):
    def _open_case(self, day="2025-05-10", **vals):
        """Open a complaint on a day; the firm's clock goes on from there."""
        case = self.env["broker.case"]._open(
            [{"customer_id": self.customer.id, "title": "Cut too short", "kind": "complaint", **vals}]
        )
        case.opened_at = f"{day} 04:00:00"
        return case


@tagged("post_install", "-at_install")
class TestCaseTier(CaseTierCommon):
    """Complaints and claims are trouble by their severity, and solving them is work."""

    def test_trouble(self):
        self.policy.trouble_case_points = 5
        self._invoice(1000, 700)
        self._invoice(1000, 700)
        self._open_case(severity="0")
        self._open_case(kind="claim", severity="3")
        self._open_case(kind="enquiry", severity="3")
        self._open_case(severity="3", state="cancelled")
        self._open_case(day="2023-05-10")
        score = self._score()
        self.assertEqual(score.inputs["case_severity"], 5)
        # 25 points over two jobs
        self.assertEqual(score.ease, 87.5)
        self.assertIn("severity 5 × 5.00", str(score.explanation))
        customer = score.customer_id
        customer.sudo().last_score_id = score
        self.assertEqual(customer.tier_case_count, 5)
        self.assertEqual(self.env["broker.case"].search_count(customer.action_view_tier_cases()["domain"]), 2)

    def test_no_points_no_trouble(self):
        self.policy.trouble_case_points = 0
        self._invoice(1000, 700)
        self._open_case()
        self.assertNotIn("case_severity", self._score().inputs)

    def test_solved_cases_are_work(self):
        self.policy.work_case_weight = 1.5
        self._invoice(1000, 700)
        for number in range(2):
            case = self._open_case(user_id=self.service_lin.id, title=f"Case {number}")
            case.write({"state": "solved", "solved_at": "2025-05-12 04:00:00"})
        self._open_case(user_id=self.service_lin.id)
        score = self._score()
        score.customer_id.sudo().last_score_id = score
        pieces = self.env["broker.tier.work"].search([("customer_id", "=", self.customer.id), ("kind", "=", "case")])
        self.assertEqual((len(pieces), pieces.user_id), (2, self.service_lin))
        self.assertEqual({row["user_id"]: row["work"] for row in score.people}[self.service_lin.id], 3.0)


@tagged("post_install", "-at_install")
class TestCaseTierNight(CaseTierCommon):
    """A night hears of cases as of everything else."""

    def _night(self, day):
        """Score those of whom something is new in the night of a day."""
        self._go_to(f"{day} 04:00:00")
        run = self.env["broker.tier.run"].sudo()._open(self.company)
        run._gather()
        rows = self.env.execute_query(SQL("SELECT customer_id FROM broker_tier_figure WHERE run_id = %s", run.id))
        while not run.is_done:
            run._step(1000)
        self.env.invalidate_all()
        return self.env["broker.customer"].browse(row[0] for row in rows)

    def test_night_hears_of_cases(self):
        self.policy.write({"trouble_case_points": 30, "work_case_weight": 1})
        self._invoice(100000, 70000)
        self._night("2025-06-15")
        case = self._open_case(severity="3")
        self.assertEqual(self._night("2025-06-16"), self.customer)
        self.assertFalse(self._run(), "opened")
        case.severity = "0"
        self.assertEqual(self._night("2025-06-17"), self.customer)
        self.assertFalse(self._run(), "lighter")
        case.state = "cancelled"
        self.assertEqual(self._night("2025-06-18"), self.customer)
        self.assertFalse(self._run(), "cancelled")
