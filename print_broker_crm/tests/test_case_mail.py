from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common_case import CaseCommon


@tagged("post_install", "-at_install")
class TestCaseMail(CaseCommon):
    """What comes in by e-mail: raw, as the mail server hands it over."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Odoo leaves e-mails from tests alone unless they are asked for.
        cls.env = cls.env(context={**cls.env.context, "mail_notify_force_send": False})
        domain = cls.env["mail.alias.domain"].create(
            {"name": "broker.example.com", "bounce_alias": "bounce", "catchall_alias": "catchall"}
        )
        cls.company.alias_domain_id = domain
        cls.mailbox = cls.env["broker.case.mailbox"].create({"name": "Care", "alias_name": "care", "kind": "complaint"})
        cls.buyer = cls.env["res.partner"].create(
            {"name": "Li Na", "parent_id": cls.partner.id, "email": "li.na@jade.example.com"}
        )

    @classmethod
    def _receive(cls, sender="Li Na <li.na@jade.example.com>", subject="Wrong fold", body="Look", to=None, **headers):
        """Hand an e-mail over to Odoo; return what it made of it.

        :param headers: more headers, with _ for -
        """
        number = cls.__dict__.get("_mails", 0) + 1
        cls._mails = number
        lines = {
            "From": sender,
            "To": to or "care@broker.example.com",
            "Subject": subject,
            "Message-Id": f"<mail-{number}@jade.example.com>",
            "Date": "Mon, 02 Mar 2026 10:00:00 +0800",
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=utf-8",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        raw = "".join(f"{name}: {value}\n" for name, value in lines.items()) + f"\n{body}\n"
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            return cls.env["mail.thread"].message_process(None, raw.encode())

    def _get_cases(self, customer=None):
        return self.Case.search([("customer_id", "=", (customer or self.customer).id)], order="id")

    def _get_requests(self):
        return self.env["broker.case.request"].search([("company_id", "=", self.company.id)])

    def _receive_case(self, **kwargs):
        self._receive(**kwargs)
        return self._get_cases()[-1:]

    def test_one_case(self):
        case = self._receive_case(body="Two boxes have the wrong fold")
        self.assertEqual(
            (case.title, case.kind, case.source, case.partner_id, case.user_id, case.mailbox_id),
            ("Wrong fold", "complaint", "email", self.buyer, self.service_chen, self.mailbox),
        )
        message = case.message_ids.filtered(lambda message: message.message_type == "email")
        self.assertEqual((len(message), message.author_id), (1, self.buyer))
        self.assertIn("Two boxes", message.body)
        self.assertIn(self.buyer, case.message_partner_ids)
        self.assertTrue(case.activity_ids, "Chen hears of it")
        self.assertFalse(case.answered_at)
        self.assertEqual(self.mailbox.case_count, 1)

    def test_same_message_twice(self):
        self._receive(Message_Id="<same@jade.example.com>")
        self._receive(Message_Id="<same@jade.example.com>")
        self.assertEqual(len(self._get_cases()), 1)

    def test_answers_both_ways(self):
        case = self._receive_case()
        answer = case.with_user(self.service_chen).message_post(
            body="Please send a photo", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertIn(self.buyer, answer.notified_partner_ids)
        self.assertTrue(case.answered_at)
        self.assertIn("care@broker.example.com", answer.reply_to)
        case.with_user(self.service_chen).action_wait_customer()
        self._receive(subject="Re: Wrong fold", body="Here it is", In_Reply_To=answer.message_id)
        self.assertEqual(self._get_cases(), case)
        self.assertEqual(case.state, "working", "the customer has answered")
        self.assertIn("Here it is", case.message_ids[0].body)
        # Somebody else at the customer's, by the reference alone.
        self.clock.tick(timedelta(hours=1))
        case.with_user(self.service_chen).action_wait_customer()
        self._receive(
            sender="Boss <boss@jade.example.com>", subject="AW: x", body="I agree", References=answer.message_id
        )
        self.assertEqual(self._get_cases(), case)
        self.assertIn("I agree", case.message_ids[0].body)

    def test_answer_without_a_reference(self):
        """By the number in the subject, or the subject of a case that is open."""
        case = self._receive_case(subject="错版")
        for subject in (f"about {case.name}", "回复：错版", "Re: 错版", "错版"):
            self._receive(subject=subject)
            self.assertEqual(self._get_cases(), case, subject)
        self.assertEqual(len(case.message_ids.filtered(lambda message: message.message_type == "email")), 5)
        case.outcome = "Told"
        case.write({"cause": "service", "corrective_action": "Look twice"})
        case.action_close()
        self._receive(subject="Re: 错版")
        self.assertEqual(len(self._get_cases()), 2, "a closed case of the same subject is another matter")
        self._receive(subject=f"Re: {case.name}")
        self.assertEqual(len(self._get_cases()), 2)
        self.assertEqual(case.state, "closed")
        self.assertIn("is over", case.activity_ids.summary)

    def test_number_of_another_customer(self):
        opal = self._create_partner("Opal Hotel", self.sales_zhao)
        theirs = self._open_case(customer_id=self._open_customer(opal).id, user=self.manager_qian)
        self._receive(subject=f"Re: {theirs.name}")
        self.assertEqual(len(self._get_cases()), 1)
        self.assertFalse(theirs.message_ids.filtered(lambda message: message.message_type == "email"))

    def test_number_amid_chinese(self):
        """Chinese stands beside the number without a space."""
        case = self._receive_case(subject="错版")
        job = self._confirm_job()
        for subject in (f"关于{case.name}的问题", f"工单{case.name}", f"【{case.name}】补充"):
            self._receive(subject=subject)
            self.assertEqual(self._get_cases(), case, subject)
        self.assertEqual(self._receive_case(subject=f"订单{job.name}少了两箱").order_id, job)
        # A number that begins with Chinese is found as a whole.
        case.name = "工单00077"
        self._receive(subject="Re: 工单00077")
        self.assertEqual(len(self._get_cases()), 2)

    def test_number_of_a_job(self):
        job = self._confirm_job()
        self.assertEqual(self._receive_case(subject=f"Your order {job.name}").order_id, job)

    def test_company_address(self):
        case = self._receive_case(sender=self.partner.email)
        self.assertEqual((case.customer_id, case.partner_id), (self.customer, self.partner))

    def test_automatic_answers(self):
        case = self._receive_case()
        case.with_user(self.service_chen).action_wait_customer()
        sent = case.message_ids.filtered(lambda message: message.message_type == "email")
        count = len(case.message_ids)
        for headers in (
            {"Auto_Submitted": "auto-replied"},
            {"Auto_Submitted": "auto-generated; x=y"},
            {"Precedence": "bulk"},
            {"Precedence": "auto_reply"},
            {"X_Autoreply": "yes"},
            {"Return_Path": "<>"},
            {"Subject": "自动回复: 我在休假"},
            {"Subject": "Automatic reply: Wrong fold"},
            {"Subject": "Out of office"},
        ):
            with self.subTest(headers=headers):
                self._receive(In_Reply_To=sent.message_id, **headers)
                self._receive(sender="Who <who@strange.example.com>", **headers)
                self.assertEqual((case.state, len(case.message_ids)), ("waiting_customer", count))
        self.assertEqual(self._get_cases(), case)
        self.assertFalse(self._get_requests())
        # "no" says that a person wrote it.
        self._receive(In_Reply_To=sent.message_id, Auto_Submitted="no")
        self.assertEqual(case.state, "working")

    def test_bounce(self):
        case = self._receive_case()
        case.with_user(self.service_chen).action_wait_customer()
        self._receive(
            sender="MAILER-DAEMON <mailer-daemon@jade.example.com>",
            In_Reply_To=case.message_ids[0].message_id,
        )
        self.assertEqual((case.state, self._get_cases()), ("waiting_customer", case))

    def test_loop(self):
        """A machine that writes on and on fills no list: Odoo stops it."""
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", "3")
        for number in range(8):
            self._receive(subject=f"Ticket {number}a opened")
        self.assertEqual(len(self._get_cases()), 3)
        for number in range(8):
            self._receive(sender="bot@strange.example.com", subject=f"Ticket {number}a opened")
        self.assertEqual(len(self._get_requests()), 1)

    def test_unknown_sender(self):
        self._receive(sender="New One <new@jade-branch.example.com>", subject="Hello", body="My flyers are blue")
        self._receive(sender="new@jade-branch.example.com", subject="Again", body="Nobody answers")
        request = self._get_requests()
        self.assertEqual((len(request), request.reason, request.name), (1, "unknown", "Hello"))
        self.assertEqual(len(request.message_ids.filtered(lambda message: message.message_type == "email")), 2)
        self.assertFalse(self._get_cases())
        for user in (self.sales_wang, self.service_chen):
            with self.assertRaises(AccessError):
                request.with_user(user).read(["name"])
        sun = request.with_user(self.care_sun)
        with self.assertRaisesRegex(UserError, "Choose the customer"):
            sun.action_open_case()
        for vals in ({"state": "assigned"}, {"email_from": "x@y.z"}, {"case_id": 1}):
            with self.assertRaises(UserError):
                sun.write(vals)
        with self.assertRaises(UserError):
            self.env["broker.case.request"].with_user(self.manager_qian).create(
                {"name": "x", "reason": "unknown", "company_id": self.company.id}
            )
        sun.customer_id = self.customer
        case = self.Case.browse(sun.action_open_case()["res_id"])
        contact = self.env["res.partner"].search([("email", "=", "new@jade-branch.example.com")])
        self.assertEqual((contact.name, contact.parent_id), ("New One", self.partner))
        self.assertEqual((case.customer_id, case.partner_id, case.title), (self.customer, contact, "Hello"))
        messages = case.message_ids.filtered(lambda message: message.message_type == "email")
        self.assertEqual((len(messages), messages.author_id), (2, contact))
        self.assertEqual((request.state, request.case_id, request.handled_by_id), ("assigned", case, self.care_sun))
        with self.assertRaisesRegex(UserError, "done already"):
            sun.action_open_case()
        with self.assertRaises(UserError):
            sun.customer_id = False
        # An answer to what was moved, and the next e-mail of the same person.
        self._receive(sender="new@jade-branch.example.com", subject="x", In_Reply_To=messages[0].message_id)
        self.assertEqual(self._get_cases(), case)
        self._receive(sender="new@jade-branch.example.com", subject="Something else")
        self.assertEqual(len(self._get_cases()), 2)
        self.assertEqual(len(self._get_requests()), 1)

    def test_dismissed(self):
        self._receive(sender="shop@advert.example.com")
        request = self._get_requests().with_user(self.care_sun)
        request.action_dismiss()
        self.assertEqual(request.state, "dismissed")
        self._receive(sender="shop@advert.example.com")
        self.assertEqual(len(self._get_requests()), 2)

    def test_who_it_could_be(self):
        """Several customers with one address, a contact that is no customer, a colleague."""
        opal = self._create_partner("Opal Hotel", self.sales_zhao, email="li.na@jade.example.com")
        self._open_customer(opal)
        self._receive()
        self.assertEqual(self._get_requests().reason, "several")
        self.env["res.partner"].create({"name": "Golden Press", "email": "x@press.example.com", "is_company": True})
        self._receive(sender="x@press.example.com")
        self.assertEqual(self._get_requests()[0].reason, "no_customer")
        self._receive(sender=self.service_chen.email_formatted)
        request = self._get_requests()[0]
        self.assertEqual(request.reason, "colleague")
        request.with_user(self.care_sun).customer_id = self.customer
        case = self.Case.browse(request.with_user(self.care_sun).action_open_case()["res_id"])
        self.assertEqual(case.partner_id, self.partner)

    def test_colleague_passes_on(self):
        """Each e-mail is a matter of its own, and no customer reads what a colleague adds."""
        opal = self._open_customer(self._create_partner("Opal Hotel", self.sales_zhao))
        sender = self.service_chen.email_formatted
        self._receive(sender=sender, subject="Fwd: Jade", body="Golden Press says it is the file of Jade")
        self._receive(sender=sender, subject="Fwd: Opal", body="Opal pays late anyway")
        requests = self._get_requests().sorted("id")
        self.assertEqual(requests.mapped("name"), ["Fwd: Jade", "Fwd: Opal"])
        for request, customer in zip(requests.with_user(self.care_sun), (self.customer, opal), strict=True):
            request.customer_id = customer
            request.action_open_case()
        case = requests[0].case_id
        self.assertFalse(case.is_on_portal, "the customer did not write it")
        message = case.message_ids.filtered(lambda message: message.message_type == "email")
        self.assertIn("Golden Press", message.body)
        self.assertTrue(message.is_internal)
        self.assertEqual(message.subtype_id, self.env.ref("mail.mt_note"))
        self.assertNotIn("Opal pays", str(case.message_ids.mapped("body")))

    def test_answer_from_an_unknown_address(self):
        """The buyer writes from the phone, whose address nobody knows."""
        case = self._receive_case()
        answer = case.with_user(self.service_chen).message_post(
            body="Please send a photo", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        case.with_user(self.service_chen).action_wait_customer()
        self._receive(sender="lina1988@phone.example.com", subject="x", In_Reply_To=answer.message_id)
        self.assertEqual((case.state, self._get_cases()), ("working", case))
        self.assertIn("has answered", case.activity_ids.summary)

    def test_answer_is_not_dated_back(self):
        case = self._receive_case()
        self.at("2026-03-03 02:00:00")
        case.with_user(self.service_chen).message_post(
            body="We look into it",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            date="2026-03-02 02:05:00",
        )
        self.assertMoment(case.answered_at, "2026-03-03 02:00:00")
        self.assertTrue(case.answer_late)

    def test_no_link_to_what_stays_in_the_firm(self):
        case = self._open_case(partner_id=self.buyer.id)

        def get_groups():
            message = case.message_post(body="We look into it", subtype_xmlid="mail.mt_comment")
            return {name: options for name, _is_in, options in case._notify_get_recipients_groups(message, "Case")}

        groups = get_groups()
        self.assertNotIn("portal_customer", groups)
        self.assertFalse(groups["portal"]["has_button_access"])
        case.is_on_portal = True
        self.assertIn("portal_customer", get_groups())

    def test_portal_user_writes(self):
        """Whoever has an account writes in no other name than the firm's own e-mail gate."""
        self.buyer.email = False
        new_test_user(self.env, "jade_portal", groups="base.group_portal", email="portal@jade.example.com")
        user = self.env["res.users"].search([("login", "=", "jade_portal")])
        user.partner_id.parent_id = self.partner
        case = self._receive_case(sender="portal@jade.example.com")
        self.assertEqual((case.partner_id, case.create_uid.id), (user.partner_id, self.env.ref("base.user_root").id))

    def test_other_company(self):
        """The mailbox says which company is written to."""
        other = self.env["res.company"].create({"name": "Broker B"})
        self.env["broker.case.mailbox"].create(
            {
                "name": "B",
                "alias_name": "care-b",
                "company_id": other.id,
                "alias_domain_id": self.company.alias_domain_id.id,
            }
        )
        self._receive(to="care-b@broker.example.com")
        self.assertFalse(self._get_cases())
        request = self.env["broker.case.request"].search([("company_id", "=", other.id)])
        self.assertEqual(request.reason, "no_customer")
        customer = self._open_customer(company=other)
        self._receive(to="care-b@broker.example.com", subject="Now")
        self.assertEqual(self._get_cases(customer).company_id, other)

    def _receive_photo(self, **kwargs):
        boundary = "----x"
        body = (
            f"--{boundary}\nContent-Type: text/plain\n\nSee the photo\n"
            f'--{boundary}\nContent-Type: image/png; name="fold.png"\n'
            'Content-Disposition: attachment; filename="fold.png"\nContent-Transfer-Encoding: base64\n\n'
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==\n"
            f"--{boundary}--"
        )
        return self._receive(body=body, Content_Type=f'multipart/mixed; boundary="{boundary}"', **kwargs)

    def test_photo(self):
        self._receive_photo()
        case = self._get_cases()
        attachment = case.message_ids.attachment_ids
        self.assertEqual((attachment.name, attachment.res_model, attachment.res_id), ("fold.png", case._name, case.id))

    def test_photo_of_a_stranger(self):
        """Who reads the case reads what came with it."""
        self._receive_photo(sender="x@strange.example.com")
        request = self._get_requests().with_user(self.care_sun)
        attachment = request.sudo().message_ids.attachment_ids
        with self.assertRaises(AccessError):
            attachment.with_user(self.service_chen).read(["name"])
        request.customer_id = self.customer
        request.action_open_case()
        self.assertEqual(attachment.with_user(self.service_chen).name, "fold.png")

    def test_merged_contacts(self):
        """The case of a merged contact goes along, and answers still find it."""
        case = self._receive_case()
        twin = self._create_partner("Jade Restaurant 2", self.sales_wang)
        self._open_customer(twin)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.partner | twin).ids, twin)
        self.assertEqual(case.customer_id.partner_id, twin)
        self._receive(subject="Re: Wrong fold", In_Reply_To=case.message_ids[-1:].message_id)
        self.assertEqual(self.Case.search_count([("customer_id", "=", case.customer_id.id)]), 1)

    def test_clock_begins_with_the_email(self):
        case = self._receive_case()
        self.assertEqual(case.opened_at, fields.Datetime.now())
