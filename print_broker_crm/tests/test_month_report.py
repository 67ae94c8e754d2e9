from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.print_broker_crm.tests.common_month_report import MonthReportCommon

MARCH = date(2026, 3, 1)
# What is known of the present day alone.
TODAY = ("coverage_gaps", "obligations_unmet", "reviews_open")


class ReportCommon(MonthReportCommon):
    """The report of March 2026, from 1 April at ten in the morning in Shanghai."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Report = cls.env["broker.month.report"]
        cls.company.broker_report_rows = 2
        (cls.env.ref("print_broker_crm.group_manager").all_user_ids - cls.manager_qian).email = False

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-04-01 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)

    def _prepare(self, month=MARCH, company=None):
        self.env.flush_all()
        return self.Report._prepare(company or self.company, month)

    def _night(self, company=None):
        self.env.flush_all()
        return list(self.Report._night_steps(company or self.company))

    def _get_names(self, report, section):
        return report[f"{section}_ids"].mapped("name")

    def _second_company(self):
        company = self.env["res.company"].create({"name": "Second"})
        manager = new_test_user(
            self.env,
            login="broker_second",
            groups="print_broker_crm.group_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
            email="second@example.com",
        )
        return company, manager


@tagged("post_install", "-at_install")
class TestMonthReport(ReportCommon):
    """What stands in it."""

    def test_figures_are_those_of_the_summary(self):
        """Report, dashboard and rows show the same numbers, to the cent."""
        self._fill(self.customer, m2026_03=1000.25, m2025_03=500.75)
        self._turn(self.customer, ("2026-03-10", "rising"))
        self._case(self.customer, "2026-03-10 02:00:00", cause="printing_house")
        report = self._prepare()
        summary = self.env["broker.insight"]._get_summary(self.company, MARCH)
        kept = report.line_ids.filtered(lambda line: line.key in summary)
        self.assertEqual(set(kept.mapped("key")), set(summary))
        for line in kept:
            figure = summary[line.key]
            self.assertEqual(line.value if line.has_value else None, figure["value"], line.key)
            self.assertEqual(line.value_before if line.has_before else None, figure["before"], line.key)
            self.assertEqual(line.label, figure["label"])
        revenue = report.figure_ids[0]
        self.assertEqual((revenue.key, revenue.is_better, revenue.is_worse), ("revenue", True, False))
        for line in report.line_ids:
            action = line.with_user(self.manager_qian).action_open()
            model = self.env[action["res_model"]].with_user(self.manager_qian)
            if line.kind == "count" and line.key != "margin_left_out":
                rows = model.with_context(**action["context"]).search(action["domain"])
                self.assertEqual(len(rows), line.value, line.key)

    def test_who_declines(self):
        """Who lost most first, no more than the settings say, and the rest by the figure."""
        small, large, middle = (self._open(name) for name in ("Small", "Large", "Middle"))
        for customer, now, before in ((small, 90, 100), (large, 100, 900), (middle, 0, 300)):
            self._turn(customer, ("2026-03-10", "declining"), reason="late", expected="2026-02-15")
            self._fill(customer, m2026_01=now, m2025_02=before)
        large.service_user_id = self.service_chen
        report = self._prepare()
        self.assertEqual(self._get_names(report, "declining"), ["Large", "Middle"])
        [section] = report._get_customer_sections()
        self.assertEqual(section["count"], "and 1 more")
        row = report.declining_ids[0]
        self.assertEqual((row.amount, row.amount_before, row.difference, row.arrow), (100, 900, -800, "↓"))
        self.assertEqual((row.user_id, row.service_user_id), (self.sales_wang, self.service_chen))
        self.assertEqual(row.why, "Job expected by 02/15/2026")
        action = row.with_user(self.manager_qian).action_open()
        self.assertEqual((action["res_model"], action["res_id"]), ("broker.customer", large.id))

    def test_why_as_it_is_now(self):
        """A decline of January is told by what is known of it today; in an older month, and
        where it is over, by since when."""
        self._turn(self.customer, ("2026-01-31", "declining"), reason="late", expected="2026-01-10")
        self.assertEqual(self._prepare().declining_ids.why, "Since 01/31/2026")
        self.customer.sudo().write({"trend": "declining", "trend_trace": {"reason": "late", "expected": "2026-03-10"}})
        self.assertEqual(self._prepare().declining_ids.why, "Job expected by 03/10/2026")
        self.assertEqual(self._prepare(date(2026, 2, 1)).declining_ids.why, "Since 01/31/2026")
        self.assertEqual(self._prepare(date(2026, 1, 1)).declining_ids.why, "Job expected by 01/10/2026")

    def test_other_sections(self):
        """Key customers by size, those who rise by what they gained; each with its trend."""
        tier = self.env.ref("print_broker_crm.broker_tier_5")
        key, lost, rising, new, back = (self._open(name) for name in ("Key", "Lost", "Rising", "New", "Back"))
        key.sudo().tier_computed_id = tier
        self._turn(key, ("2026-01-31", "stable"))
        self._turn(lost, ("2026-03-31", "lost"), reason="single", last_day="2025-02-01")
        self._turn(rising, ("2026-01-31", "rising"))
        self._turn(new, ("2026-03-05", "new"), reason="new", first_day="2026-03-05")
        self._turn(back, ("2026-02-05", "lost"), ("2026-03-05", "recovered"), reason="back", last_day="2026-03-05")
        self._fill(key, m2026_03=700, m2025_03=600)
        report = self._prepare()
        self.assertEqual(
            {name: self._get_names(report, name) for name in ("key", "lost", "rising", "new", "recovered")},
            {"key": ["Key"], "lost": ["Lost"], "rising": ["Rising"], "new": ["New"], "recovered": ["Back"]},
        )
        self.assertEqual((report.key_ids.tier_id, report.key_ids.trend, report.key_ids.why), (tier, "stable", False))
        self.assertEqual(report.lost_ids.why, "Last job on 02/01/2025")
        self.assertEqual(report.new_ids.why, "First job on 03/05/2026")
        self.assertEqual(report.recovered_ids.why, "Bought again on 03/05/2026")

    def test_what_is_due(self):
        """The next care call; before it what is owed; before both what the review waits for."""
        self._turn(self.customer, ("2026-03-10", "declining"))
        self.env["broker.care.call"].create({"customer_id": self.customer.id, "user_id": self.care_sun.id})
        row = self._prepare().declining_ids
        self.assertEqual((row.due_kind, row.due_user_id), ("next_call", self.customer.care_user_id))
        self.customer.sudo().tier_computed_id = self.env.ref("print_broker_crm.broker_tier_5")
        self.env.flush_all()
        owed = self.env["broker.obligation"].search([("customer_id", "=", self.customer.id)], order="date, id", limit=1)
        self.assertEqual(self._prepare().declining_ids.due_kind, owed.kind)
        review = self.env["broker.review"]._open([{"customer_id": self.customer.id, "reason": "by_hand"}])
        row = self._prepare().declining_ids
        self.assertEqual((row.due_kind, row.review_id), ("review_new", review))
        review.sudo().cause = "price"
        self.env["broker.review.measure"].sudo().create(
            [
                {"review_id": review.id, "name": "Call", "user_id": self.sales_wang.id, "date": "2026-04-20"},
                {"review_id": review.id, "name": "Visit", "user_id": self.service_chen.id, "date": "2026-04-10"},
            ]
        )
        row = self._prepare().declining_ids
        self.assertEqual((row.why, row.due_kind, row.due_user_id), ("Price", "measure", self.service_chen))
        self.assertEqual(row.due, "Measure 04/10/2026 Chen · 0 of 2 done")
        # What a review found is no news of a customer who rises by now.
        review.measure_ids.sudo().unlink()
        self.env.flush_all()
        self.env.cr.execute(SQL("UPDATE broker_review SET state = 'closed' WHERE id = %s", review.id))
        self.env.invalidate_all()
        self.assertEqual(self._prepare().declining_ids.why, "Price")
        self._turn(self.customer, ("2026-03-20", "rising"))
        self.assertEqual(self._prepare().rising_ids.why, "Since 03/20/2026")

    def test_cases_and_their_causes(self):
        self._case(self.customer, "2026-02-10 02:00:00", cause="carrier")
        self._case(self.customer, "2026-03-10 02:00:00", cause="carrier")
        self._case(self.customer, "2026-03-11 02:00:00", cause="printing_house")
        self._case(self.customer, "2026-03-12 02:00:00", cause="printing_house")
        self._case(self.customer, "2026-03-13 02:00:00")
        causes = self._prepare().case_ids.filtered(
            lambda line: line.key not in self.env["broker.insight"]._get_labels()
        )
        self.assertEqual(
            [(line.label, line.value, line.value_before) for line in causes],
            [("Printing house", 2, 0), ("Carrier", 1, 1), ("Cause not said yet", 1, 0)],
        )
        self.assertTrue(causes[0].is_worse)

    def test_printing_houses(self):
        """What was bought for jobs in March, in the company's days; the firm's paper is not."""
        press = self.env["res.partner"].create({"name": "Golden Press", "is_company": True, "supplier_rank": 1})
        job = self._create_job()
        for moment, price, line in (
            ("2026-03-31 15:00:00", 700, job.order_line),
            ("2026-03-31 16:00:00", 90, job.order_line),
            ("2025-03-10 02:00:00", 50, job.order_line),
            ("2026-03-10 02:00:00", 8, self.env["sale.order.line"]),
            ("2026-03-11 02:00:00", 6000, job.order_line),
        ):
            with freeze_time(moment):
                order = self.env["purchase.order"].create(
                    {
                        "partner_id": press.id,
                        "order_line": [
                            Command.create(
                                {
                                    "product_id": self.print_product.id,
                                    "product_qty": 1,
                                    "price_unit": price,
                                    "sale_line_id": line.id,
                                }
                            )
                        ],
                    }
                )
                order.button_confirm()
        # Confirmed, and called off: they printed nothing.
        order.button_cancel()
        case = self._case(self.customer, "2026-03-10 02:00:00", cause="printing_house")
        case.printing_house_id = press
        # Theirs was the job, and the carrier's the fault.
        self._case(self.customer, "2026-03-11 02:00:00", cause="carrier").printing_house_id = press
        # A daughter with a row of its own
        foil = self.env["res.partner"].create({"name": "Golden Foil", "is_company": True, "parent_id": press.id})
        with freeze_time("2026-03-12 02:00:00"):
            self.env["purchase.order"].create(
                {
                    "partner_id": foil.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.print_product.id,
                                "product_qty": 1,
                                "price_unit": 40,
                                "sale_line_id": job.order_line.id,
                            }
                        )
                    ],
                }
            ).button_confirm()
        row, daughter = self._prepare().printing_house_ids
        self.assertEqual((daughter.partner_id, daughter.amount), (foil, 40))
        self.assertEqual(row.name, "Golden Press")
        self.assertEqual((row.amount, row.amount_before, row.job_count, row.case_count), (700, 50, 1, 1))
        action = row.with_user(self.manager_qian).action_open()
        found = self.env["purchase.order.line"].with_user(self.manager_qian).search(action["domain"])
        self.assertEqual(found.mapped("price_subtotal"), [700])

    def test_a_month_without_anything(self):
        """A page of noughts and dashes, which prints."""
        company, _manager = self._second_company()
        report = self._prepare(company=company)
        self.assertFalse(report._get_customer_sections())
        self.assertEqual(set(report.figure_ids.mapped("value")), {0})
        self.assertEqual(report.satisfaction_ids.mapped("shown_value"), ["–", "–"])
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "print_broker_crm.broker_month_report_report", report.ids
        )
        self.assertIn(b"Report of March 2026", html)

    def test_the_page_in_chinese(self):
        """The same rows in another language: nothing of it was put into words before."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self._turn(self.customer, ("2026-03-10", "declining"))
        report = self._prepare().with_context(lang="zh_CN")
        html, _kind = (
            self.env["ir.actions.report"]
            .with_context(lang="zh_CN")
            ._render_qweb_html("print_broker_crm.broker_month_report_report", report.ids)
        )
        self.assertNotIn("March", report.display_name)
        self.assertIn(report.display_name, html.decode())


