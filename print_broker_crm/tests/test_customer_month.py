from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from .common_month import MonthCommon


@tagged("post_install", "-at_install")
class TestCustomerMonth(MonthCommon):
    """What a month is made of, worked out by hand."""

    def test_jobs_and_money(self):
        """Ordered in January, invoiced in February, given back in part in March; the second
        job is a reorder. The credit note takes goods back, and their cost."""
        first = self._order("2026-01-10 04:00:00")
        self._order("2026-02-11 04:00:00")
        invoice = self._create_posted_invoice(first, "2026-02-20")
        note = self._credit(invoice, quantity=0.25, post=False)
        note.invoice_date = "2026-03-01"
        note.action_post()
        self.assertMonths(
            {
                "2026-01": {"job_count": 1, "order_amount": 1000, "quotation_won_count": 1},
                "2026-02": {
                    "revenue": 1000,
                    "margin": 300,
                    "job_count": 1,
                    "reorder_count": 1,
                    "order_amount": 1000,
                    "quotation_won_count": 1,
                },
                "2026-03": {"revenue": -250, "margin": -75},
            }
        )

    def test_allowance(self):
        """A credit note that lowers the price leaves the cost where it is."""
        invoice = self._create_posted_invoice(self._order("2026-01-10 04:00:00"), "2026-01-10")
        note = self._credit(invoice, price=100, post=False)
        note.invoice_date = "2026-02-01"
        note.action_post()
        self._refresh()
        self.assertEqual(self._read()["2026-02"], {"revenue": -100, "margin": -100})
        self.assertEqual(self._read()["2026-01"]["margin"], 300)

    def test_allowance_that_becomes_a_return(self):
        """The invoice is posted again at the price of the credit note, which takes goods and their
        cost back now: the month of the note follows, although nobody touched the note."""
        invoice = self._create_posted_invoice(self._order("2026-01-10 04:00:00"), "2026-01-10")
        note = self._credit(invoice, price=100, post=False)
        note.invoice_date = "2026-02-01"
        note.action_post()
        self._refresh()
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = 100
        invoice.action_post()
        self._refresh()
        months = self._read()
        self.assertEqual((months["2026-01"]["revenue"], months["2026-01"]["margin"]), (100, -600))
        self.assertEqual(months["2026-02"], {"revenue": -100, "margin": 600})

    def _pay_down(self, order, day):
        """Invoice 400 of an order on a day, before anything else of it."""
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=order.ids)
            .create({"advance_payment_method": "fixed", "fixed_amount": 400})
        )
        down = wizard._create_invoices(order)
        down.invoice_date = day
        down.action_post()
        return down

    def test_down_payment(self):
        """Of 1000 with a margin of 300, 400 are paid down in January, the rest in February."""
        order = self._order("2026-01-10 04:00:00")
        self._pay_down(order, "2026-01-12")
        final = order._create_invoices(final=True)
        final.invoice_date = "2026-02-12"
        final.action_post()
        self._refresh()
        months = self._read()
        self.assertEqual((months["2026-01"]["revenue"], months["2026-01"]["margin"]), (400, 120))
        self.assertEqual((months["2026-02"]["revenue"], months["2026-02"]["margin"]), (600, 180))
        # It costs 800 after all: 40 of the 400 are left then, and 160 of the 600 less 80 of the down payment
        order.order_line.filtered("purchase_price").purchase_price = 800
        self.assertMonths(
            {
                "2026-01": {**months["2026-01"], "margin": 80},
                "2026-02": {**months["2026-02"], "margin": 120},
            }
        )

    def test_two_currencies(self):
        """3000 euros at 2 a dollar are 1500 dollars on the day of the order, and 1200 at 2.5
        on that of the invoice."""
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0), ("2026-02-01", 2.5)])
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        order = self._create_job(price=3000, cost=1000, confirm=False, pricelist_id=pricelist.id)
        order.date_order = "2026-01-10 04:00:00"
        order.action_confirm()
        order.write({"date_order": "2026-01-10 04:00:00", "broker_date_confirmed": "2026-01-10 04:00:00"})
        self.assertEqual(order.currency_rate, 2.0)
        self._create_posted_invoice(order, "2026-02-10")
        self.assertMonths(
            {
                "2026-01": {"job_count": 1, "order_amount": 1500, "quotation_won_count": 1},
                "2026-02": {"revenue": 1200, "margin": 800},
            }
        )

    def test_cost_that_nobody_knows(self):
        order = self._create_job(price=1000, cost=0, lines=[(self.box_product, 500, 400)])
        order.write({"date_order": "2026-01-10 04:00:00", "broker_date_confirmed": "2026-01-10 04:00:00"})
        self._create_posted_invoice(order, "2026-01-10")
        self._refresh()
        self.assertEqual(
            self._read()["2026-01"],
            {
                "revenue": 1500,
                "margin": 100,
                "margin_left_out": 1,
                "job_count": 1,
                "order_amount": 1500,
                "quotation_won_count": 1,
            },
        )
        # It becomes known long after the invoice
        order.order_line.filtered(lambda line: line.product_id == self.print_product).purchase_price = 600
        self._refresh()
        self.assertEqual(self._read()["2026-01"]["margin"], 500)
        self.assertNotIn("margin_left_out", self._read()["2026-01"])

    def test_two_companies(self):
        """Each company's own file has its own months."""
        sister = self.setup_other_company(name="Sister")["company"]
        sister_file = self._open_customer(company=sister)
        self._create_posted_invoice(self._order("2026-01-10 04:00:00"), "2026-01-10")
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": sister.id,
                "partner_id": self.partner.id,
                "invoice_date": "2026-01-20",
                "invoice_line_ids": [Command.create({"name": "Print", "price_unit": 77, "tax_ids": False})],
            }
        )
        invoice.action_post()
        self.assertEqual(invoice.broker_customer_id, sister_file)
        self._refresh()
        self.assertEqual(self._read()["2026-01"]["revenue"], 1000)
        self.assertFalse(self._read(sister_file))
        self._refresh(sister)
        self.assertEqual(self._read(sister_file), {"2026-01": {"revenue": 77, "margin_left_out": 1}})
        self.assertEqual(self._read()["2026-01"]["revenue"], 1000)

    def test_posted_again_in_another_month(self):
        invoice = self._create_posted_invoice(self._order("2026-01-10 04:00:00"), "2026-01-10")
        self._refresh()
        invoice.button_draft()
        self._refresh()
        self.assertEqual(self._read(), {"2026-01": {"job_count": 1, "order_amount": 1000, "quotation_won_count": 1}})
        invoice.invoice_date = "2026-02-27"
        invoice.invoice_line_ids.price_unit = 900
        invoice.action_post()
        self.assertMonths(
            {
                "2026-01": {"job_count": 1, "order_amount": 1000, "quotation_won_count": 1},
                "2026-02": {"revenue": 900, "margin": 200},
            }
        )

    def test_month_ends_at_midnight_of_the_firm(self):
        """An order of 15:59 UTC is of January in Shanghai, one of 16:00 is of February."""
        self._order("2026-01-31 15:59:59")
        self._order("2026-01-31 16:00:00")
        self.assertMonths(
            {
                "2026-01": {"job_count": 1, "order_amount": 1000, "quotation_won_count": 1},
                "2026-02": {"job_count": 1, "reorder_count": 1, "order_amount": 1000, "quotation_won_count": 1},
            }
        )
        # The firm moves to New York: both are of the evening before, and everything is worked out anew
        self.calendar.tz = "America/New_York"
        self._refresh()
        self.assertEqual(
            self._read(),
            {"2026-01": {"job_count": 2, "reorder_count": 1, "order_amount": 2000, "quotation_won_count": 2}},
        )

    def test_quotations(self):
        """A dropped quotation is lost, a cancelled job was won; what is open is neither."""
        self._order("2026-01-05 04:00:00", confirm=False)
        self._order("2026-01-06 04:00:00", confirm=False)._action_cancel()
        self._order("2026-01-07 04:00:00")._action_cancel()
        self.assertMonths({"2026-01": {"quotation_won_count": 1, "quotation_lost_count": 1}})

    def test_another_job_becomes_the_first(self):
        """The first job is cancelled, and an older one comes to light: reorders of months in
        between follow."""
        first = self._order("2026-01-10 04:00:00")
        self._order("2026-02-10 04:00:00")
        self._refresh()
        self.assertEqual(
            {month: row.get("reorder_count") for month, row in self._read().items()}, {"2026-01": None, "2026-02": 1}
        )
        first._action_cancel()
        self._refresh()
        self.assertNotIn("reorder_count", self._read()["2026-02"])
        self._order("2025-12-10 04:00:00")
        self._refresh()
        months = self._read()
        self.assertNotIn("reorder_count", months["2025-12"])
        self.assertEqual(months["2026-02"]["reorder_count"], 1)
        stored = self._dump()
        self.Month._rebuild(self.company)
        self.assertEqual(self._dump(), stored)

    def test_deleted_order(self):
        order = self._order("2026-01-10 04:00:00", confirm=False)
        order._action_cancel()
        self._refresh()
        self.assertEqual(self._read(), {"2026-01": {"quotation_lost_count": 1}})
        order.unlink()
        self.assertMonths({})

    def test_deleted_order_that_was_invoiced(self):
        """Its lines go with it, and nobody knows what the invoice cost any more."""
        # An order of before this module: without commission and legs, else it could not be deleted.
        self.plan.active = False
        order = self._order("2026-01-10 04:00:00")
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM broker_relay_leg WHERE order_id = %s", (order.id,))
        self.env.invalidate_all()
        self._create_posted_invoice(order, "2026-02-10")
        order._action_cancel()
        self._refresh()
        self.assertEqual(self._read()["2026-02"], {"revenue": 1000, "margin": 300})
        order.unlink()
        self.assertMonths({"2026-02": {"revenue": 1000, "margin_left_out": 1}})

    def test_line_added_to_what_was_paid_down(self):
        """400 of 1000 with a margin of 300 are paid down; with another 1000 that cost 900, a
        fifth of the order is left, and 80 of the 400."""
        order = self._order("2026-01-10 04:00:00")
        self._pay_down(order, "2026-02-12")
        self._refresh()
        self.assertEqual(self._read()["2026-02"], {"revenue": 400, "margin": 120})
        line = order.order_line.filtered("purchase_price")
        self.env["sale.order.line"].create(
            {
                "order_id": order.id,
                "product_id": line.product_id.id,
                "product_uom_qty": 1,
                "price_unit": 1000,
                "purchase_price": 900,
                "tax_ids": False,
            }
        )
        self._refresh()
        self.assertEqual(self._read()["2026-02"], {"revenue": 400, "margin": 80})

    def test_customer_moves(self):
        """Jade's contact becomes a part of Opal: its papers are Opal's from then on."""
        opal = self._create_partner("Opal Hotel", self.sales_zhao)
        opal_file = self._open_customer(opal)
        order = self._order("2026-01-10 04:00:00")
        self._create_posted_invoice(order, "2026-01-10")
        self._refresh()
        whole = self._read()
        order.invoice_ids.broker_customer_id = opal_file
        order.broker_customer_id = opal_file
        self._refresh()
        self.assertEqual(self._read(), {})
        self.assertEqual(self._read(opal_file), whole)

    def test_merged_customers(self):
        """Both had a January: one row says what both did, at once; the elder job is the first."""
        opal = self._create_partner("Opal Hotel", self.sales_zhao)
        self._create_posted_invoice(self._order("2026-01-10 04:00:00"), "2026-01-10")
        self._create_posted_invoice(self._order("2026-01-20 04:00:00", opal), "2026-02-10")
        self._refresh()
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.partner + opal).ids, self.partner)
        expected = {
            "2026-01": {
                "revenue": 1000,
                "margin": 300,
                "job_count": 2,
                "reorder_count": 1,
                "order_amount": 2000,
                "quotation_won_count": 2,
            },
            "2026-02": {"revenue": 1000, "margin": 300},
        }
        self.env.invalidate_all()
        self.assertEqual(self._read(), expected)
        self.assertMonths(expected)

    def test_a_reprint_for_a_claim_is_no_job(self):
        """Neither a job nor a quotation won or lost; taken for a job before, it counts no more."""
        order = self._order("2026-01-10 04:00:00")
        reprint = self._order("2026-02-10 04:00:00")
        self._order("2026-02-11 04:00:00", confirm=False)._action_cancel()
        again = self._order("2026-02-12 04:00:00", confirm=False)
        again._action_cancel()
        self._refresh()
        self.assertEqual(self._read()["2026-02"]["quotation_lost_count"], 2)
        case = self.env["broker.case"].create({"customer_id": self.customer.id, "title": "Torn", "order_id": order.id})
        (reprint + again).sudo().broker_claim_case_id = case
        self._refresh()
        self.assertEqual(self._read()["2026-02"], {"quotation_lost_count": 1})

    def test_archived_customer_keeps_its_months(self):
        self._order("2026-01-10 04:00:00")
        self.customer.active = False
        self.assertMonths({"2026-01": {"job_count": 1, "order_amount": 1000, "quotation_won_count": 1}})

    # THE OTHER ROOMS

    def test_cases(self):
        """An enquiry, a claim that costs 250, and a complaint that was cancelled."""
        order = self._order("2026-01-10 04:00:00")
        Case = self.env["broker.case"].with_user(self.service_chen)
        cases = Case.create(
            [
                {"customer_id": self.customer.id, "title": "When?", "kind": "enquiry"},
                {"customer_id": self.customer.id, "title": "Torn", "kind": "claim", "order_id": order.id},
                {"customer_id": self.customer.id, "title": "Late", "kind": "complaint"},
            ]
        )
        cases[1].sudo().action_claim_lines()
        cases[1].sudo().claim_line_ids.amount_granted = 250
        self._refresh()
        self.assertEqual(self._read()["2026-03"], {"case_count": 3, "complaint_count": 2, "claim_cost": 250})
        cases[2].sudo().outcome = "It came in time"
        cases[2].with_user(self.manager_qian).action_cancel()
        self._refresh()
        self.assertEqual(self._read()["2026-03"], {"case_count": 2, "complaint_count": 1, "claim_cost": 250})

    def test_calls_and_scores(self):
        """Planned in February, done in March: scored 4 and 5, and 2 by a link."""
        call = self.env["broker.care.call"].create(
            {"customer_id": self.customer.id, "user_id": self.care_sun.id, "date_planned": "2026-02-20"}
        )
        self._refresh()
        self.assertFalse(self._read())
        call.action_log_attempt("reached", note="All well", sales_rating=4, service_rating=5)
        self._refresh()
        self.assertEqual(
            {name: value for name, value in self._read()["2026-03"].items() if "touch" not in name},
            {
                "call_count": 1,
                "rating_sales_sum": 4,
                "rating_sales_count": 1,
                "rating_service_sum": 5,
                "rating_service_count": 1,
            },
        )
        self.at("2026-03-30 02:00:00")
        link = self.env["broker.rating.link"]._ask(self.customer, self.partner, 14)
        self.env["rating.rating"]._add_broker_scores(link, self.partner, {"service": (2, self.service_chen)})
        self._refresh()
        month = self._read()["2026-03"]
        self.assertEqual((month["rating_service_sum"], month["rating_service_count"]), (7, 2))
        self.assertEqual((month["rating_sales_sum"], month["rating_sales_count"]), (4, 1))

    def test_touches(self):
        """What sales, service and the customer did, and nothing of the care line."""
        Contact = self.env["broker.contact"]
        for user, direction in (
            (self.sales_wang, "out"),
            (self.sales_wang, "in"),
            (self.service_chen, "out"),
            (self.care_sun, "in"),
            (self.care_sun, "out"),
        ):
            Contact.with_user(user).create(
                {"customer_id": self.customer.id, "channel": "phone", "direction": direction}
            )
        self.assertMonths({"2026-03": {"sales_touch_count": 2, "service_touch_count": 1, "inbound_touch_count": 1}})
        Contact.with_user(self.service_chen).search([("user_id", "=", self.service_chen.id)]).unlink()
        self.assertMonths({"2026-03": {"sales_touch_count": 2, "inbound_touch_count": 1}})

    def test_a_handoff_is_no_touch_of_service(self):
        """The customer has not heard of it yet; it is gathered as a contact all the same."""
        self._gather_row(self.service_chen, "service", "handoff")
        self.assertMonths({})
        self._gather_row(self.service_chen, "service", "phone")
        self.assertMonths({"2026-03": {"service_touch_count": 1}})

    def _gather_row(self, user, role, channel):
        """Write a contact as the night gathers it, and tell the months."""
        contact = self.env["broker.contact"].create({"customer_id": self.customer.id, "channel": "phone"})
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE broker_contact SET user_id = %s, role = %s, channel = %s, direction = 'out' WHERE id = %s",
                user.id,
                role,
                channel,
                contact.id,
            )
        )
        self.env.invalidate_all()
        self.env["broker.customer"]._after_contacts_gathered({(self.customer.id, None)})

    def test_gathered_touches(self):
        """What a night of the care line gathers in SQL is counted, and goes with its evidence."""
        message = self.partner.message_post(body="When?", author_id=self.partner.id, message_type="email")
        self._gather()
        self.assertMonths({"2026-03": {"inbound_touch_count": 1}})
        message.unlink()
        self._gather(self.customer)
        self.assertMonths({})

    def _gather(self, customers=None):
        for _handled in self.env["broker.contact"]._gather(self.company, customers):
            continue

    # READING

    def test_who_reads(self):
        """A salesperson reads the months of own customers, without what the care line knows;
        nobody writes."""
        opal = self._create_partner("Opal Hotel", self.sales_zhao)
        self._order("2026-01-10 04:00:00")
        self._order("2026-01-10 04:00:00", opal)
        self._refresh()
        domain = [("customer_id.partner_id", "in", (self.partner + opal).ids)]
        for user, count in (
            (self.sales_wang, 1),
            (self.sales_zhao, 1),
            (self.service_chen, 1),
            (self.service_lin, 0),
            (self.care_sun, 2),
            (self.manager_qian, 2),
        ):
            Month = self.Month.with_user(user)
            self.assertEqual(Month.search_count(domain), count, user.name)
            for operation in ("create", "write", "unlink"):
                self.assertFalse(Month.has_access(operation))
        own = self.Month.with_user(self.sales_wang).search(domain)
        own.read(["margin", "claim_cost", "inbound_touch_count"])
        for name in ("call_count", "rating_sales_sum", "rating_service_count"):
            with self.assertRaises(AccessError):
                own.read([name])
            with self.assertRaises(AccessError):
                own.formatted_read_group([], [], [f"{name}:sum"])
        with self.assertRaises(AccessError):
            self.Month.with_user(self.plain_user).search(domain)

    def test_nobody_reads_scores_of_their_own(self):
        """Sun of the care line serves Jade as well: neither what Jade said of her, nor later."""
        call = self.env["broker.care.call"].create({"customer_id": self.customer.id, "user_id": self.care_sun.id})
        call.action_log_attempt("reached", note="Hm", service_rating=1)
        self._refresh()

        def read(user):
            self.env.invalidate_all()
            Month = self.Month.with_user(user)
            domain = [("customer_id", "=", self.customer.id)]
            names = ["call_count", "rating_service_sum", "rating_service_count"]
            [sums] = Month._read_group(domain, [], [f"{name}:sum" for name in names])
            self.assertEqual(tuple(Month.search(domain).mapped(name)[0] for name in names), sums)
            return sums

        self.assertEqual(read(self.care_sun), (1, 1, 1))
        self.customer.service_user_id = self.care_sun
        self.assertEqual(read(self.care_sun), (0, 0, 0))
        self.assertEqual(read(self.manager_qian), (1, 1, 1))
        self.service_chen.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        self.assertEqual(read(self.service_chen), (0, 0, 0), "scored then, and serves Jade no more")
        self.customer.service_user_id = self.service_lin
        self.assertEqual(read(self.care_sun), (1, 1, 1))

    def test_pivot(self):
        """By whoever serves the customer today, and by its tier."""
        self.customer.sudo().tier_id = self.env["broker.tier"].search([("is_key", "=", True)], limit=1)
        self._create_posted_invoice(self._order("2026-01-10 04:00:00"), "2026-02-10")
        self._refresh()
        [(user, tier, revenue, jobs)] = self.Month._read_group(
            [("customer_id", "=", self.customer.id)], ["user_id", "tier_id"], ["revenue:sum", "job_count:sum"]
        )
        self.assertEqual((user, tier, revenue, jobs), (self.sales_wang, self.customer.tier_id, 1000, 1))
        groups = self.Month.formatted_read_group(
            [("customer_id", "=", self.customer.id)], ["month:month"], ["margin:sum"]
        )
        self.assertEqual([group["margin:sum"] for group in groups], [0, 300])

    def test_every_figure_opens_its_rows(self):
        """February in Shanghai: its rows, and none of the hours before or after."""
        order = self._order("2026-01-31 16:00:00")
        invoice = self._create_posted_invoice(order, "2026-02-28")
        lost = self._order("2026-02-10 04:00:00", confirm=False)
        lost._action_cancel()
        self._order("2026-01-31 15:00:00")
        call = self.env["broker.care.call"].create({"customer_id": self.customer.id, "user_id": self.care_sun.id})
        self.at("2026-02-28 15:00:00")
        case = self.env["broker.case"].create({"customer_id": self.customer.id, "title": "When?", "kind": "enquiry"})
        call.action_log_attempt("reached", sales_rating=4, service_rating=5)
        self._refresh()
        self.env.flush_all()
        month = self.Month.search([("customer_id", "=", self.customer.id), ("month", "=", "2026-02-01")])
        for action, rows in (
            (month.action_view_invoices(), invoice),
            (month.action_view_lines(), invoice.invoice_line_ids),
            (month.action_view_jobs(), order),
            (month.action_view_quotations(), order + lost),
            (month.action_view_cases(), case),
            (month.action_view_calls(), call),
        ):
            self.assertEqual(self.env[action["res_model"]].sudo().search(action["domain"]), rows, action["name"])
        scores = month.action_view_scores()
        scores = self.env[scores["res_model"]].with_user(self.manager_qian).search(scores["domain"])
        self.assertEqual(len(scores), month.rating_sales_count + month.rating_service_count)
        self.assertEqual(month.display_name, "Jade Restaurant · 2026-02")
        for user in (self.sales_zhao, self.plain_user):
            with self.assertRaises(AccessError):
                month.with_user(user).action_view_invoices()

    def test_profit_rows(self):
        """What the report and a drill-down read: a row per invoice line."""
        order = self._order("2026-01-10 04:00:00")
        invoice = self._create_posted_invoice(order, "2026-01-10")
        self._create_posted_invoice(self._order("2026-02-10 04:00:00"), "2026-02-10")
        query = self.Month._get_profit_rows_query(
            self.company, self._day("2026-01-01"), self._day("2026-01-31"), self.customer
        )
        self.env.flush_all()
        self.assertEqual(
            self.env.execute_query(query),
            [
                (
                    invoice.invoice_line_ids.id,
                    invoice.id,
                    order.id,
                    self.customer.id,
                    self._day("2026-01-10"),
                    1000,
                    300,
                )
            ],
        )
