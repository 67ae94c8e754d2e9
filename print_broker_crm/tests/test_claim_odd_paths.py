from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_claim import ClaimCommon


@tagged("post_install", "-at_install")
class TestClaimOddPaths(ClaimCommon):
    """Merges, companies, crafted calls, and printing houses with many claims."""

    def test_merged_customers(self):
        """Lines, charges and the reprint stay with the case, whose customer is another."""
        self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_carrier=100)
        reprint = self.env["sale.order"].browse(case.action_reprint()["res_id"])
        case.with_user(self.manager_qian).action_settle_claim()
        charges = self._get_charges(case)
        twin = self._create_partner("Jade Restaurant 2", self.sales_wang)
        remaining = self._open_customer(twin, service=self.service_chen)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.partner | twin).ids, twin)
        self.env.invalidate_all()
        self.assertEqual(case.customer_id, remaining)
        self.assertEqual(case.claim_line_ids.customer_id, remaining)
        self.assertEqual(reprint.sudo().broker_claim_case_id, case)
        case.sudo()._sync_claim_charges()
        self.assertEqual(self._get_charges(case), charges)

    def test_merged_printing_houses(self):
        case = self._open_claim(printing_house_id=self.press.id, fault_printing_house=100)
        twin = self.env["res.partner"].create({"name": "Golden Press 2", "is_company": True})
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.press | twin).ids, twin)
        self.env.invalidate_all()
        self.assertEqual(case.printing_house_id, twin)
        self.assertEqual(twin.with_user(self.service_chen).broker_claim_count, 1)

    def test_printing_house_sees_its_claims_counted(self):
        contact = self.env["res.partner"].create({"name": "Lu", "parent_id": self.press.id})
        other = self.env["res.partner"].create({"name": "Silver Press", "is_company": True})
        for faults in ({"fault_printing_house": 100}, {"fault_printing_house": 30, "fault_sales": 70}):
            self._open_claim(printing_house_id=self.press.id, **faults)
        self._open_claim(printing_house_id=self.press.id, fault_sales=100)
        partners = (self.press | contact | other).with_user(self.service_chen)
        partners.mapped("broker_claim_count")
        partners.invalidate_recordset(["broker_claim_count"])
        with self.assertQueryCount(3):
            self.assertEqual(partners.mapped("broker_claim_count"), [2, 2, 0])
        action = partners[1].action_view_broker_claims()
        self.assertEqual(self.Case.search_count(action["domain"]), 2)

    def test_other_company(self):
        """What another company's people try with a claim of this one."""
        case = self._open_claim(granted=500, fault_carrier=100)
        company = self.env["res.company"].create({"name": "Broker B"})
        for user in (self.manager_qian, self.service_lin):
            user.write({"company_ids": [Command.set(company.ids)], "company_id": company.id})
            with self.assertRaises(AccessError):
                case.with_user(user).with_company(company).action_settle_claim()
            with self.assertRaises(AccessError):
                case.claim_line_ids.with_user(user).with_company(company).read(["amount_granted"])
        self.assertFalse(case.claim_settled_at)

    def test_others_customers(self):
        case = self._open_claim(granted=500)
        for user in (self.sales_zhao, self.service_lin):
            for call in (
                lambda record: record.read(["amount_claimed"]),
                lambda record: record.write({"note": "x"}),
                lambda record: record.unlink(),
            ):
                with self.assertRaises(AccessError):
                    call(case.claim_line_ids.with_user(user))
            with self.assertRaises(AccessError):
                case.with_user(user).action_reprint()
            with self.assertRaises(AccessError):
                self.env["broker.claim.line"].with_user(user).create(
                    {"case_id": case.id, "order_line_id": self.job.order_line.id}
                )

    def test_crafted_calls(self):
        case = self._open_claim()
        Charge = self.env["broker.commission.charge"].with_user(self.manager_qian)
        with self.assertRaises(UserError):
            Charge.create({"order_id": self.job.id, "amount": 5, "reason": "x", "case_id": case.id})
        charge = Charge.create({"order_id": self.job.id, "amount": 5, "reason": "x"})
        with self.assertRaises(UserError):
            charge.case_id = case
        crafted = Charge.with_context(default_case_id=case.id)
        self.assertFalse(crafted.create({"order_id": self.job.id, "amount": 5, "reason": "x"}).case_id)
        # The care line grants nothing by a detour either.
        sun = case.with_user(self.care_sun)
        line = case.claim_line_ids
        for command in (
            Command.update(line.id, {"amount_granted": 10}),
            Command.create({"order_line_id": self.job.order_line.id, "amount_granted": 10}),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                sun.claim_line_ids = [command]
        line.unlink()
        crafted = self.env["broker.claim.line"].with_user(self.care_sun).with_context(default_amount_granted=10)
        line = crafted.create({"case_id": case.id, "order_line_id": self.job.order_line.id})
        self.assertFalse(line.amount_granted)
        other = self._open_claim()
        with self.assertRaises(UserError), self.cr.savepoint():
            line.with_user(self.service_chen).case_id = other
        for vals in ({"claim_settled_by_id": 1}, {"crisis_called_at": "2026-01-01"}, {"portal_key": "x"}):
            with self.assertRaises(UserError):
                case.with_user(self.manager_qian).write(vals)
        for vals in ({"access_token": "x"}, {"email_from": "x"}, {"mailbox_id": 1}):
            with self.assertRaises(UserError):
                case.write(vals)

    def test_crafted_lines(self):
        """What follows from the job is written by nobody, whoever may write the line."""
        case = self._open_claim()
        line = case.claim_line_ids
        company = self.env["res.company"].create({"name": "Broker B"})
        for vals in ({"price_unit": 1}, {"company_id": company.id}, {"customer_id": 1}):
            for user in (self.care_sun, self.service_chen, self.manager_qian):
                with self.assertRaises(AccessError), self.cr.savepoint():
                    line.with_user(user).write(vals)
                with self.assertRaises(AccessError), self.cr.savepoint():
                    self._open_claim(
                        user=user,
                        claim_line_ids=[Command.create({"order_line_id": self.job.order_line.id, **vals})],
                    )
        line.unlink()
        crafted = self.env["broker.claim.line"].with_user(self.care_sun).with_context(default_price_unit=5)
        line = crafted.create({"case_id": case.id, "order_line_id": self.job.order_line.id})
        self.assertEqual(line.price_unit, 1000)

    def test_new_case_says_no_more(self):
        """What somebody may not write on a case comes on no new one, nor by a context."""
        vals = {"customer_id": self.customer.id, "title": "x", "kind": "arbitration"}
        cases = {
            self.care_sun: ("fault_customer", "decision", "sales_statement", "service_statement"),
            self.sales_wang: ("fault_service", "decision", "decision_reason", "service_statement"),
            self.service_chen: ("decision", "sales_statement"),
        }
        for user, names in cases.items():
            for name in names:
                value = 100.0 if name.startswith("fault") else "Said so"
                with self.subTest(user=user.name, name=name):
                    with self.assertRaises(AccessError), self.cr.savepoint():
                        self.Case.with_user(user).create({**vals, name: value})
                    with self.assertRaises(AccessError), self.cr.savepoint():
                        self.Case.with_user(user).with_context(**{f"default_{name}": value}).create(vals)
        case = self.Case.with_user(self.service_chen).create({**vals, "service_statement": "Never told"})
        self.assertEqual(case.service_statement, "Never told")

    def test_closed_case_keeps_its_claim(self):
        case = self._open_claim()
        self._fill_result(case)
        case.action_close()
        for call in (
            lambda: case.claim_line_ids.write({"note": "x"}),
            lambda: case.claim_line_ids.unlink(),
            lambda: case.action_claim_lines(),
            lambda: case.action_reprint(),
            lambda: case.write({"fault_sales": 100}),
            lambda: case.with_user(self.manager_qian).action_settle_claim(),
        ):
            with self.assertRaises(UserError):
                call()

    def test_reprint_confirmed_again(self):
        """Cancelled and confirmed again, it still bears no commission."""
        case = self._open_claim()
        reprint = self.env["sale.order"].browse(case.action_reprint()["res_id"])
        reprint._action_cancel()
        reprint.action_draft()
        reprint.action_confirm()
        self.assertFalse(self.env["broker.commission.split"].search([("order_id", "=", reprint.id)]))
        self.assertEqual(case.reprint_count, 1)
        self.assertFalse(reprint.broker_without_rule)
