import logging
import time

from odoo.tests import tagged

from .test_staff_change import StaffChangeCommon

_logger = logging.getLogger(__name__)


@tagged("post_install", "-at_install")
class TestStaffChangeScale(StaffChangeCommon):
    """A leaver with many customers: seconds, and queries that do not grow with them."""

    def _grow(self, count, name, user=None):
        """Open customers with a lead, a quotation, a job, a meeting and four to-dos."""
        user = user or self.sales_wang
        customers = self._open_customers(count, user=user, name=name)
        self.env["crm.lead"].create(
            [
                {
                    "name": f"Lead {customer.id}",
                    "type": "opportunity",
                    "partner_id": customer.partner_id.id,
                    "user_id": user.id,
                }
                for customer in customers
            ]
        )
        self._create_orders(customers, user_id=user.id)
        self._create_orders(customers, user_id=user.id).action_confirm()
        self.env["calendar.event"].with_context(no_mail_to_attendees=True).create(
            [
                {
                    "name": "Visit",
                    "start": "2099-03-02 02:00:00",
                    "stop": "2099-03-02 03:00:00",
                    "user_id": user.id,
                    "partner_ids": (user.partner_id + customer.partner_id).ids,
                }
                for customer in customers
            ]
        )
        self._create_activities(customers, user, count=2)
        self._create_activities(customers.partner_id, user)
        self._create_activities(customers.order_ids.filtered(lambda order: order.state == "draft"), user)
        self.env.flush_all()
        return customers

    def _count(self, function):
        """Return the number of queries of a call, everything written included."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        function()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_leaving_with_500_customers(self):
        customers = self._grow(500, "Many")
        self.assertEqual(self.env["mail.activity"].search_count([("user_id", "=", self.sales_wang.id)]), 2000)
        change = self._create_change(collect=False, archive_user=True)
        started = time.monotonic()
        self._count(change.action_collect)
        collected = time.monotonic()
        self._count(change.action_confirm)
        confirmed = time.monotonic()
        _logger.info(
            "500 customers: collected in %.1f s, confirmed in %.1f s", collected - started, confirmed - collected
        )
        self.assertLess(confirmed - started, 60)
        self.assertEqual(change.state, "done")
        self.assertFalse(customers.filtered(lambda customer: customer.user_id == self.sales_wang))
        self.assertFalse(self.sales_wang.active)
        activities = self.env["mail.activity"].search([("summary", "like", "Promise")])
        self.assertEqual(len(activities), 2000)
        self.assertLessEqual(activities.user_id, self.sales_zhao + self.sales_li)

    def test_queries_do_not_grow(self):
        """Neither collecting nor confirming costs a query per customer.

        Odoo creates rows and followers in chunks of 100 and more; at these sizes each
        is one chunk.
        """
        counts = {}
        for name, count in (("Warm", 5), ("Few", 5), ("Many", 50)):
            user = self._create_user(name.lower(), "group_salesperson")
            self._grow(count, name, user)
            change = self._create_change(user, collect=False)
            change.fallback_user_id = self.sales_zhao
            counts[name] = (
                self._count(change.action_collect),
                self._count(change.action_confirm),
            )
            self.assertEqual(change.state, "done")
            # Nobody else takes over in the next round.
            user.action_archive()
        _logger.info("queries to collect and to confirm: %s", counts)
        self.assertLessEqual(counts["Many"][0], counts["Few"][0] + 5)
        self.assertLessEqual(counts["Many"][1], counts["Few"][1] + 15)

    def test_rope_queries_do_not_grow(self):
        """Archiving without a staff change costs no query per customer either."""
        counts = {}
        for name, count in (("Warm", 5), ("Few", 5), ("Many", 50)):
            user = self._create_user(name.lower(), "group_salesperson")
            self._grow(count, name, user)
            counts[name] = self._count(user.action_archive)
        _logger.info("queries to archive: %s", counts)
        self.assertLessEqual(counts["Many"], counts["Few"] + 40)
