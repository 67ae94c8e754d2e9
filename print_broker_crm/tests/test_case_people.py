from odoo.fields import Command
from odoo.tests import tagged

from .common_case import CaseCommon


@tagged("post_install", "-at_install")
class TestCasePeople(CaseCommon):
    """Who answers for a case when people come and go, and who sees it."""

    def _get_todos(self, case):
        kind = self.env.ref("print_broker_crm.mail_activity_type_case")
        return case.sudo().activity_ids.filtered(lambda activity: activity.activity_type_id == kind)

    def test_todo_of_who_answers(self):
        case = self._open_case(self.sales_wang)
        self.assertEqual(self._get_todos(case).user_id, self.service_chen)
        self.assertEqual(str(self._get_todos(case).date_deadline), "2026-03-02")
        case.user_id = self.sales_wang
        self.assertEqual(self._get_todos(case).user_id, self.env["res.users"], "Wang did it himself")
        case.with_user(self.manager_qian).user_id = self.service_chen
        self.assertEqual(self._get_todos(case).user_id, self.service_chen)
        case.action_answered()
        self.assertFalse(self._get_todos(case))

    def test_turns_into_an_arbitration(self):
        case = self._open_case()
        case.with_user(self.sales_wang).kind = "arbitration"
        self.assertEqual(case.user_id, self.manager_qian)
        self.assertEqual(self._get_todos(case).user_id, self.manager_qian)

    def test_agent_is_archived(self):
        open_case, closed = self._open_case().sudo(), self._open_case(kind="enquiry", outcome="Told").sudo()
        closed.action_close()
        self.service_chen.action_archive()
        self.assertEqual(open_case.user_id, self.sales_wang)
        self.assertEqual(closed.user_id, self.service_chen, "What is over stays as it was")

    def test_everybody_leaves(self):
        case = self._open_case().sudo()
        self.customer.care_user_id = self.care_sun
        (self.service_chen + self.sales_wang).action_archive()
        self.assertEqual(case.user_id, self.care_sun)
        self.care_sun.action_archive()
        self.assertEqual(case.user_id, self.manager_qian)

    def test_works_for_another_company_only(self):
        other = self.env["res.company"].create({"name": "Night Press"})
        case = self._open_case().sudo()
        self.service_chen.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertEqual(case.user_id, self.sales_wang)

    def test_staff_change(self):
        case, other = self._open_case().sudo(), self._open_case(user_id=self.sales_wang.id).sudo()
        change = self.env["broker.staff.change"].with_user(self.manager_qian).create({"user_id": self.service_chen.id})
        change.action_collect()
        self.assertEqual(change.line_ids.mapped("case_count"), [1])
        change.line_ids.successor_id = self.service_lin
        change.action_confirm()
        self.assertEqual(case.user_id, self.service_lin)
        self.assertEqual(other.user_id, self.sales_wang)

    def test_another_agent_serves(self):
        case, other = self._open_case().sudo(), self._open_case(user_id=self.sales_wang.id).sudo()
        self.customer.service_user_id = self.service_lin
        self.assertEqual(case.user_id, self.service_lin)
        self.assertEqual(other.user_id, self.sales_wang)

    def test_who_answers_sees_the_customer_as_long(self):
        case = self._open_case(self.manager_qian, user_id=self.service_lin.id)
        self.assertTrue(self.customer.with_user(self.service_lin).has_access("read"))
        self.assertTrue(case.with_user(self.service_lin).has_access("write"))
        case.write({"outcome": "Told", "cause": "carrier", "corrective_action": "Another carrier"})
        case.action_close()
        self.env.invalidate_all()
        self.assertFalse(self.customer.with_user(self.service_lin).has_access("read"))

    def test_merge(self):
        opal = self._create_partner("Opal Hotel", self.sales_wang)
        contact = self.env["res.partner"].create({"name": "Ms Hu", "parent_id": opal.id})
        customer = self._open_customer(opal, service=self.service_chen)
        case = self.Case.create({"customer_id": customer.id, "partner_id": contact.id, "title": "Late"})
        case.action_wait_customer()
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.partner + opal).ids, self.partner)
        case.invalidate_recordset()
        self.assertEqual(case.customer_id, self.customer)
        self.assertEqual(case.period_ids.customer_id, self.customer)
        self.assertEqual(case.partner_id.commercial_partner_id, self.partner)
        self.at("2026-03-02 03:00:00")
        case.action_work()
        self.assertEqual(self.customer.open_case_count, 1)

    def test_board_takes_no_query_per_case(self):
        for number in range(6):
            customer = self._open_customer(self._create_partner(f"Customer {number}"), service=self.service_chen)
            self._open_case(self.manager_qian, customer_id=customer.id, order_id=self._confirm_job(customer).id)
        specification = {
            **{name: {} for name in ("title", "severity", "kind", "deadline_state", "clock_color", "next_deadline")},
            **{name: {"fields": {"display_name": {}}} for name in ("customer_id", "tier_id", "order_id", "user_id")},
        }
        cases = self.Case.with_user(self.service_chen)
        domain = [("state", "=", "new")]
        counts = []
        for size in (2, 2, 6):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(len(cases.web_search_read(domain, specification, limit=size)["records"]), size)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    def test_counts_take_no_query_per_customer(self):
        customers = self.customer
        for number in range(6):
            customers |= self._open_customer(self._create_partner(f"Customer {number}"))
        for customer in customers:
            self._open_case(self.manager_qian, customer_id=customer.id)
        self.env.flush_all()
        counts = []
        for size in (2, 7):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customers[:size].mapped("open_case_count")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
