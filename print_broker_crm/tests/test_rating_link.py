from datetime import date, datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, LockError, UserError
from odoo.tests import tagged

from odoo.addons.print_broker_crm.tests.common_care import CareCommon


@tagged("post_install", "-at_install")
class TestRatingLink(CareCommon):
    """Asking by a link: who, how often, what becomes of the answer."""

    def setUp(self):
        super().setUp()
        self.Link = self.env["broker.rating.link"]
        self.call = self._plan_call()

    def _ask(self, call=None):
        action = (call or self.call).action_ask_by_link()
        return self.Link.browse(action["res_id"])

    def _get_ratings(self, record):
        ratings = self.env["rating.rating"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id), ("consumed", "=", True)]
        )
        return {rating.broker_role: (rating.rating, rating.rated_partner_id) for rating in ratings}

    def test_asking_twice_gives_the_same_link(self):
        link = self._ask()
        self.assertEqual((link.state, link.asked_by_id, link.partner_id), ("open", self.care_sun, self.partner))
        self.assertEqual(link.date_expiry, datetime(2026, 3, 16, 2, 0))
        self.assertEqual(self._ask(), link)
        self.assertGreaterEqual(len(link.sudo().access_token), 40)

    def test_the_text_is_in_the_language_of_the_customer_and_names_nobody_else(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.partner.lang = "zh_CN"
        link = self._ask()
        seen = link.with_user(self.care_sun).message
        self.assertIn(link.link, seen)
        for name in ("Wang", "Chen", "Sun"):
            self.assertNotIn(name, seen)
        self.assertEqual(link._get_lang(), "zh_CN")

    def test_answer_becomes_scores_of_the_call(self):
        link = self._ask()
        link._answer({"sales": 4, "service": 5}, "  Fine  ")
        self.assertEqual(
            self._get_ratings(self.call),
            {"sales": (4, self.sales_wang.partner_id), "service": (5, self.service_chen.partner_id)},
        )
        self.assertEqual((link.state, link.comment, link.sales_rating, link.service_rating), ("answered", "Fine", 4, 5))
        self.assertEqual((self.call.sales_rating, self.call.service_rating), (4, 5))
        with self.assertRaises(UserError):
            link._answer({"sales": 1}, "")
        self.assertEqual(link.sales_rating, 4)

    def test_answer_is_about_whom_it_was_asked_about(self):
        link = self._ask()
        self.partner.user_id = self.sales_zhao
        self.customer.service_user_id = self.service_lin
        link._answer({"sales": 3, "service": 3}, "")
        self.assertEqual(
            self._get_ratings(self.call),
            {"sales": (3, self.sales_wang.partner_id), "service": (3, self.service_chen.partner_id)},
        )

    def test_nobody_is_scored_who_does_not_serve(self):
        customer = self._open_customers(1, user=self.sales_zhao)
        link = self._ask(self._plan_call(customer))
        self.assertEqual(link._get_asked_roles(), ("sales",))
        with self.assertRaises(UserError):
            link._answer({"service": 4}, "")
        link._answer({"sales": 4, "service": 4}, "")
        self.assertEqual((link.sales_rating, link.service_rating), (4, 0))

    def test_no_token_of_odoo_opens_an_answer(self):
        link = self._ask()
        link._answer({"sales": 4}, "")
        rating = self.env["rating.rating"].search([("res_model", "=", "broker.care.call")])
        self.assertFalse(rating.access_token)

    def test_late_answer(self):
        link = self._ask()
        self.at("2026-03-16 01:59:59")
        self.assertIsNone(link._get_refusal(self.env.ref("base.public_user")))
        self.at("2026-03-16 02:00:00")
        self.assertEqual(link._get_refusal(self.env.ref("base.public_user")), "expired")
        with self.assertRaises(UserError):
            link._answer({"sales": 5}, "")
        self.Link._gc_expired()
        self.assertEqual(link.state, "expired")
        self.assertFalse(self._get_ratings(self.call))

    def test_asked_again_long_after_nobody_answered(self):
        """Before the night closed the link whose time is over."""
        link = self._ask()
        link.flush_recordset()
        self.at("2026-10-05 02:00:00")
        other = self._ask()
        self.assertEqual((link.state, other.state), ("expired", "open"))

    def test_tapping_twice_at_once(self):
        link = self._ask()
        with (
            patch.object(type(link), "lock_for_update", side_effect=LockError("busy")),
            self.assertRaises(LockError),
        ):
            link._answer({"sales": 5}, "")
        self.assertEqual(link.state, "open")

    # How often

    def test_phone_counts_against_the_link_and_back(self):
        self.call.action_log_attempt("reached", sales_rating=4)
        call = self._plan_after("2026-06-01 02:00:00")
        # Of the relationship: 180 days after 2 March, that is 29 August.
        with self.assertRaisesRegex(UserError, "not to be asked before 2026-08-29"):
            self._ask(call)
        self.at("2026-08-29 02:00:00")
        link = self._ask(call)
        self.assertEqual(call.ask_rating_from, date(2027, 2, 25))
        self.assertFalse(call.ask_rating)
        with self.assertRaisesRegex(UserError, "asked for scores lately"):
            call.action_log_attempt("reached", sales_rating=1)
        call.action_log_attempt("reached")
        link._answer({"sales": 2}, "")
        self.assertEqual(call.sales_rating, 2)

    def _plan_after(self, moment):
        """Return the customer's open call, at a later moment."""
        self.at(moment)
        call = self._get_open_call()
        call.user_id = self.care_sun
        return call.with_user(self.care_sun)

    def test_a_link_without_an_answer_counts_as_asked(self):
        link = self._ask()
        link.with_user(self.care_sun).action_withdraw()
        with self.assertRaisesRegex(UserError, "asked for scores on 2026-03-02"):
            self._ask()

    def test_the_cap_is_of_the_person(self):
        buyer, boss = self.env["res.partner"].create(
            [{"name": name, "parent_id": self.partner.id, "phone": "+86 21 6234 1111"} for name in ("Li", "Ma")]
        )
        self.call.partner_id = buyer
        self._ask()
        self.call.partner_id = boss
        self.assertTrue(self.call.ask_rating)
        self.assertEqual(self._ask().partner_id, boss)
        self.call.partner_id = buyer
        self.assertFalse(self.call.ask_rating)

    def test_caps_over_a_leap_day(self):
        for moment, gap, first in (
            ("2027-12-01 02:00:00", 90, date(2028, 2, 29)),
            ("2028-01-15 02:00:00", 180, date(2028, 7, 13)),
        ):
            with self.subTest(gap=gap):
                self.at(moment)
                customer = self._open_customers(1, user=self.sales_wang)
                partner = customer.partner_id
                self.Link._ask(customer, partner, gap)._answer({"sales": 4}, "")
                self.at(f"{first - timedelta(days=1)} 15:59:59")
                # In Shanghai the day before has one second left.
                with self.assertRaises(UserError):
                    self.Link._ask(customer, partner, gap)
                self.at(f"{first - timedelta(days=1)} 16:00:00")
                self.assertEqual(self.Link._ask(customer, partner, gap).state, "open")

    def test_rules_that_ask_for_no_scores(self):
        self.rules["by_hand"].rating_kind = "none"
        with self.assertRaisesRegex(UserError, "ask for none"):
            self._ask()

    def test_only_a_person_of_the_customer(self):
        other = self._create_partner("Opal Hotel")
        with self.assertRaisesRegex(UserError, "only a person of this customer"):
            self.Link._ask(self.customer, other, 90)

    def test_who_is_scored_asks_nobody(self):
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        order = self._receive_job(self.customer)
        for record in (self.customer, order):
            with self.assertRaisesRegex(UserError, "Let somebody else"):
                action = "action_ask_by_link" if record == self.customer else "action_broker_ask_by_link"
                getattr(record.with_user(self.sales_wang), action)()
        with self.assertRaises(AccessError):
            self.call.with_user(self.sales_wang).action_ask_by_link()
        self.assertFalse(self.Link.search([]))

    def test_about_a_received_job(self):
        self.call.action_cancel()
        buyer = self.env["res.partner"].create({"name": "Li", "parent_id": self.partner.id})
        order = self._receive_job(self.customer)
        order.partner_id = buyer
        link = self.Link.browse(order.with_user(self.care_sun).action_broker_ask_by_link()["res_id"])
        self.assertEqual((link.partner_id, link.order_id, link.customer_id), (buyer, order, self.customer))
        link._answer({"sales": 4, "service": 3}, "Thanks")
        self.assertEqual(self._get_ratings(link)["service"], (3, self.service_chen.partner_id))
        self.assertEqual((link.sales_rating, link.service_rating), (4, 3))
        self.assertEqual(self.Call._get_summary(self.company)["sales_rating"], 4)
        # A quarter about a job: 90 days after 2 March.
        self.at("2026-05-30 02:00:00")
        with self.assertRaisesRegex(UserError, "before 2026-05-31"):
            order.with_user(self.care_sun).action_broker_ask_by_link()

    def test_a_job_on_its_way_is_not_asked_about(self):
        order = self._receive_job(self.customer)
        order.broker_receipt_date = False
        with self.assertRaisesRegex(UserError, "not received yet"):
            order.with_user(self.care_sun).action_broker_ask_by_link()
        for user in (self.sales_wang, self.service_chen):
            with self.assertRaises(AccessError):
                order.with_user(user).action_broker_ask_by_link()

    # A low score

    def test_a_low_score_brings_a_call(self):
        link = self._ask()
        self.call.with_user(self.care_sun).action_cancel()
        open_call = self._get_open_call()
        self.assertGreater(open_call.date_planned, self.MONDAY)
        link._answer({"sales": 2, "service": 5}, "Nobody calls back")
        self.assertEqual((open_call.urgency, open_call.date_planned), ("3", self.MONDAY))
        self.assertIn("Nobody calls back", open_call.notes)
        self.assertEqual(open_call.next_attempt_at, datetime(2026, 3, 2, 2, 0))

    def test_a_low_score_without_an_open_call_plans_one(self):
        link = self._ask()
        self.call.sudo().write({"state": "cancelled", "date_done": datetime.now()})
        self.assertFalse(self._get_open_call())
        link._answer({"sales": 1}, "")
        call = self._get_open_call()
        self.assertEqual((call.urgency, call.reason, call.user_id), ("3", "by_hand", self.care_sun))

    def test_the_firm_is_told_in_its_own_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.partner.lang = "zh_CN"
        self.company.partner_id.lang = "en_US"
        link = self._ask()
        link.with_context(lang=link._get_lang())._answer({"sales": 1}, "")
        self.assertIn("Low score by a link", self.call.notes)

    def test_a_good_score_brings_none(self):
        link = self._ask()
        link._answer({"sales": 3, "service": 5}, "")
        self.assertEqual(self.call.urgency, self.rules["by_hand"].urgency)
        self.assertFalse(self.call.notes)

    def test_a_low_score_of_who_is_not_called_goes_to_a_manager_it_is_not_about(self):
        link = self._ask()
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_manager")
        self.company.broker_care_manager_id = self.sales_wang
        self.customer.write({"do_not_call": True, "do_not_call_reason": "Wants none"})
        link._answer({"sales": 1}, "")
        self.assertEqual(link.activity_ids.user_id, self.manager_qian)
        self.assertFalse(self._get_open_call())

    # E-mail

    def test_mail(self):
        self.company.email = "care@broker.example.com"
        link = self._ask().with_user(self.care_sun)
        link.action_send_mail()
        mail = self.env["mail.mail"].search([("model", "=", "broker.rating.link"), ("res_id", "=", link.id)])
        self.assertEqual(mail.recipient_ids, self.partner)
        self.assertIn(link.link, mail.body_html)
        for name in ("Wang", "Chen", "Sun", self.customer.display_name + " ·"):
            self.assertNotIn(name, mail.body_html + mail.email_from + (mail.reply_to or "") + mail.subject)
        with self.assertRaisesRegex(UserError, "left on 2026-03-02 already"):
            link.action_send_mail()
        message = mail.mail_message_id
        for user in (self.sales_wang, self.service_chen, self.plain_user):
            self.assertFalse(self.env["mail.message"].with_user(user).search([("id", "=", message.id)]))

    def test_mail_without_an_address(self):
        self.partner.email = False
        link = self._ask().with_user(self.care_sun)
        with self.assertRaisesRegex(UserError, "no e-mail address"):
            link.action_send_mail()
        self.partner.email = "jade@example.com"
        self.company.email = False
        with self.assertRaisesRegex(UserError, "no e-mail address to send this from"):
            link.action_send_mail()
        self.assertFalse(link.date_mailed)

    # Access

    def test_the_scored_see_no_link_and_no_answer(self):
        link = self._ask()
        other = self._open_customers(1, user=self.sales_wang)
        other_link = self.Link._ask(other, other.partner_id, 90)
        for one in (link, other_link):
            one._answer({"sales": 4}, "")
        for user in (self.sales_wang, self.service_chen, self.sales_zhao, self.plain_user):
            Link = self.Link.with_user(user)
            for call in (
                lambda Link=Link: link.with_env(Link.env).read(["state"]),
                lambda Link=Link: Link.search([]),
                lambda Link=Link: Link._read_group([], ["customer_id"], ["__count"]),
                lambda Link=Link: link.with_env(Link.env).action_send_mail(),
                lambda Link=Link: link.with_env(Link.env).action_withdraw(),
            ):
                with self.assertRaises(AccessError):
                    call()
            ratings = self.env["rating.rating"].with_user(user)
            self.assertFalse(ratings.search([("res_model", "=", "broker.rating.link")]))
            self.assertFalse(ratings._read_group([("broker_role", "!=", False)], [], ["rating:avg"])[0][0])

    def test_an_officer_reads_and_writes_nothing(self):
        link = self._ask().with_user(self.care_sun)
        self.assertEqual(link.state, "open")
        with self.assertRaises(AccessError):
            link.read(["access_token"])
        for vals in ({"state": "answered"}, {"date_expiry": "2030-01-01"}, {"comment": "x"}):
            with self.assertRaises(AccessError):
                link.write(vals)
        with self.assertRaises(AccessError):
            self.Link.with_user(self.care_sun).create({"customer_id": self.customer.id, "partner_id": self.partner.id})

    def test_an_officer_who_sells_sees_no_link_about_themselves(self):
        link = self._ask()
        link._answer({"sales": 1, "service": 4}, "Secret")
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        self.assertFalse(self.Link.with_user(self.sales_wang).search([("id", "=", link.id)]))
        # Nor when the customer is somebody else's by now.
        self.partner.user_id = self.sales_zhao
        self.assertFalse(self.Link.with_user(self.sales_wang).search([("id", "=", link.id)]))

    def test_companies_do_not_see_each_other(self):
        link = self._ask()
        other = self.env["res.company"].create({"name": "Second Broker"})
        officer = self._create_user("feng", "group_care_officer", company_id=other.id, company_ids=other.ids)
        manager = self._create_user("shen", "group_manager", company_id=other.id, company_ids=other.ids)
        for user in officer + manager:
            self.assertFalse(self.Link.with_user(user).search([("id", "=", link.id)]))
        # Asked by one company, the person may be asked by the other.
        theirs = self._open_customer(self.partner, company=other)
        self.assertNotEqual(self.Link._ask(theirs, self.partner, 180), link)

    def test_a_person_who_is_deleted_and_a_call_that_is_not(self):
        person = self.env["res.partner"].create({"name": "Li", "parent_id": self.partner.id, "phone": "1"})
        self.call.partner_id = person
        link = self._ask()
        person.unlink()
        link._answer({"sales": 4}, "")
        self.assertEqual((link.state, link.sales_rating), ("answered", 4))
        with self.assertRaisesRegex(UserError, "cancel it instead"):
            self.call.sudo().unlink()

    # Merging contacts

    def test_merging_two_persons_leaves_one_waiting_link(self):
        first, second = self.env["res.partner"].create(
            [{"name": name, "parent_id": self.partner.id, "email": "li@example.com"} for name in ("Li", "Li Na")]
        )
        links = [self.Link._ask(self.customer, person, 90) for person in (first, second)]
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((first + second).ids, second)
        self.assertEqual([link.state for link in links], ["withdrawn", "open"])
        self.assertEqual(links[0].partner_id, second)

    def test_merging_two_customers_moves_the_answers(self):
        twin = self._create_partner("Jade Restaurant Ltd", self.sales_wang)
        other = self._open_customer(twin)
        link = self.Link._ask(other, twin, 90)
        mine = self._ask()
        link._answer({"sales": 4}, "")
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((twin + self.partner).ids, self.partner)
        self.assertEqual((link.customer_id, link.partner_id, link.state), (self.customer, self.partner, "answered"))
        self.assertEqual(mine.state, "open")
