from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.print_broker_crm.tests.test_signal import SignalCommon


class FinderCommon(SignalCommon):
    """Jade's Wang leaves on 1 March 2026, in a firm whose days begin at 16:00 UTC.

    Three months before and after are compared: 1 December to 28 February, 1 March to 31
    May; a fall by half is a signal.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create({"name": "Brochure", "type": "service", "taxes_id": False})

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-06-01 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)

    def at(self, moment):
        self.clock.move_to(datetime.fromisoformat(moment))

    def _order(self, day, amount, customer=None, state="sale", **vals):
        """Create a job of a moment in UTC."""
        customer = customer or self.customer
        order = self.env["sale.order"].create(
            {
                "partner_id": customer.partner_id.id,
                "company_id": customer.company_id.id,
                "user_id": self.sales_wang.id,
                "date_order": day,
                "order_line": [
                    Command.create({"product_id": self.product.id, "price_unit": amount, "tax_ids": [Command.clear()]})
                ],
                **vals,
            }
        )
        if state == "sale":
            order.action_confirm()
            order.date_order = day
        elif state == "cancel":
            order._action_cancel()
        return order

    def _leave(self, user=None, moment="2026-03-01 02:00:00", customers=None, successor=None):
        """Let somebody leave, whose ledger rows began long before."""
        user = user or self.sales_wang
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE broker_assignment SET date_from = '2020-01-01' WHERE user_id = %s AND date_to IS NULL", user.id)
        )
        self.env.invalidate_all()
        with freeze_time(moment):
            if successor:
                (customers or self.customer).partner_id.user_id = successor
            user.active = False
            self.env.flush_all()

    def _find(self, kind=None, company=None):
        before = self.Signal.search([])
        for _count in self.Signal._find_steps(company or self.company):
            pass
        return (self.Signal.search([]) - before).filtered(lambda signal: not kind or signal.kind == kind)


@tagged("post_install", "-at_install")
class TestSignalDeparture(FinderCommon):
    def test_orders_fall(self):
        """8000 and 4000 before, 6000 after: half of it."""
        outside = self._order("2025-11-30 15:59:59", 50000)
        first = self._order("2025-11-30 16:00:00", 8000)
        last = self._order("2026-02-28 15:59:59", 4000)
        after = self._order("2026-02-28 16:00:00", 6000)
        self._order("2026-05-31 16:00:00", 90000)
        self._order("2026-03-10 02:00:00", 70000, state="draft")
        self._leave()
        signal = self._find("departure")
        self.assertEqual((signal.user_id, signal.customer_id), (self.sales_wang, self.customer))
        assignment = self.customer.with_context(active_test=False).assignment_ids.filtered(
            lambda row: row.role == "sales" and row.user_id == self.sales_wang
        )
        self.assertEqual(
            {(row.res_model, row.res_id) for row in signal.evidence_ids},
            {(assignment._name, assignment.id)} | {("sale.order", order.id) for order in (first, last, after)},
        )
        self.assertNotIn(outside.id, signal.evidence_ids.mapped("res_id"))
        figures = signal.evidence_ids[0].text
        self.assertIn("12,000.00", figures)
        self.assertIn("6,000.00", figures)
        self.assertIn("12,000.00", signal.summary)
        self.assertFalse(self._find(), "raised once")

    def test_a_little_less_is_nothing(self):
        self._order("2026-01-10 02:00:00", 12000)
        self._order("2026-03-10 02:00:00", 6001)
        self._leave()
        self.assertFalse(self._find())
        self.company.broker_signal_departure_percent = 40
        self.assertTrue(self._find())

    def test_all_orders_stop(self):
        self._order("2026-01-10 02:00:00", 10)
        self._leave(successor=self.sales_zhao)
        self.company.broker_signal_departure_percent = 100
        self.assertTrue(self._find())

    def test_too_small_to_watch(self):
        self._order("2026-01-10 02:00:00", 999)
        self._leave()
        self.company.broker_signal_departure_amount = 1000
        self.assertFalse(self._find())
        self.company.broker_signal_departure_amount = 999
        self.assertTrue(self._find())

    def test_a_season_is_no_loss(self):
        """Before New Year 12000, in spring always 5000: nothing was lost."""
        self._order("2026-01-10 02:00:00", 12000)
        self._order("2025-04-10 02:00:00", 5000)
        self._order("2026-04-10 02:00:00", 5000)
        self._leave()
        self.assertFalse(self._find())

    def test_a_season_does_not_hide_a_loss(self):
        self._order("2026-01-10 02:00:00", 12000)
        self._order("2025-04-10 02:00:00", 5000)
        self._order("2026-04-10 02:00:00", 2500)
        self._leave()
        self.assertTrue(self._find())

    def test_when_the_months_are_over(self):
        self._order("2026-01-10 02:00:00", 12000)
        self._leave()
        self.at("2026-05-31 15:59:00")
        self.assertFalse(self._find(), "31 May is not over in Shanghai")
        self.at("2026-05-31 16:01:00")
        self.assertTrue(self._find())

    def test_long_ago(self):
        self._order("2026-01-10 02:00:00", 12000)
        self._leave()
        self.at("2026-09-01 02:00:00")
        self.assertFalse(self._find())

    def test_who_stays_is_no_departure(self):
        self._order("2026-01-10 02:00:00", 12000)
        with freeze_time("2026-03-01 02:00:00"):
            self.partner.user_id = self.sales_zhao
        self.assertFalse(self._find())

    def test_given_away_before_leaving(self):
        """Wang gave Jade to Zhao while still here, and left within the months compared."""
        self._order("2026-01-10 02:00:00", 12000)
        self.env.flush_all()
        self.env.cr.execute("UPDATE broker_assignment SET date_from = '2020-01-01'")
        self.env.invalidate_all()
        with freeze_time("2026-03-01 02:00:00"):
            self.partner.user_id = self.sales_zhao
            self.env.flush_all()
        self.assertFalse(self._find(), "Wang is still here")
        with freeze_time("2026-05-01 02:00:00"):
            self.sales_wang.active = False
        self.assertEqual(self._find().user_id, self.sales_wang)

    def test_never(self):
        self._order("2026-01-10 02:00:00", 12000)
        self._leave()
        self.company.broker_signal_departure_months = 0
        self.assertFalse(self._find())

    def test_foreign_currency(self):
        """1200 of a currency worth a tenth are 120; 61 after are more than half."""
        currency = self.env["res.currency"].create(
            {
                "name": "TNT",
                "symbol": "t",
                "rate_ids": [Command.create({"name": "2020-01-01", "rate": 10.0, "company_id": self.company.id})],
            }
        )
        pricelist = self.env["product.pricelist"].create({"name": "Tenth", "currency_id": currency.id})
        self._order("2026-01-10 02:00:00", 1200, pricelist_id=pricelist.id)
        self._order("2026-04-10 02:00:00", 61)
        self._leave()
        self.assertFalse(self._find())
        self.company.broker_signal_departure_percent = 49
        self.assertIn("120.00", self._find().summary)

    def test_archived_customer(self):
        self._order("2026-01-10 02:00:00", 12000)
        self._leave()
        self.customer.active = False
        self.assertFalse(self._find())

    def test_merged_after_it_was_raised(self):
        """What was raised about a double is not raised again about the one that remains."""
        double = self._open_customer(self._create_partner("Jade Ltd", self.sales_wang))
        self._order("2026-01-10 02:00:00", 12000, double)
        self._leave()
        signal = self._find()
        self.assertEqual(signal.customer_id, double)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.partner + double.partner_id).ids, self.partner
        )
        self.assertEqual(signal.customer_id, self.customer)
        self.assertFalse(self._find())

    def test_two_companies(self):
        other = self.env["res.company"].create({"name": "Second"})
        self._order("2026-01-10 02:00:00", 12000)
        self._leave()
        self.assertFalse(self._find(company=other))
        self.assertTrue(self._find())

    def test_batches_and_queries(self):
        """A batch is read by as many queries as one customer."""
        partners = self.env["res.partner"].create(
            [{"name": f"Many {number}", "is_company": True, "user_id": self.sales_wang.id} for number in range(12)]
        )
        customers = self.env["broker.customer"]._open_for_partners(partners, self.company)
        for customer in customers:
            self._order("2026-01-10 02:00:00", 1000, customer)
        self._leave()
        self.company.broker_signal_todo = False
        counts = {}
        for size in (2, 10):
            self.patch(self.registry["broker.signal"], "_get_departure_query", self._limited(size))
            self.env.invalidate_all()
            start = self.cr.sql_log_count
            next(self.Signal._find_departures(self.company))
            counts[size] = self.cr.sql_log_count - start
        self.assertEqual(self.Signal.search_count([("kind", "=", "departure")]), 12)
        self.assertLessEqual(counts[10], counts[2] + 2)

    def _limited(self, size):
        query = self.registry["broker.signal"]._get_departure_query
        query = getattr(query, "unlimited", query)

        def limited(model, company):
            return SQL("SELECT * FROM (%s) AS found LIMIT %s", query(model, company), size)

        limited.unlimited = query
        return limited

    def test_cron(self):
        self._order("2026-01-10 02:00:00", 12000)
        self._leave()
        with self.enter_registry_test_mode():
            self.env.ref("print_broker_crm.ir_cron_broker_signals").method_direct_trigger()
        self.assertEqual(self.Signal.search([]).kind, "departure")

    def test_in_the_managers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.manager_qian.lang = "fr_FR"
        self._order("2026-01-10 02:00:00", 12000)
        self._leave()
        self.assertIn("12\xa0000,00", self._find().summary)


@tagged("post_install", "-at_install")
class TestSignalExport(FinderCommon):
    def _log(self, count, moment="2026-05-31 16:30:00", kind="export", user=None, company=None):
        user = user or self.sales_wang
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO broker_access_log (user_id, company_id, date, kind, model, record_count, field_names)
                VALUES (%s, %s, %s, %s, 'res.partner', %s, 'name, phone') RETURNING id
                """,
                user.id,
                (company or self.company).id,
                moment,
                kind,
                count,
            )
        )
        return self.env["broker.access.log"].browse(self.env.cr.fetchone()[0])

    def test_many_in_one_day(self):
        """150 and 50 on 1 June in Shanghai; 199 a moment before are of the day before, and
        500 of the day before that are too long ago."""
        self._log(500, "2026-05-30 15:59:00")
        self._log(199, "2026-05-31 15:59:59")
        logs = self._log(150) + self._log(50, kind="refused")
        signal = self._find()
        self.assertEqual((signal.kind, signal.user_id), ("export", self.sales_wang))
        self.assertEqual(signal.summary, "Wang exported 200 records, or tried to, on 06/01/2026")
        self.assertEqual(
            {(row.res_model, row.res_id) for row in signal.evidence_ids}, {(log._name, log.id) for log in logs}
        )
        self.assertIn("150", signal.evidence_ids[0].text)
        self.assertIn("phone", signal.evidence_ids[0].text)
        self.assertFalse(self._find())
        more = self._log(1)
        self.assertFalse(self._find(), "more of the same day is more evidence")
        self.assertIn(more.id, signal.evidence_ids.mapped("res_id"))

    def test_each_persons_own(self):
        self._log(150)
        self._log(150, user=self.sales_zhao)
        self.assertFalse(self._find())

    def test_reads_have_a_number_of_their_own(self):
        self._log(4999, kind="read")
        self._log(199)
        self.assertFalse(self._find())
        self._log(1, kind="read")
        self.assertIn("exported 199 records, or tried to, and read 5000 in bulk", self._find().summary)

    def test_never(self):
        self._log(10000)
        self._log(10000, kind="read")
        self.company.write({"broker_signal_export_records": 0, "broker_signal_read_records": 0})
        self.assertFalse(self._find())
        self.company.broker_signal_read_records = 10000
        signal = self._find()
        self.assertEqual(len(signal.evidence_ids), 1, "exports do not count here")
        self.assertIn("read 10000 records in bulk", signal.summary)

    def test_a_managers_export_is_another_managers_matter(self):
        self._log(300, user=self.manager_qian)
        signal = self._find()
        self.assertFalse(self.Signal.with_user(self.manager_qian).search([]))
        self.assertEqual(self.Signal.with_user(self.manager_zhou).search([]), signal)
        self.assertEqual(self._get_todos(signal).user_id, self.manager_zhou)

    def test_two_companies(self):
        other = self.env["res.company"].create({"name": "Second"})
        self._log(150)
        self._log(150, company=other)
        self.assertFalse(self._find() + self._find(company=other))

    def test_log_is_dropped(self):
        """What the evidence said stays when the log is cleaned up."""
        log = self._log(300)
        signal = self._find()
        self.at((datetime(2026, 6, 1) + timedelta(days=800)).isoformat(" "))
        self.env["broker.access.log"]._gc_access_logs()
        self.assertFalse(log.exists())
        evidence = signal.with_user(self.manager_qian).evidence_ids
        self.assertFalse(evidence.document)
        self.assertIn("300", evidence.text)


