from datetime import date

from odoo.service.model import call_kw
from odoo.tests import Form, freeze_time, tagged

from .test_staff_change import StaffChangeCommon


@tagged("post_install", "-at_install")
class TestSecondRope(StaffChangeCommon):
    """Whoever is archived, in whatever way, leaves no customer and no promise alone.

    Monday, 2 March 2026 in Shanghai; calls are due on Tuesday.
    """

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-03-02 02:00:00")
        freezer.start()
        self.addCleanup(freezer.stop)
        self.customer = self._open_customer(service=self.service_chen)
        self.customers = self.customer + self._open_customers(2)
        self.works = [self._create_work(customer) for customer in self.customers]
        self.admin = self.env.ref("base.user_admin")

    def _check_nobody_is_alone(self):
        """Check everything that must hold once Wang is archived."""
        self.assertFalse(self.sales_wang.active)
        self.env.invalidate_all()
        for customer, work in zip(self.customers, self.works, strict=True):
            self.assertFalse(customer.user_id)
            call = self.env["broker.care.call"].search(
                [("customer_id", "=", customer.id), ("state", "=", "planned"), ("reason", "=", "salesperson_left")]
            )
            self.assertEqual(call.date_planned, date(2026, 3, 3))
            self.assertEqual((call.user_id, customer.care_user_id), (self.care_sun, self.care_sun))
            self.assertEqual(len(work["activities"].exists()), 6, "no activity is lost")
            self.assertEqual(work["activities"].user_id, self.care_sun)
            self.assertFalse(work["quotation"].user_id)
            self.assertFalse(work["job"].user_id)
            self.assertFalse(work["lead"].user_id)
        change = self.Change.search([("user_id", "=", self.sales_wang.id)])
        self.assertEqual((change.state, change.customer_count), ("draft", 3))
        todo = change.activity_ids
        self.assertEqual(todo.user_id, self.manager_qian)
        self.assertEqual(todo.summary, "Name successors: 3 customers of Wang")

    def test_from_the_form(self):
        """The form's action menu calls `action_archive` on the record."""
        self.sales_wang.with_user(self.admin).action_archive()
        self._check_nobody_is_alone()

    def test_by_the_field_of_a_form(self):
        view = self.env["ir.ui.view"].create(
            {
                "name": "Users, with the mark",
                "model": "res.users",
                "arch": "<form><field name='name'/><field name='active'/></form>",
            }
        )
        with Form(self.sales_wang.with_user(self.admin), view=view) as form:
            form.active = False
        self._check_nobody_is_alone()

    def test_from_the_list(self):
        """Together with others, who have no customers."""
        (self.sales_wang + self.plain_user).with_user(self.admin).action_archive()
        self.assertFalse(self.plain_user.active)
        self._check_nobody_is_alone()

    def test_by_remote_call(self):
        users = self.env["res.users"].with_user(self.admin)
        call_kw(users, "action_archive", [self.sales_wang.ids], {})
        self._check_nobody_is_alone()

    def test_by_remote_write(self):
        users = self.env["res.users"].with_user(self.admin)
        call_kw(users, "write", [self.sales_wang.ids, {"active": False}], {})
        self._check_nobody_is_alone()

    def test_new_orders_and_invoices_are_not_the_leavers(self):
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.partner.id})
        self.assertEqual(contact.user_id, self.sales_wang)
        job = self.works[0]["job"]
        draft = self.works[1]["job"]._create_invoices()
        invoiced = self._create_orders(self.customer, user_id=self.sales_wang.id)
        invoiced.action_confirm()
        invoice = invoiced._create_invoices()
        invoice.action_post()
        self.assertEqual(invoiced.invoice_status, "invoiced")
        self.sales_wang.action_archive()
        self.assertFalse(draft.invoice_user_id)
        self.assertEqual(invoice.invoice_user_id, self.sales_wang, "what is posted is history")
        self.assertEqual(invoiced.user_id, self.sales_wang)
        leaver = self.sales_wang
        self.assertNotEqual(self._create_orders(self.customer).user_id, leaver)
        self.assertNotEqual(self.env["sale.order"].create({"partner_id": contact.id}).user_id, leaver)
        self.assertNotEqual(job._create_invoices().invoice_user_id, leaver)
        self.assertNotEqual(invoiced.copy().user_id, leaver)
        self.assertNotEqual(invoice.copy().invoice_user_id, leaver)
        self.assertNotEqual(invoice._reverse_moves().invoice_user_id, leaver)

    def test_the_next_salesperson_inherits(self):
        self.sales_wang.action_archive()
        self.partner.user_id = self.sales_zhao
        self.assertEqual(self.customer.sales_origin, "inherited")

    def test_naming_successors_afterwards(self):
        self.sales_wang.action_archive()
        change = self.Change.search([("user_id", "=", self.sales_wang.id)]).with_user(self.manager_qian)
        change.action_collect()
        self.assertEqual(change.customer_count, 3, "collecting again does not forget them")
        change.line_ids.successor_id = self.sales_li
        change.action_confirm()
        self.assertEqual(change.state, "done")
        self.assertEqual(self.customers.user_id, self.sales_li)
        self.assertEqual(set(self.customers.mapped("sales_origin")), {"inherited"})
        for work in self.works:
            for name in ("lead", "quotation", "job"):
                self.assertEqual(work[name].user_id, self.sales_li, name)
            self.assertEqual(work["meeting"].user_id, self.sales_li)
        self.assertFalse(change.activity_ids)

    def test_the_list_closes_when_others_took_the_customers(self):
        self.sales_wang.action_archive()
        change = self.Change.search([("user_id", "=", self.sales_wang.id)]).with_user(self.manager_qian)
        self.customers[:2].partner_id.user_id = self.sales_zhao
        change.action_collect()
        self.assertEqual(change.line_ids.customer_id, self.customers[2])
        self.customers[2].partner_id.user_id = self.sales_li
        self.Change._close_settled(self.company)
        self.assertEqual((change.state, change.line_ids.state), ("done", "skipped"))
        self.assertFalse(change.activity_ids)

    def test_a_customer_not_to_be_called_is_still_with_the_managers(self):
        self.customer.write({"do_not_call": True, "do_not_call_reason": "By letter only"})
        self.sales_wang.action_archive()
        self.assertEqual(self.Change.search([("user_id", "=", self.sales_wang.id)]).customer_count, 3)
        # Nobody of the care line: the first manager keeps the promises.
        self.assertEqual(self.works[0]["activities"].user_id, self.manager_qian)

    def test_a_service_agent_is_archived(self):
        handoff = self.env["broker.handoff"].create(
            {"customer_id": self.customer.id, "sender_id": self.sales_wang.id, "receiver_id": self.service_chen.id}
        )
        todo = self._create_activities(self.customer, self.service_chen)
        self.service_chen.action_archive()
        self.assertEqual(handoff.receiver_id, self.service_lin)
        self.assertFalse(self.customer.service_user_id)
        self.assertEqual(self.customer.user_id, self.sales_wang)
        self.assertEqual(todo.exists().user_id, self.manager_qian)
        change = self.Change.search([("user_id", "=", self.service_chen.id)])
        self.assertEqual(change.line_ids.mapped("role"), ["service"])

    def test_archived_files_are_closed_too(self):
        self.customers[1].active = False
        self.sales_wang.action_archive()
        self.assertFalse(self.customers[1].user_id)

    def test_two_who_leave_at_once_take_nothing_over(self):
        self.customer.care_user_id = self.care_sun
        (self.sales_wang + self.care_sun).action_archive()
        for work in self.works:
            self.assertEqual(work["activities"].exists().user_id, self.manager_qian)

    def test_coming_back_restores_nothing(self):
        self.sales_wang.action_archive()
        self.sales_wang.action_unarchive()
        self.assertFalse(self.customer.user_id)

    def test_a_change_that_waits_goes_on(self):
        change = self._create_change(last_day=date(2026, 3, 20))
        change.line_ids.successor_id = self.sales_li
        change.action_confirm()
        self.sales_wang.action_archive()
        self.assertEqual(self.Change.search([("user_id", "=", self.sales_wang.id)]), change)
        self.assertFalse(self.customer.user_id)
        with freeze_time("2026-03-20 02:00:00"):
            change.action_apply_due()
        self.assertEqual(self.customers.user_id, self.sales_li)
        self.assertEqual(change.state, "done")

    def test_somebody_without_customers(self):
        self.plain_user.action_archive()
        self.assertFalse(self.Change.search([("user_id", "=", self.plain_user.id)]))
