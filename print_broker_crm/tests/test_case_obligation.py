from odoo.tests import tagged

from .common_case import CaseCommon


@tagged("post_install", "-at_install")
class TestCaseObligation(CaseCommon):
    """Late answers and solutions stand in the list of what we owe."""

    def _get_owed(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        rows = (
            self.env["broker.obligation"]
            .with_user(user or self.manager_qian)
            .search([("customer_id", "=", self.customer.id), ("kind", "in", ("case_answer", "case_solution"))])
        )
        return {row.kind: row for row in rows}

    def test_answer_and_solution(self):
        case = self._open_case()
        self.at("2026-03-02 07:00:00")
        self.assertFalse(self._get_owed())
        self.at("2026-03-02 07:00:01")
        row = self._get_owed()["case_answer"]
        self.assertEqual((row.user_id, str(row.date), row.res_id), (self.service_chen, "2026-03-02", case.id))
        self.assertEqual(row.action_open()["res_model"], "broker.case")
        self.at("2026-03-04 02:00:01")
        self.assertEqual(set(self._get_owed(self.service_chen)), {"case_answer", "case_solution"})
        self.assertFalse(self._get_owed(self.sales_zhao))
        case.action_answered()
        self.assertEqual(set(self._get_owed()), {"case_solution"})
        case.action_wait_customer()
        self.assertEqual(set(self._get_owed()), {"case_solution"}, "It was late before")
        case.action_solve()
        self.assertFalse(self._get_owed())

    def test_waiting_owes_nothing(self):
        case = self._open_case()
        case.action_wait_customer()
        self.at("2026-03-20 02:00:00")
        self.assertFalse(self._get_owed())