@tagged("post_install", "-at_install")
class TestSignalElsewhere(FinderCommon):
    """Jade tells the care line on 1 June that they printed elsewhere."""

    def _call(self, moment="2026-06-01 02:00:00", answer="yes", customer=None, state="done"):
        call = self.env["broker.care.call"].create(
            {"customer_id": (customer or self.customer).id, "user_id": self.care_sun.id, "printed_elsewhere": answer}
        )
        call.write({"state": state, "date_done": state == "done" and moment})
        self.env.flush_all()
        return call

    def _lose(self, moment, user=None):
        lead = self.env["crm.lead"].create(
            {
                "name": "Menu cards",
                "type": "opportunity",
                "partner_id": self.partner.id,
                "user_id": (user or self.sales_wang).id,
            }
        )
        with freeze_time(moment):
            lead.action_set_lost()
        return lead

    def test_lost_then_printed_elsewhere(self):
        """180 days before 1 June, 10:00 in Shanghai, is 3 December, 10:00."""
        self._lose("2025-12-03 01:59:59")
        lead = self._lose("2025-12-03 02:00:00", self.sales_zhao)
        quotation = self._order("2026-05-02 02:00:00", 800, state="cancel")
        self._order("2026-05-02 02:00:00", 900)
        call = self._call()
        self._lose("2026-06-01 02:00:01")
        signal = self._find()
        self.assertEqual((signal.kind, signal.customer_id), ("elsewhere", self.customer))
        self.assertEqual(
            {(row.res_model, row.res_id) for row in signal.evidence_ids},
            {(record._name, record.id) for record in (call, lead, quotation)},
        )
        self.assertEqual(signal.user_id, self.sales_zhao, "who lost the opportunity")
        self.assertIn("800.00", "".join(signal.evidence_ids.mapped("text")))
        self.assertFalse(self._find(), "raised once")

    def test_nothing_was_lost(self):
        self._call()
        self.assertFalse(self._find())

    def test_answers_that_say_nothing(self):
        self._lose("2026-05-01 02:00:00")
        for answer, state in (("no", "done"), (False, "done"), ("yes", "planned")):
            self._call(answer=answer, state=state)
        self.assertFalse(self._find())

    def test_a_cancelled_job_was_no_lost_quotation(self):
        order = self._order("2026-05-02 02:00:00", 800)
        order._action_cancel()
        self._call()
        self.assertFalse(self._find())

    def test_never(self):
        self._lose("2026-05-01 02:00:00")
        self._call()
        self.company.broker_signal_elsewhere_days = 0
        self.assertFalse(self._find())
        self.company.broker_signal_elsewhere_days = 31
        self.assertTrue(self._find())

    def test_another_call_is_new_evidence(self):
        self._lose("2026-05-01 02:00:00")
        self._call()
        self._decide(self._find(), decision="dismissed", note="A present of their bank")
        self.at("2026-06-20 02:00:00")
        self._call("2026-06-20 02:00:00")
        self.assertEqual(self._find().state, "open")

    def test_merged_customers(self):
        double = self._open_customer(self._create_partner("Jade Ltd", self.sales_wang))
        self._lose("2026-05-01 02:00:00")
        self._call(customer=double)
        self.assertFalse(self._find())
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.partner + double.partner_id).ids, self.partner
        )
        self.assertEqual(self._find().customer_id, self.customer)

    def test_two_companies(self):
        other = self.env["res.company"].create({"name": "Second"})
        self._lose("2026-05-01 02:00:00")
        self._call()
        self.assertFalse(self._find(company=other))
