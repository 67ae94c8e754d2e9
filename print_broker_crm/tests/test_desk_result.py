from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.print_broker_crm.models.broker_insight import FIGURES
from odoo.addons.print_broker_crm.tests.common_claim import ClaimCommon

MARCH = date(2026, 3, 1)
KEYS = ("repeat", "referral", "inherited", "commission", "claim_cost", "result")


@tagged("post_install", "-at_install")
class TestDeskResult(ClaimCommon):
    """What the service desk earned in March 2026, by hand.

    Commission is 10 % of the margin: of it service has 30 % on own customers and 70 % on
    inherited ones. Jade is Wang's and served by Chen, who serves all of them.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.broker_claim_charge = "none"
        with freeze_time("2026-02-10 02:00:00"):
            cls.first = cls._create_job(price=1000, cost=700, quantity=10)
        with freeze_time("2026-03-05 02:00:00"):
            cls.repeat = cls._create_job(price=500, cost=300, quantity=10)

    def _get(self, month=MARCH, company=None, before=False):
        """Return the desk's figures of a month, in the order of KEYS."""
        self.env.flush_all()
        summary = self.env["broker.insight"]._get_summary(company or self.company, month)
        keys = [key for key in FIGURES if key.startswith("desk_")]
        return [summary[key]["before" if before else "value"] for key in keys]

    def _get_rows(self, key="desk_result", month=MARCH, user=None):
        """Return the rows behind a figure, as a manager opens them."""
        user = user or self.manager_qian
        action = self.env["broker.insight"].with_user(user)._get_rows_action(key, self.company, month)
        return self.env[action["res_model"]].with_user(user).with_context(**action["context"]).search(action["domain"])

    def _open(self, name, user, **vals):
        partner = self._create_partner(name, user)
        customer = self._open_customer(partner, service=self.service_chen)
        customer.write(vals)
        return customer

    def _sell(self, customer, price, cost, day):
        with freeze_time(f"{day} 02:00:00"):
            return self._create_job(price=price, cost=cost, partner_id=customer.partner_id.id)

    def _inherit(self, name, day="2026-01-15"):
        """Open a customer whose salesperson left, and whom Zhao has since."""
        leaver = self._create_user(f"leaver_{name.lower()}", "group_salesperson")
        with freeze_time("2025-12-01 02:00:00"):
            customer = self._open(name, leaver)
        with freeze_time(f"{day} 02:00:00"):
            leaver.active = False
            customer.partner_id.user_id = self.sales_zhao
        self.assertEqual(customer.sales_origin, "inherited")
        return customer

    def _bill(self, job, day="2026-03-10"):
        with freeze_time(f"{day} 02:00:00"):
            return self._create_posted_invoice(job, day)

    def _take_back(self, invoice, quantity, day="2026-03-20"):
        """Credit a part of an invoice on a day."""
        with freeze_time(f"{day} 02:00:00"):
            note = self._credit(invoice, quantity=quantity, post=False)
            note.invoice_date = day
            note.action_post()

    def _settle(self, job, granted, moment, **vals):
        case = self._open_claim(job, granted=granted, **vals)
        with freeze_time(moment):
            case.with_user(self.manager_qian).action_settle_claim()
        return case

    def test_a_month(self):
        """The first job is sales' alone: 3,000 that do not count, with 90 for service.
        The second leaves 2,000, with 60. Opal came by Jade and buys for the first time:
        1,000, with 30. Pearl's salesperson left: her first job of 800 and the one of 500
        after it are of the inherited ones, once each, with 70 % of 130 = 91."""
        opal = self._open("Opal", self.sales_zhao, referrer_customer_id=self.customer.id)
        pearl = self._inherit("Pearl")
        jobs = [
            self.first,
            self.repeat,
            self._sell(opal, 4000, 3000, "2026-03-06"),
            self._sell(pearl, 2000, 1200, "2026-03-07"),
            self._sell(pearl, 1000, 500, "2026-03-08"),
        ]
        for job in jobs:
            self._bill(job)
        self.assertEqual(self._get(), [2000, 1000, 1300, 271, 0, 4029])
        rows = self._get_rows()
        self.assertEqual(sum(rows.mapped("amount")), 4029)
        self.assertEqual(
            rows.filtered(lambda row: row.kind != "commission").order_id, self.env["sale.order"].union(*jobs[1:])
        )
        for key, kind, amount in (("repeat", "repeat", 2000), ("inherited", "inherited", 1300)):
            found = self._get_rows(f"desk_margin_{key}")
            self.assertEqual((set(found.mapped("kind")), sum(found.mapped("amount"))), ({kind}, amount))
        self.assertEqual(sum(self._get_rows("desk_commission").mapped("amount")), -271)
        # A year later it is what it is compared with.
        with freeze_time("2027-04-01 02:00:00"):
            self.assertEqual(self._get(date(2027, 3, 1), before=True), [2000, 1000, 1300, 271, 0, 4029])

    def test_a_referred_customer_buys_again(self):
        """Once a referral, then a repeat order: 1,000 and 400."""
        opal = self._open("Opal", self.sales_zhao, referrer_customer_id=self.customer.id)
        for price, cost, day in ((4000, 3000, "2026-03-06"), (1400, 1000, "2026-03-09")):
            self._bill(self._sell(opal, price, cost, day), "2026-03-31")
        self.assertEqual(self._get()[:3], [400, 1000, 0])

    def test_who_inherited_too_late(self):
        """A job of the days of the predecessor is no inherited one, whenever it is billed."""
        pearl = self._inherit("Pearl", day="2026-03-07")
        self._bill(self._sell(pearl, 2000, 1200, "2026-03-06"))
        self._bill(self._sell(pearl, 1000, 500, "2026-03-07"))
        self.assertEqual(self._get()[:3], [0, 0, 500])

    def test_who_had_inherited_nothing(self):
        """The past is corrected: Zhao had the customer from somebody who still works here."""
        pearl = self._inherit("Pearl")
        self._bill(self._sell(pearl, 2000, 1200, "2026-03-06"))
        self._bill(self._sell(pearl, 1000, 500, "2026-03-07"))
        self.assertEqual(self._get()[:3], [0, 0, 1300])
        self.env["broker.assignment"].sudo()._correct(
            pearl, "sales", self.sales_zhao, date(2026, 1, 15), False, "Found in the old books", origin="transferred"
        )
        self.assertEqual(self._get()[:3], [500, 0, 0])

    def test_money_back(self):
        """Half of the repeat order comes back: 2,000 less 1,000, and the commission of 60
        less 30. What is credited in April is April's."""
        invoice = self._bill(self.repeat)
        self._take_back(invoice, 5)
        self.assertEqual(self._get(), [1000, 0, 0, 30, 0, 970])
        self._take_back(invoice, 1, "2026-04-01")
        self.assertEqual(self._get(), [1000, 0, 0, 30, 0, 970])
        self.assertEqual(self._get(date(2026, 4, 1)), [-200, 0, 0, -6, 0, -194])

    def test_commission_taken_back(self):
        """An invoice that is reset in April leaves no margin; its commission was earned in
        March and is taken back in April."""
        invoice = self._bill(self.repeat)
        with freeze_time("2026-04-02 02:00:00"):
            invoice.button_draft()
        self.assertEqual(self._get(), [0, 0, 0, 60, 0, -60])
        self.assertEqual(self._get(date(2026, 4, 1)), [0, 0, 0, -60, 0, 60])

    def test_claims(self):
        """400 on a repeat order is the desk's in full; of 200 on a first job it bears the
        quarter that is service's fault. The credit note of a claim does not count as well,
        nor what is printed again."""
        self._bill(self.first)
        self._bill(self.repeat)
        case = self._settle(self.repeat, 400, "2026-03-20 02:00:00", fault_printing_house=100)
        self._settle(self.first, 200, "2026-03-31 15:59:00", fault_service=25, fault_sales=75)
        self.assertEqual(self._get(), [2000, 0, 0, 150, 450, 1400])
        with freeze_time("2026-03-25 02:00:00"):
            action = case.with_user(self.manager_qian).action_refund()
            Wizard = self.env["account.move.reversal"].with_user(self.manager_qian)
            wizard = Form(Wizard.with_context(**action["context"])).save()
            wizard.refund_moves()
            note = wizard.new_move_ids
            if note.state == "draft":
                note.action_post()
        self.assertEqual(note.broker_case_id, case)
        figures = self._get()
        self.assertEqual((figures[0], figures[4]), (2000, 450))
        # Half past midnight in Shanghai is the next month.
        self._settle(self.first, 100, "2026-03-31 16:30:00", fault_service=100)
        self.assertEqual(self._get()[4], 450)
        self.assertEqual(self._get(date(2026, 4, 1))[4], 100)
        self.assertEqual(
            self._get_rows("desk_claim_cost").case_id,
            self.Case.search([("claim_settled_at", "<", "2026-03-31 16:00:00")]),
        )

    def test_a_claim_that_was_none(self):
        """A claim that is cancelled after it was settled costs nobody anything."""
        self._bill(self.repeat)
        case = self._settle(self.repeat, 400, "2026-03-20 02:00:00", fault_printing_house=100)
        self.assertEqual(self._get()[4], 400)
        case.outcome = "It was another firm's"
        case.with_user(self.manager_qian).action_cancel()
        self.assertEqual(self._get(), [2000, 0, 0, 60, 0, 1940])
        self.assertFalse(self._get_rows("desk_claim_cost"))

    def test_a_claim_that_commission_bears(self):
        """What service bears of a claim by its commission is not the firm's cost twice."""
        self.company.broker_claim_charge = "fault"
        self._bill(self.repeat)
        with freeze_time("2026-03-20 02:00:00"):
            self._settle(self.repeat, 400, "2026-03-20 02:00:00", fault_service=100)
        commission = -sum(self._get_rows("desk_commission").mapped("amount"))
        self.assertEqual(self._get(), [2000, 0, 0, commission, 400, 1600 - commission])
        self.assertEqual(commission, 60 - 400)

    def test_cost_is_not_known(self):
        """The line is left out of the margin and counted."""
        job = self._sell(self.customer, 900, 0, "2026-03-09")
        self._bill(job)
        self.env["broker.customer.month"]._rebuild(self.company)
        self.assertEqual(self._get()[0], 0)
        figure = self.env["broker.insight"]._get_summary(self.company, MARCH)["margin_left_out"]
        self.assertEqual(figure["value"], 1)

    def test_money_of_three_decimals(self):
        """200.004 dinars of margin, of which service has 3 %: 6.000, and the page adds up."""
        self.company.currency_id.rounding = 0.001
        self.env["decimal.precision"].search([("name", "=", "Product Price")]).digits = 3
        self._bill(self._sell(self.customer, 500.004, 300, "2026-03-09"))
        repeat, *_rest, commission, _claims, result = self._get()
        self.assertEqual((repeat, commission, result), (200.004, 6, 194.004))
        report = self.env["broker.month.report"].sudo()._prepare(self.company, MARCH)
        self.assertEqual(report.desk_ids.filtered(lambda line: line.key == "desk_result").value, 194.004)

    def test_two_companies(self):
        """Each has its own desk, and a manager of one does not see the other's."""
        self._bill(self.repeat)
        other = self.env["res.company"].create({"name": "Second"})
        self.assertEqual(self._get(company=other), [0, 0, 0, 0, 0, 0])
        stranger = new_test_user(
            self.env,
            login="broker_second",
            groups="print_broker_crm.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertTrue(self._get_rows())
        self.assertFalse(self._get_rows(user=stranger))
        with self.assertRaises(AccessError):
            self.env["broker.desk.figure"].with_user(self.service_chen).search([])

    def test_a_row_opens_its_document(self):
        invoice = self._bill(self.repeat)
        case = self._settle(self.repeat, 400, "2026-03-20 02:00:00", fault_printing_house=100)
        opened = {row.kind: row.action_open() for row in self._get_rows()}
        self.assertEqual((opened["repeat"]["res_model"], opened["repeat"]["res_id"]), ("account.move", invoice.id))
        self.assertEqual((opened["claim"]["res_model"], opened["claim"]["res_id"]), ("broker.case", case.id))
        self.assertEqual(opened["commission"]["res_model"], "broker.commission.entry")
