from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common_claim import ClaimCommon


@tagged("post_install", "-at_install")
class TestClaim(ClaimCommon):
    """What is claimed, granted and settled, and what of it the commission bears."""

    def test_lines(self):
        case = self._open_claim(granted=500)
        line = case.claim_line_ids
        self.assertEqual((line.price_unit, line.amount_claimed, line.amount_granted), (1000, 2000, 500))
        self.assertEqual((case.amount_claimed, case.amount_granted, case.claim_cost), (2000, 500, 500))
        line.quantity = 3
        self.assertEqual(case.amount_claimed, 3000)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            line.quantity = 11
        other = self._create_job()
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._open_claim().claim_line_ids.order_line_id = other.order_line
        with self.assertRaises(UserError):
            case.order_id = other

    def test_all_lines_by_a_tap(self):
        job = self._create_job(lines=[(self.box_product, 500, 300)])
        case = self._open_claim(job, quantity=1)
        case.action_claim_lines()
        self.assertEqual(case.claim_line_ids.order_line_id, job.order_line)
        case.action_claim_lines()
        self.assertEqual(len(case.claim_line_ids), 2)
        loose = self._open_claim(order_id=False, claim_line_ids=[])
        with self.assertRaisesRegex(UserError, "Choose the job"):
            loose.action_claim_lines()

    def test_discount_is_not_given_back(self):
        job = self._create_job(price=1000, cost=700, quantity=10)
        job.order_line.discount = 10
        self.assertEqual(self._open_claim(job).amount_claimed, 1800)

    def test_who_decides(self):
        """The care line writes down what is claimed, service proposes, a manager settles."""
        case = self._open_claim(user=self.care_sun)
        line = case.claim_line_ids.with_user(self.care_sun)
        line.note = "The customer sent a photo"
        for vals in ({"amount_granted": 100}, {"amount_granted": 0.5, "note": "x"}):
            with self.assertRaises(AccessError):
                line.write(vals)
        for name in ("fault_sales", "fault_customer"):
            with self.assertRaises(AccessError):
                case.with_user(self.care_sun).write({name: 100})
            with self.assertRaises(AccessError):
                case.with_user(self.sales_wang).write({name: 100})
        case.write({"fault_printing_house": 100})
        for user in (self.care_sun, self.service_chen, self.sales_wang):
            with self.assertRaises(AccessError):
                case.with_user(user).action_settle_claim()
        with self.assertRaises(UserError):
            case.write({"claim_settled_at": "2026-01-01"})
        with self.assertRaises(UserError):
            self._open_claim(claim_cost=5)

    def test_faults_add_up(self):
        case = self._open_claim()
        case.write({"fault_customer": 30, "fault_sales": 20, "fault_service": 10, "fault_printing_house": 40})
        self.assertEqual(case.fault_us, 30)
        for vals in ({"fault_carrier": 1}, {"fault_customer": -10, "fault_carrier": 40}):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                case.write(vals)
        case = self._open_claim()
        case.cause = "carrier"
        case._onchange_cause_fault()
        self.assertEqual(case.fault_carrier, 100)

    def test_settled_once(self):
        """500 granted on the job: a margin of 2,500, a pool of 250; settling again adds
        nothing, other figures come by a counter-charge."""
        self._create_posted_invoice(self.job)
        self.assertCommission(self.job, 210, 90, "earned")
        case = self._open_claim(granted=500).with_user(self.manager_qian)
        with self.assertRaisesRegex(UserError, "at fault"):
            case.action_settle_claim()
        case.write({"fault_printing_house": 100})
        self._fill_result(case)
        with self.assertRaisesRegex(UserError, "settles the claim"):
            case.with_user(self.service_chen).action_close()
        case.action_settle_claim()
        self.assertCommission(self.job, 175, 75, "earned")
        self.assertEqual(self._get_charges(case), ([(False, 500)], 1))
        self.assertEqual(case.claim_charged, 500)
        with self.assertRaisesRegex(UserError, "settled"):
            case.claim_line_ids.amount_granted = 600
        with self.assertRaisesRegex(UserError, "settled"):
            case.fault_carrier = 10
        with self.assertRaisesRegex(UserError, "settled"):
            case.action_settle_claim()
        case.sudo()._sync_claim_charges()
        self.assertEqual(self._get_charges(case), ([(False, 500)], 1))
        case.action_unsettle_claim()
        case.claim_line_ids.amount_granted = 800
        self.assertCommission(self.job, 175, 75, "earned")
        case.action_settle_claim()
        # 500, taken back, and 800.
        self.assertEqual(self._get_charges(case), ([(False, 800)], 3))
        self.assertCommission(self.job, 154, 66, "earned")
        case.action_close()
        self.assertEqual(self._get_charges(case), ([(False, 800)], 3))
        self.assertFalse(self.env["broker.commission.entry"]._settle_orders(self.job))

    def test_cancelled_claim_costs_nothing(self):
        self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_service=100, outcome="It was another firm's").with_user(
            self.manager_qian
        )
        case.action_settle_claim()
        self.assertCommission(self.job, 175, 75, "earned")
        case.action_cancel()
        self.assertEqual(self._get_charges(case), ([], 2))
        self.assertCommission(self.job, 210, 90, "earned")

    def test_taken_up_again_and_dropped(self):
        """A claim that is taken up again and comes to nothing charges nothing."""
        self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_service=100).with_user(self.manager_qian)
        case.action_settle_claim()
        case.action_unsettle_claim()
        case.claim_line_ids.unlink()
        self._fill_result(case)
        case.action_close()
        self.assertEqual(self._get_charges(case), ([], 2))
        self.assertCommission(self.job, 210, 90, "earned")

    def test_cancelled_by_mistake(self):
        """Reopened, a settled claim costs what it did; closed and reopened, no row more."""
        self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_service=100, outcome="No").with_user(self.manager_qian)
        case.action_settle_claim()
        case.action_cancel()
        case.action_reopen()
        self.assertEqual(self._get_charges(case), ([(False, 500)], 3))
        self.assertCommission(self.job, 175, 75, "earned")
        self._fill_result(case)
        case.action_close()
        case.action_reopen()
        self.assertEqual(self._get_charges(case), ([(False, 500)], 3))

    def test_by_fault(self):
        """Of 500 sales bears 20 %, service 30 %, and the job the rest: 250 less margin.

        The pool of 275 is 192.50 and 82.50, less 100 and 150.
        """
        self.company.broker_claim_charge = "fault"
        self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_sales=20, fault_service=30, fault_printing_house=50)
        case.with_user(self.manager_qian).action_settle_claim()
        self.assertEqual(sorted(self._get_charges(case)[0], key=str), [("sales", 100), ("service", 150), (False, 250)])
        self.assertCommission(self.job, 92.5, -67.5, "earned")

    def test_printing_house_takes_its_part(self):
        self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_printing_house=100, printing_house_id=self.press.id)
        case.vendor_amount = 450
        self.assertEqual((case.claim_damage, case.claim_cost, case.printing_house_damage), (500, 50, 500))
        case.with_user(self.manager_qian).action_settle_claim()
        self.assertEqual(self._get_charges(case), ([(False, 50)], 1))
        # What the printing house takes beyond the damage is nobody's bonus.
        manager = case.with_user(self.manager_qian)
        manager.action_unsettle_claim()
        manager.vendor_amount = 700
        manager.action_settle_claim()
        self.assertEqual(self._get_charges(case), ([], 2))
        with self.assertRaises(ValidationError), self.cr.savepoint():
            case.sudo().vendor_amount = -1

    def test_not_charged(self):
        self.company.broker_claim_charge = "none"
        case = self._open_claim(granted=500, fault_service=100)
        case.with_user(self.manager_qian).action_settle_claim()
        self.assertEqual(self._get_charges(case), ([], 0))
        # A job without commission bears nothing either.
        self.company.broker_claim_charge = "job"
        job = self._create_job(confirm=False, price=1000, quantity=10)
        other = self._open_claim(job, granted=500, fault_service=100)
        other.with_user(self.manager_qian).action_settle_claim()
        self.assertEqual(self._get_charges(other), ([], 0))

    def test_credit_note_is_not_charged_twice(self):
        """500 by a credit note: the revenue is 9,500 and its cost stays; nothing is
        charged on top. As long as it is a draft, the charge stands."""
        invoice = self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_printing_house=100).with_user(self.manager_qian)
        case.action_settle_claim()
        self.assertCommission(self.job, 175, 75, "earned")
        note = self._refund(case)
        self.assertEqual((note.state, note.amount_untaxed, note.broker_case_id), ("draft", 500, case))
        self.assertEqual(note.invoice_line_ids.sale_line_ids, self.job.order_line)
        self.assertEqual(self._get_charges(case), ([(False, 500)], 1))
        note.action_post()
        self.assertEqual(case.amount_credited, 500)
        self.assertEqual(self._get_charges(case), ([], 2))
        note.button_draft()
        self.assertEqual(self._get_charges(case), ([(False, 500)], 3))
        self.assertEqual(invoice.state, "posted")

    def test_printing_house_bears_what_was_credited(self):
        """500 were credited, the printing house takes 450: the claim costs the job 50 as it
        does without the credit note. A margin of 2,950, a pool of 295."""
        self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_printing_house=100, vendor_amount=450)
        case = case.with_user(self.manager_qian)
        case.action_settle_claim()
        self.assertCommission(self.job, 206.5, 88.5, "earned")
        note = self._refund(case)
        note.action_post()
        self.assertEqual(self._get_charges(case)[0], [(False, -450)])
        self.assertCommission(self.job, 206.5, 88.5, "earned")
        # More than the damage is nobody's bonus: 500 are given back, and no more.
        case.action_unsettle_claim()
        case.vendor_amount = 700
        case.action_settle_claim()
        self.assertEqual(self._get_charges(case)[0], [(False, -500)])
        self.assertCommission(self.job, 210, 90, "earned")
        case.outcome = "It was another firm's"
        case.action_cancel()
        self.assertEqual(self._get_charges(case)[0], [])
        # The credit note is there all the same: a pool of 250.
        self.assertCommission(self.job, 175, 75, "earned")

    def test_role_bears_what_was_credited(self):
        """Sales bears 400 of 500 in full, with and without the credit note; the job 100: a
        pool of 290."""
        self.company.broker_claim_charge = "fault"
        self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_sales=80, fault_carrier=20).with_user(self.manager_qian)
        case.action_settle_claim()
        self.assertEqual(sorted(self._get_charges(case)[0], key=str), [("sales", 400), (False, 100)])
        self.assertCommission(self.job, 203 - 400, 87, "earned")
        note = self._refund(case)
        note.action_post()
        self.assertEqual(sorted(self._get_charges(case)[0], key=str), [("sales", 400), (False, -400)])
        self.assertCommission(self.job, 203 - 400, 87, "earned")
        note.button_draft()
        self.assertEqual(sorted(self._get_charges(case)[0], key=str), [("sales", 400), (False, 100)])

    def test_nobodys_commission_bears_what_was_credited(self):
        self.company.broker_claim_charge = "none"
        self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_sales=100).with_user(self.manager_qian)
        case.action_settle_claim()
        self._refund(case).action_post()
        self.assertEqual(self._get_charges(case), ([(False, -500)], 1))
        self.assertCommission(self.job, 210, 90, "earned")

    def test_credited_beyond_what_was_granted(self):
        """Whoever credits 800 instead of 500 takes the other 300 from the job."""
        self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_printing_house=100, vendor_amount=500)
        case = case.with_user(self.manager_qian)
        case.action_settle_claim()
        note = self._refund(case)
        note.invoice_line_ids.price_unit = 800
        note.action_post()
        self.assertEqual(self._get_charges(case)[0], [(False, -500)])
        # A margin of 2,700
        self.assertCommission(self.job, 189, 81, "earned")

    def test_credited_once(self):
        """A second tap opens the credit note; what is granted later comes on another one."""
        self._create_posted_invoice(self.job)
        case = self._open_claim().with_user(self.manager_qian)
        with self.assertRaisesRegex(UserError, "nothing was granted"):
            case.action_refund()
        case.claim_line_ids.amount_granted = 500
        note = self._refund(case)
        action = case.action_refund()
        self.assertEqual(self.env["account.move"].search(action["domain"]), note)
        note.action_post()
        self.assertEqual(case.action_refund()["res_model"], "account.move")
        case.claim_line_ids.amount_granted = 800
        second = self._refund(case)
        self.assertEqual((second.amount_untaxed, case.claim_move_count), (300, 2))
        second.button_cancel()
        self.assertEqual(self._refund(case).amount_untaxed, 300)

    def test_credited_with_the_tax_in_the_price(self):
        """500 without taxes are 565 with the 13 % that are in the price."""
        tax = self.env["account.tax"].create(
            {"name": "13 % in the price", "amount": 13, "price_include_override": "tax_included"}
        )
        job = self._create_job(price=1130, cost=700, quantity=10)
        job.order_line.tax_ids = tax
        self._create_posted_invoice(job)
        case = self._open_claim(job, granted=500).with_user(self.manager_qian)
        self.assertEqual(case.amount_claimed, 2000)
        note = self._refund(case)
        self.assertEqual((note.amount_untaxed, note.amount_total), (500, 565))
        self.assertFalse(case._get_uncredited())

    def test_line_invoiced_twice(self):
        """What is granted is given back once, also where the line was split on the invoice."""
        invoice = self._create_posted_invoice(self.job)
        invoice.button_draft()
        line = invoice.invoice_line_ids
        line.quantity = 4
        line.copy({"quantity": 6, "move_id": invoice.id, "sale_line_ids": line.sale_line_ids.ids})
        invoice.action_post()
        self.assertEqual(self._refund(self._open_claim(granted=500).with_user(self.manager_qian)).amount_untaxed, 500)

    def _refund(self, case):
        action = case.action_refund()
        self.assertEqual(action["res_model"], "account.move.reversal")
        Wizard = self.env["account.move.reversal"].with_user(self.manager_qian)
        wizard = Form(Wizard.with_context(**action["context"])).save()
        wizard.refund_moves()
        return wizard.new_move_ids

    def test_refund_without_an_invoice(self):
        with self.assertRaisesRegex(UserError, "no posted invoice"):
            self._open_claim(granted=500).action_refund()

    def test_credit_note_of_another_customer(self):
        invoice = self._create_posted_invoice(self.job)
        note = self._credit(invoice, post=False)
        opal = self._create_partner("Opal Hotel", self.sales_zhao)
        theirs = self.Case.create({"customer_id": self._open_customer(opal).id, "title": "Theirs", "kind": "claim"})
        with self.assertRaises(ValidationError), self.cr.savepoint():
            note.broker_case_id = theirs
        with self.assertRaises(ValidationError), self.cr.savepoint():
            invoice.broker_case_id = self._open_claim()

    def test_vendor_refund(self):
        self._create_posted_invoice(self.job)
        case = self._open_claim(granted=500, fault_printing_house=100, printing_house_id=self.press.id)
        manager = case.with_user(self.manager_qian)
        with self.assertRaisesRegex(UserError, "how much"):
            manager.action_vendor_refund()
        case.vendor_amount = 300
        move = self.env["account.move"].browse(manager.action_vendor_refund()["res_id"])
        self.assertEqual(
            (move.move_type, move.state, move.partner_id, move.amount_untaxed), ("in_refund", "draft", self.press, 300)
        )
        # The printing house does not learn for whom it printed.
        texts = [move.ref, move.invoice_origin or "", *move.invoice_line_ids.mapped("name")]
        self.assertNotIn("Jade", " ".join(texts))
        self.assertEqual(manager.action_vendor_refund()["res_id"], move.id)
        self.assertEqual(case.claim_move_count, 1)
        # It takes more later: another refund over the rest.
        move.action_post()
        case.vendor_amount = 450
        rest = self.env["account.move"].browse(manager.action_vendor_refund()["res_id"])
        self.assertEqual((rest.state, rest.amount_untaxed, case.claim_move_count), ("draft", 150, 2))
        self.assertEqual(manager.action_vendor_refund()["res_id"], rest.id)
        rest.button_cancel()
        again = self.env["account.move"].browse(manager.action_vendor_refund()["res_id"])
        self.assertEqual((again != rest, again.amount_untaxed), (True, 150))

    def test_foreign_currency(self):
        """Two euros to the dollar: 500 euros are 250 dollars."""
        currency = self.setup_other_currency("EUR", rates=[("2016-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": currency.id})
        job = self._create_job(price=1000, cost=700, quantity=10, pricelist_id=pricelist.id)
        case = self._open_claim(job, granted=500, fault_carrier=100)
        self.assertEqual(case.claim_currency_id, currency)
        self.assertEqual((case.amount_granted, case.claim_cost), (500, 250))
        case.with_user(self.manager_qian).action_settle_claim()
        self.assertEqual(self._get_charges(case), ([(False, 250)], 1))

    def test_photos(self):
        case = self._open_claim()
        Attachment = self.env["ir.attachment"].with_user(self.service_chen)
        photo = Attachment.create({"name": "fold.jpg", "raw": b"x", "res_model": "broker.case"})
        case.photo_ids = photo
        self.assertEqual(photo.res_id, case.id)
        photo.with_user(self.care_sun).check_access("read")
        secret = self.env["ir.attachment"].create({"name": "pay.pdf", "raw": b"x", "res_model": "res.company"})
        secret.res_id = self.company.id
        with self.assertRaises(AccessError), self.cr.savepoint():
            case.photo_ids = [Command.link(secret.id)]
