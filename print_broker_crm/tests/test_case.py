from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common_case import CaseCommon


@tagged("post_install", "-at_install")
class TestCase(CaseCommon):
    """What a case says, who writes it, and how it goes on."""

    def test_open(self):
        job = self._confirm_job()
        case = self._open_case(order_id=job.id)
        self.assertRegex(case.name, r"^CS\d{5}$")
        self.assertEqual(case.company_id, self.company)
        self.assertEqual(case.user_id, self.service_chen)
        self.assertEqual(case.partner_id, self.partner)
        self.assertEqual((case.state, case.source), ("new", "job"))
        self.assertEqual(case.period_ids.mapped("state"), ["new"])
        self.assertEqual(job.broker_case_count, 1)
        self.assertEqual(self.customer.open_case_count, 1)

    def test_customer_follows_from_the_job(self):
        job = self._confirm_job()
        case = self.Case.with_user(self.service_chen).create({"title": "Late", "order_id": job.id})
        self.assertEqual(case.customer_id, self.customer)

    def test_form(self):
        with Form(self.Case.with_user(self.service_chen).with_context(default_customer_id=self.customer.id)) as form:
            form.title = "Where are my cards?"
        with Form(self.Case.with_user(self.service_chen)) as empty:
            self.assertFalse(empty.user_id)
            empty.title = "Where are my cards?"
            empty.customer_id = self.customer
            self.assertEqual(empty.user_id, self.service_chen)
        self.assertEqual(form.record.kind, "enquiry")
        self.assertEqual(form.record.user_id, self.service_chen)

    def test_who_answers(self):
        self.customer.service_user_id = False
        self.assertEqual(self._open_case(self.sales_wang).user_id, self.sales_wang)
        self.assertEqual(self._open_case(self.sales_wang, kind="arbitration").user_id, self.manager_qian)
        self.customer.partner_id.user_id = False
        self.assertEqual(self._open_case(self.care_sun).user_id, self.manager_qian)

    def test_whole_way(self):
        case = self._open_case()
        case.action_work()
        case.action_wait_printing_house()
        case.action_work()
        case.action_solve()
        with self.assertRaisesRegex(UserError, "Cause.*Outcome.*Corrective Action"):
            case.action_close()
        self._fill_result(case)
        case.action_close()
        self.assertEqual(case.state, "closed")
        self.assertEqual(
            case.period_ids.sorted("id").mapped("state"),
            ["new", "working", "waiting_printing_house", "working", "solved", "closed"],
        )
        with self.assertRaisesRegex(UserError, "any more"):
            case.action_work()

    def test_enquiry_needs_an_outcome_only(self):
        case = self._open_case(kind="enquiry")
        with self.assertRaisesRegex(UserError, "missing: Outcome"):
            case.action_close()
        case.outcome = "Told the day"
        case.action_close()
        self.assertEqual((case.state, case.at_once_count), ("closed", 1))
        self.assertTrue(case.solved_at and case.closed_at and case.answered_at)

    def test_closed_stays_as_it_is(self):
        case = self._open_case(kind="enquiry", outcome="Told")
        case.action_close()
        with self.assertRaisesRegex(UserError, "Reopen"):
            case.title = "Something else"
        case.action_reopen()
        case.title = "Something else"
        self.assertEqual((case.state, case.reopen_count), ("working", 1))
        self.assertFalse(case.closed_at or case.solved_at)

    def test_steps_are_not_typed_in(self):
        case = self._open_case()
        for vals in (
            {"state": "closed"},
            {"answer_deadline": "2030-01-01"},
            {"solution_late": False},
            {"company_id": self.company.id},
            {"decided_by_id": self.service_chen.id},
            {"source": "portal"},
        ):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                case.write(vals)
            with self.subTest(vals=vals), self.assertRaises(UserError):
                self._open_case(**vals)
        crafted = self.Case.with_user(self.service_chen).with_context(
            default_state="closed", default_solution_late=True, default_source="email", default_opened_at="2020-01-01"
        )
        case = crafted.create({"customer_id": self.customer.id, "title": "Crafted"})
        self.assertEqual((case.state, case.source, case.solution_late), ("new", "by_hand", False))
        self.assertMoment(case.opened_at, "2026-03-02 02:00:00")
        with self.assertRaises(UserError):
            case.unlink()
        with self.assertRaises(UserError):
            case.customer_id = self._open_customer(self._create_partner("Opal Hotel"))

    def test_periods_are_history(self):
        case = self._open_case()
        for rows in (case.period_ids, case.period_ids.sudo()):
            with self.assertRaises(UserError):
                rows.write({"hours": 1})
            with self.assertRaises(UserError):
                rows.unlink()
            with self.assertRaises(UserError):
                rows.create({"case_id": case.id})
            with self.assertRaisesRegex(UserError, "case is not copied"):
                rows.copy()
            with self.assertRaisesRegex(UserError, "case is not imported"):
                rows.load(["case_id/.id"], [[str(case.id)]])
        row = case.period_ids.sudo()
        case.action_work()
        with self.assertRaisesRegex(UserError, "this part of it is over"):
            row._close({"finished_at": "2026-03-02"})

    def test_links_of_another_customer(self):
        opal = self._open_customer(self._create_partner("Opal Hotel", self.sales_zhao))
        job = self._confirm_job(opal)
        with self.assertRaises(ValidationError):
            self._open_case(self.manager_qian, order_id=job.id)
        with self.assertRaises(ValidationError):
            self._open_case(self.manager_qian, partner_id=opal.partner_id.id)
        # Whoever may not see the other customer learns nothing of it.
        for vals in ({"order_id": job.id}, {"partner_id": opal.partner_id.id}, {"customer_id": opal.id}):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                self._open_case(**vals)
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                self._open_case(user_id=self.service_chen.id, **vals)
        crafted = self.Case.with_user(self.service_chen).with_context(
            default_customer_id=opal.id, default_user_id=self.service_chen.id
        )
        with self.assertRaises(AccessError):
            crafted.create({"title": "Let me in"})
        with self.assertRaises(AccessError):
            self._open_case().order_id = job

    def test_nobody_makes_it_lighter(self):
        case = self._open_case(self.sales_wang, severity="2")
        for vals in ({"kind": "enquiry"}, {"severity": "1"}):
            with self.assertRaisesRegex(UserError, "lighter"):
                case.with_user(self.sales_wang).write(vals)
        case.with_user(self.sales_wang).write({"kind": "claim", "severity": "3"})
        case.with_user(self.care_sun).write({"kind": "complaint", "severity": "0"})

    def test_cancel(self):
        case = self._open_case()
        case.outcome = "Opened twice"
        with self.assertRaises(AccessError):
            case.action_cancel()
        case.with_user(self.care_sun).action_cancel()
        self.assertEqual(case.state, "cancelled")
        enquiry = self._open_case(kind="enquiry")
        with self.assertRaisesRegex(UserError, "Outcome"):
            enquiry.action_cancel()
        enquiry.outcome = "No case"
        enquiry.action_cancel()

    def test_arbitration(self):
        case = self._open_case(kind="arbitration")
        with self.assertRaises(AccessError):
            case.sales_statement = "It was sales"
        case.service_statement = "The size was never told"
        case.with_user(self.sales_wang).sales_statement = "It was in the packet"
        with self.assertRaises(AccessError):
            case.decision = "I am right"
        with self.assertRaises(AccessError):
            case.action_decide()
        with self.assertRaisesRegex(UserError, "decision"):
            case.action_solve()
        judged = case.with_user(self.manager_qian)
        with self.assertRaisesRegex(UserError, "why"):
            judged.action_decide()
        judged.write({"decision": "Both pay half", "decision_reason": "Both looked away"})
        judged.action_decide()
        self.assertEqual((case.state, case.decided_by_id), ("solved", self.manager_qian))
        with self.assertRaisesRegex(UserError, "decided"):
            judged.decision = "Sales pays"
        with self.assertRaisesRegex(UserError, "decided"):
            case.service_statement = "No"

    def test_both_sides_are_heard(self):
        case = self._open_case(kind="arbitration").with_user(self.manager_qian)
        case.write({"decision": "Both pay", "decision_reason": "So", "sales_statement": "Heard by phone"})
        with self.assertRaisesRegex(UserError, "both sides"):
            case.action_decide()

    def test_private_note(self):
        case = self.Case._open(
            [
                {
                    "customer_id": self.customer.id,
                    "title": "Not called back",
                    "kind": "complaint",
                    "source": "call",
                    "private_note": "She means Wang",
                }
            ]
        )
        self.assertEqual(case.with_user(self.sales_wang).title, "Not called back")
        for name in ("private_note", "care_call_id"):
            with self.assertRaises(AccessError):
                case.with_user(self.sales_wang).read([name])
            self.assertTrue(case.with_user(self.care_sun).read([name]))

    def test_from_a_call(self):
        call = self.env["broker.care.call"].with_user(self.care_sun).create({"customer_id": self.customer.id})
        context = call.action_open_case()["context"]
        vals = {"title": "Nobody called back", "description": "Said on the phone"}
        case = self.Case.with_user(self.care_sun).with_context(**context).create(vals)
        self.assertEqual((case.care_call_id, case.source, case.kind), (call, "call", "complaint"))
        self.assertEqual(call.case_ids, case)
        self.assertEqual(call.open_case_ids, case)
        # Whoever reads no calls does not tie a case to one either.
        other = self.Case.with_user(self.service_chen).with_context(**context).create(vals)
        self.assertFalse(other.sudo().care_call_id)
        self.assertEqual(other.source, "by_hand")

    def test_title_names_no_printing_house(self):
        self.company.broker_masking = "refuse"
        press = self.env["res.partner"].create({"name": "Golden Press", "is_company": True})
        case = self._open_case()
        case.printing_house_id = press
        with self.assertRaisesRegex(UserError, "Golden Press"):
            case.title = "Golden Press cut them too short"
        case.description = "Golden Press says it was the file"
        with self.assertRaisesRegex(UserError, "Golden Press"):
            case.message_post(
                body="Golden Press prints it again", subtype_xmlid="mail.mt_comment", partner_ids=self.partner.ids
            )
        case.message_subscribe(partner_ids=self.partner.ids)
        with self.assertRaises(UserError):
            case.message_subscribe(partner_ids=press.ids)
