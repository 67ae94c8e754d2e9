from odoo.tests import HttpCase, tagged

from odoo.addons.print_broker_crm.tests.common_job_spec import JobSpecCommon


@tagged("post_install", "-at_install")
class TestJobSpecDesktop(JobSpecCommon, HttpCase):
    """A salesperson fills a job spec from the order line, and makes the job again."""

    def test_fill_and_make_again(self):
        order = self._create_job(confirm=False, user_id=self.sales_wang.id)
        self.start_tour(f"/odoo/sales/{order.id}", "broker_job_spec_is_filled", login=self.sales_wang.login)
        spec = order.order_line.broker_job_spec_id
        self.assertEqual((spec.state, spec.pages, spec.media_id, spec.weight), ("complete", 16, self.gloss, 157))
        order.action_confirm()
        self.start_tour(
            f"/odoo/action-print_broker_crm.broker_customer_action/{self.customer.id}",
            "broker_same_as_last_time",
            login=self.sales_wang.login,
        )
        again = self.customer.order_ids - order
        self.assertEqual((again.state, again.order_line.broker_job_spec_id.pages), ("draft", 16))


@tagged("post_install", "-at_install")
class TestJobSpecPhone(TestJobSpecDesktop):
    """The same at the width of a phone."""

    browser_size = "375x667"
    touch_enabled = True
    allow_inherited_tests_method = True