@tagged("post_install", "-at_install")
class TestMonthReportNight(ReportCommon):
    """When it is prepared, to whom it goes, and that it stays."""

    def _get_mails(self, report):
        return (
            self.env["mail.mail"]
            .sudo()
            .search([("model", "=", "broker.month.report"), ("res_id", "=", report.id)], order="id")
        )

    def test_prepared_once(self):
        self.assertEqual(self._night(), [1])
        report = self.Report._find(self.company, MARCH)
        lines = report.line_ids
        self.assertEqual(self._night(), [])
        self.assertEqual(report.line_ids, lines)
        # Nothing goes to anybody until the firm wants that.
        self.assertEqual(report.state, "prepared")
        self.assertFalse(self._get_mails(report))

    def test_the_month_ends_in_the_firms_zone(self):
        self.clock.move_to("2026-03-31 15:59:59")
        self._night()
        self.assertEqual(self.Report.search([]).mapped("month"), [date(2026, 2, 1)])
        self.clock.move_to("2026-03-31 16:00:00")
        self._night()
        self.assertEqual(self.Report.search([]).mapped("month"), [MARCH, date(2026, 2, 1)])
        with self.assertRaisesRegex(UserError, "when it is over"):
            self._prepare(date(2026, 4, 1))

    def test_nobody_to_report_of(self):
        company, _manager = self._second_company()
        self.assertEqual(self._night(company), [])
        self.assertFalse(self.Report.search([("company_id", "=", company.id)]))

    def test_sent_to_managers_of_the_company(self):
        """Each gets one e-mail in their own language, with the page; whoever manages another
        company, has left, has no address, or is no manager gets none."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.manager_qian.write({"email": "qian@example.com", "lang": "zh_CN"})
        _company, stranger = self._second_company()
        english = self._create_user("english", "group_manager", email="english@example.com")
        self._create_user("gone", "group_manager", email="gone@example.com").active = False
        self._create_user("mute", "group_manager").email = False
        # The care line answers to one of its own
        self.care_sun.email = "sun@example.com"
        self.company.broker_care_manager_id = self.care_sun
        self.company.broker_report_mail = True
        self.assertEqual(self._night(), [1, 1])
        report = self.Report._find(self.company, MARCH)
        mails = self._get_mails(report)
        self.assertEqual(mails.recipient_ids, (self.manager_qian + english).partner_id)
        self.assertNotIn(stranger.partner_id, mails.recipient_ids)
        self.assertEqual([len(mail.attachment_ids) for mail in mails], [1, 1])
        for mail in mails:
            is_chinese = mail.recipient_ids == self.manager_qian.partner_id
            self.assertEqual("March" not in mail.subject, is_chinese)
            self.assertEqual("March" not in mail.attachment_ids.name, is_chinese)
        self.assertEqual((report.state, report.recipients), ("sent", "Qian, English"))
        self.assertEqual(self._night(), [])
        self.assertEqual(self._get_mails(report), mails)

    def test_what_was_sent_stays(self):
        self._fill(self.customer, m2026_03=1000)
        self.manager_qian.email = "qian@example.com"
        report = self._prepare()
        self._fill(self._open("Opal"), m2026_03=50)
        report.with_user(self.manager_qian).action_prepare()
        self.assertEqual(report.figure_ids[0].value, 1050)
        report.with_user(self.manager_qian).action_send()
        self._fill(self._open("Onyx"), m2026_03=7)
        for do in (report.action_prepare, report.action_send, report.unlink, report.line_ids.unlink):
            with self.assertRaisesRegex(UserError, "stays as it is"), self.cr.savepoint():
                do()
        with self.assertRaisesRegex(UserError, "stays as it is"):
            report.line_ids[:1].value = 3
        self.assertEqual(report.figure_ids[0].value, 1050)

    def test_a_night_that_is_killed_goes_on(self):
        self.manager_qian.email = "qian@example.com"
        self.company.broker_report_mail = True
        steps = self.Report._night_steps(self.company)
        next(steps)
        steps.close()
        report = self.Report._find(self.company, MARCH)
        model = type(self.Report)
        with patch.object(model, "_create_document", side_effect=OSError), mute_logger("odoo"):
            with self.assertRaises(OSError), self.cr.savepoint():
                self._night()
        self.assertEqual((report.state, len(self._get_mails(report))), ("prepared", 0))
        self.assertEqual(self._night(), [1])
        self.assertEqual((report.state, len(self._get_mails(report))), ("sent", 1))

    def test_prepared_anew_later(self):
        """What was known of its day alone stays as it was: who was silent then, and what was
        owed. The rest follows the books."""
        silent = self._open("Silent")
        silent.sudo().write({"coverage_state": "both_silent"})
        report = self._prepare()
        kept = {key: report.line_ids.filtered(lambda line, key=key: line.key == key).value for key in TODAY}
        self.assertEqual(kept["coverage_gaps"], 1)
        obligations = report.obligation_ids.mapped("value")
        self.clock.move_to("2026-06-02 02:00:00")
        self.customer.sudo().write({"coverage_state": "both_silent"})
        self._fill(self.customer, m2026_03=1000)
        self._prepare()
        self.env.invalidate_all()
        self.assertEqual(report.figure_ids[0].value, 1000)
        for key, value in kept.items():
            line = report.line_ids.filtered(lambda line, key=key: line.key == key)
            self.assertEqual((key, len(line), line.has_value, line.value), (key, 1, True, value))
        self.assertEqual(report.coverage_ids.filtered("customer_id").customer_id, silent)
        self.assertEqual(report.obligation_ids.mapped("value"), obligations)

    def test_opens_what_was_counted_then(self):
        """What came later, or is over by now, is not what the page was about."""
        silent = self._open("Silent", coverage_state="both_silent")
        silent.sudo().tier_computed_id = self.env.ref("print_broker_crm.broker_tier_5")
        review = self.env["broker.review"]._open([{"customer_id": silent.id, "reason": "by_hand"}])
        report = self._prepare()
        rows = {key: report.line_ids.filtered(lambda line, key=key: line.key == key) for key in TODAY}
        owed = self.env["broker.obligation"].search([("company_id", "=", self.company.id)])
        self.assertEqual(owed.customer_id, silent)
        self.assertEqual([rows[key].value for key in TODAY], [1, len(owed), 1])
        self.assertEqual(self._open_rows(rows["obligations_unmet"]), owed)
        # In April the report is of the last month; in May it is of one before.
        for day in ("2026-04-20", "2026-05-20"):
            self.clock.move_to(f"{day} 02:00:00")
            silent.coverage_state = "fine"
            if review.state != "closed":
                review._close("unchanged")
            other = self._open(day, coverage_state="both_silent")
            self.env["broker.review"]._open([{"customer_id": other.id, "reason": "by_hand"}])
            self.assertEqual(self._open_rows(rows["coverage_gaps"]), silent)
            self.assertEqual(self._open_rows(rows["reviews_open"]), review)
        for row in report.obligation_ids:
            self.assertEqual(self._open_rows(row), silent)
        action = self.env["broker.insight"]._get_rows_action("reviews_open", self.company, MARCH)
        self.assertEqual(self.env["broker.review"].search(action["domain"]), review)
        silent.active = False
        self.assertEqual(self._open_rows(rows["coverage_gaps"]), silent, "in the archive by now")

    def test_opens_who_remains_of_a_merge(self):
        """Amber, Beryl and Coral were silent in March. Amber becomes one with Jade, who was
        not, and later Beryl with Coral."""
        amber, beryl, coral = (self._open(name, coverage_state="both_silent") for name in ("Amber", "Beryl", "Coral"))
        for customer in (amber, beryl, coral):
            customer.sudo().tier_computed_id = self.env.ref("print_broker_crm.broker_tier_5")
        review = self.env["broker.review"]._open([{"customer_id": coral.id, "reason": "by_hand"}])
        company, other_manager = self._second_company()
        theirs = self._open_customer(amber.partner_id, company=company)
        theirs.sudo().coverage_state = "both_silent"
        reports = self._prepare(), self._prepare(company=company)
        self.manager_qian.email = "qian@example.com"
        reports[0].action_send()
        rows = {key: reports[0].line_ids.filtered(lambda line, key=key: line.key == key) for key in TODAY}
        their_row = reports[1].line_ids.filtered(lambda line: line.key == "coverage_gaps")
        owed = rows["obligations_unmet"].value
        self.assertGreaterEqual(owed, 3)
        # A review whose number is the one of a customer is no customer.
        self.env.flush_all()
        numbers = sorted({review.id, amber.id})
        self.env.cr.execute(
            SQL(
                "UPDATE broker_month_report_line SET counted_ids = %s::jsonb WHERE id = %s",
                str(numbers),
                rows["reviews_open"].id,
            )
        )
        self.clock.move_to("2026-05-20 02:00:00")

        def merge(source, target):
            wizard = self.env["base.partner.merge.automatic.wizard"].create({})
            wizard._merge((source + target).partner_id.ids, target.partner_id)
            self.env.flush_all()
            self.env.invalidate_all()

        merge(amber, self.customer)
        self.assertEqual(rows["coverage_gaps"].value, 3)
        self.assertEqual(self._open_rows(rows["coverage_gaps"]), self.customer + beryl + coral)
        self.assertEqual(rows["coverage_gaps"].action_open()["name"], "Silent Customers", "three of three")
        self.assertEqual(rows["reviews_open"].counted_ids, numbers)
        # The other firm had one file of the two contacts; it stays, and so does its row.
        self.assertEqual((their_row.value, their_row.counted_ids, theirs.exists()), (1, theirs.ids, theirs))
        merge(beryl, coral)
        self.assertEqual((rows["coverage_gaps"].value, rows["obligations_unmet"].value), (3, owed))
        self.assertEqual(self._open_rows(rows["coverage_gaps"]), self.customer + coral)
        named = "Silent Customers: 3 counted then, 2 since some were merged"
        self.assertEqual(rows["coverage_gaps"].action_open()["name"], named)
        self.assertEqual(
            self.env["broker.insight"]._get_rows_action("coverage_gaps", self.company, MARCH)["name"], named
        )
        for row in reports[0].obligation_ids:
            self.assertLessEqual(self._open_rows(row), self.customer + coral)
            self.assertTrue(self._open_rows(row))
        self.assertEqual(rows["obligations_unmet"].action_open()["name"], "Unmet Obligations")

    def test_a_merge_writes_all_reports_at_once(self):
        amber, beryl = (self._open(name, coverage_state="both_silent") for name in ("Amber", "Beryl"))
        months = [date(2026, month, 1) for month in (1, 2, 3)]
        for number, month in enumerate(months):
            report = self._prepare(month)
            lines = report.line_ids.filtered(lambda line: line.key == "coverage_gaps")
            lines.sudo().counted_ids = (amber + beryl).ids
            self.env.flush_all()
            with self.subTest(reports=number + 1), self.assertQueryCount(1):
                self.env["broker.month.report.line"]._follow_merge(beryl, amber)
            self.assertEqual(lines.counted_ids, amber.ids)

    def test_a_report_that_kept_less(self):
        """One of before it was kept what was counted says so, and shows no empty list."""
        silent = self._open("Silent", coverage_state="both_silent")
        self.env["broker.review"]._open([{"customer_id": silent.id, "reason": "by_hand"}])
        report = self._prepare()
        report.line_ids.sudo().counted_ids = False
        rows = report.line_ids.filtered(lambda line: line.key in ("coverage_gaps", "reviews_open"))
        self.assertEqual(rows.mapped("value"), [1, 1])
        for row in rows:
            with self.assertRaisesRegex(UserError, "was not kept"):
                self._open_rows(row)
        self.clock.move_to("2026-05-20 02:00:00")
        with self.assertRaisesRegex(UserError, "was not kept"):
            self.env["broker.insight"]._get_rows_action("reviews_open", self.company, MARCH)

    def _open_rows(self, line):
        self.env.flush_all()
        self.env.invalidate_all()
        action = line.with_user(self.manager_qian).action_open()
        return self.env[action["res_model"]].with_context(**action["context"]).search(action["domain"])

    def test_a_month_of_long_ago(self):
        """Nobody knows any more who was silent then: today's are not shown in their place."""
        self._open("Silent").sudo().write({"coverage_state": "both_silent"})
        report = self._prepare(date(2026, 1, 1))
        self.assertFalse(report.coverage_ids.customer_id)
        self.assertEqual(report.coverage_ids.mapped("has_value"), [False])
        self.assertEqual(report.obligation_ids.mapped("has_value"), [False])

    def test_a_page_that_cannot_be_printed(self):
        """The report waits on its page, the night goes on, and the next one tries again."""
        self.manager_qian.email = "qian@example.com"
        self.company.broker_report_mail = True
        model = type(self.Report)
        with (
            patch.object(model, "_create_document", side_effect=UserError("No wkhtmltopdf")),
            mute_logger("odoo.addons.print_broker_crm.models.broker_month_report"),
        ):
            self.assertEqual(self._night(), [1])
        report = self.Report._find(self.company, MARCH)
        self.assertEqual((report.state, len(self._get_mails(report))), ("prepared", 0))
        self.assertEqual(self._night(), [1])
        self.assertEqual(report.state, "sent")

    def test_nobody_to_send_it_to(self):
        self.manager_qian.email = False
        self.env.ref("print_broker_crm.group_manager").all_user_ids.email = False
        self.company.broker_report_mail = True
        self.assertEqual(self._night(), [1])
        with self.assertRaisesRegex(UserError, "e-mail address"):
            self.Report._find(self.company, MARCH).with_user(self.manager_qian).action_send()

    def test_two_companies(self):
        company, stranger = self._second_company()
        self._fill(self.customer, m2026_03=1000)
        self._fill(self._open("Onyx", company=company), m2026_03=77)
        report, other = self._prepare(), self._prepare(company=company)
        self.assertEqual((report.figure_ids[0].value, other.figure_ids[0].value), (1000, 77))
        self.assertEqual(self.Report.with_user(stranger).search([]), other)
        self.assertEqual(self.Report.with_user(self.manager_qian).search([]), report)
        action = self.Report.with_user(stranger).with_company(company).action_open_last()
        self.assertEqual(action["res_id"], other.id)
        with self.assertRaises(AccessError):
            report.with_user(stranger).action_prepare()

    def test_managers_alone_and_by_buttons_alone(self):
        report = self._prepare()
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            with self.assertRaises(AccessError):
                report.with_user(user).read(["month"])
            with self.assertRaises(AccessError):
                report.with_user(user).action_prepare()
            with self.assertRaises(AccessError):
                self.Report.with_user(user).action_open_last()
        mine = report.with_user(self.manager_qian)
        for do in (
            lambda: mine.write({"state": "sent"}),
            lambda: mine.line_ids[:1].write({"value": 3}),
            lambda: mine.create({"company_id": self.company.id, "month": "2026-01-01"}),
            mine.unlink,
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                do()

    def test_contacts_that_are_merged(self):
        """A sent report keeps its words, and opens the file that remained."""
        double = self._open("Double")
        self._turn(double, ("2026-03-10", "declining"))
        report = self._prepare()
        self.manager_qian.email = "qian@example.com"
        report.action_send()
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.partner + double.partner_id).ids, self.partner
        )
        self.env.invalidate_all()
        self.assertEqual((report.declining_ids.name, report.declining_ids.customer_id), ("Double", self.customer))
