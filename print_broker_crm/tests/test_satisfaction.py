from datetime import date, datetime

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common_care import CareCommon


class SatisfactionCommon(CareCommon):
    def _score(self, customer, sales=None, service=None, at=None):
        """Let a customer score, whenever they were asked last."""
        if at:
            self.at(at)
        call = self.Call.create(
            {"customer_id": customer.id, "state": "done", "date_done": datetime.now(), "close_reason": "result"}
        )
        call._save_ratings({role: score for role, score in (("sales", sales), ("service", service)) if score})
        self.env.flush_all()
        return call

    def _publish(self):
        count = self.env["rating.rating"]._publish_broker_scores(self.company)
        self.env.flush_all()
        return count

    def _get_rows(self, model, *names, **values):
        self.env.flush_all()
        Model = self.env[f"broker.satisfaction.{model}"]
        Model.invalidate_model()
        domain = [(name, "=", value.id if hasattr(value, "id") else value) for name, value in values.items()]
        return [
            tuple(row[name] for name in names) for row in Model.search([*domain, ("company_id", "=", self.company.id)])
        ]


@tagged("post_install", "-at_install")
class TestSatisfaction(SatisfactionCommon):
    """Fair measuring, with figures worked out by hand."""

    def _get_smoothed(self, customer, role="sales"):
        ((smoothed, average, answers),) = self._get_rows(
            "customer", "smoothed", "average", "answer_count", customer_id=customer, role=role
        )
        return round(smoothed, 4), round(average, 4), answers

    def test_a_customers_score_is_drawn_towards_the_firms(self):
        happy, angry, third = self._open_customers(3, user=self.sales_wang)
        for customer, score in ((happy, 5), (happy, 5), (angry, 1), (third, 4)):
            self._score(customer, sales=score)
        # The firm's mean is that of the customers' means: (5 + 1 + 4) / 3 = 3.3333.
        # (3 × 3.3333 + 2 × 5) / 5, (3 × 3.3333 + 1) / 4 and (3 × 3.3333 + 4) / 4
        self.assertEqual(self._get_smoothed(happy), (4.0, 5.0, 2))
        self.assertEqual(self._get_smoothed(angry), (2.75, 1.0, 1))
        self.assertEqual(self._get_smoothed(third), (3.5, 4.0, 1))
        self.company.broker_satisfaction_weight = 0
        self.assertEqual(self._get_smoothed(angry), (1.0, 1.0, 1))

    def test_roles_and_companies_have_means_of_their_own(self):
        self._score(self.customer, sales=5, service=1)
        other = self.env["res.company"].create({"name": "Second Broker"})
        theirs = self._open_customer(self.partner, company=other)
        self._score(theirs, sales=1)
        self.assertEqual(self._get_smoothed(self.customer), (5.0, 5.0, 1))
        self.assertEqual(self._get_smoothed(self.customer, "service"), (1.0, 1.0, 1))

    def test_looking_back_over_a_leap_day(self):
        customer = self._open_customers(1, user=self.sales_wang)
        self._score(customer, sales=1, at="2027-03-31 02:00:00")
        self._score(customer, sales=5, at="2027-06-01 02:00:00")
        # 365 days before 30 March 2028 is 31 March 2027: the leap day makes it one day later.
        self.at("2028-03-30 02:00:00")
        self.assertEqual(self._get_smoothed(customer), (3.0, 3.0, 2))
        self.at("2028-03-31 02:00:00")
        self.assertEqual(self._get_smoothed(customer), (5.0, 5.0, 1))

    def _order_on(self, customer, *days):
        for day in days:
            self._receive_job(customer).date_order = f"{day} 04:00:00"

    def test_bought_again(self):
        customers = self._open_customers(6, user=self.sales_wang)
        for customer in customers[:4]:
            # 10 and 20 days between jobs: half of them are shorter than 15.
            self._order_on(customer, "2026-01-20", "2026-01-30", "2026-02-19")
        yes, late, _open, _same = customers[:4]
        unknown, first = customers[4:]
        for customer in customers:
            self._score(customer, sales=2)
        self._order_on(yes, "2026-03-17")
        self._order_on(late, "2026-03-18")
        self._order_on(customers[3], "2026-03-02")
        self._order_on(first, "2026-05-01")

        def get():
            rows = self._get_rows(
                "customer", "customer_id", "bought_again", "rhythm_days", "low_count", "low_bought_count"
            )
            return {row[0]: row[1:] for row in rows}

        self.at("2026-03-17 02:00:00")
        self.assertEqual(
            get(),
            {
                yes: ("yes", 15, 1, 1),
                late: ("late", 15, 1, 0),
                customers[2]: ("wait", 15, 1, 0),
                # On the day of the answer: nobody knows what came first.
                customers[3]: ("no", 11, 1, 0),
                unknown: ("unknown", 0, 1, 0),
                first: ("yes", 0, 1, 0),
            },
        )
        self.at("2026-03-18 02:00:00")
        self.assertEqual(get()[customers[2]], ("no", 15, 1, 0))

    def test_printed_again_is_not_bought_again(self):
        """The complaint's own reprint does not make it harmless."""
        self._order_on(self.customer, "2026-01-20", "2026-01-30", "2026-02-19")
        self._score(self.customer, sales=2)
        case = self.env["broker.case"]._open([{"customer_id": self.customer.id, "title": "Wet", "kind": "claim"}])
        reprint = self._receive_job(self.customer)
        reprint.write({"broker_claim_case_id": case.id, "date_order": "2026-03-10 04:00:00"})
        self.at("2026-03-11 02:00:00")
        self.assertEqual(self._get_rows("customer", "bought_again", customer_id=self.customer), [("wait",)])
        reprint.broker_claim_case_id = False
        self.assertEqual(self._get_rows("customer", "bought_again", customer_id=self.customer), [("yes",)])

    def test_bought_later_than_usual(self):
        self._order_on(self.customer, "2026-02-01", "2026-02-03", "2026-02-05", "2026-02-07")
        self._score(self.customer, sales=1)
        # Two days apart until then, and 27 after a bad day.
        self._order_on(self.customer, "2026-03-06")
        self.assertEqual(
            self._get_rows("customer", "bought_again", "rhythm_days", "low_bought_count", "next_order_date"),
            [("late", 2, 0, date(2026, 3, 6))],
        )

    def test_cancelled_jobs_are_no_purchase(self):
        self._order_on(self.customer, "2026-02-01", "2026-02-11")
        self._score(self.customer, sales=1)
        order = self._receive_job(self.customer)
        order.date_order = "2026-03-05 04:00:00"
        order._action_cancel()
        self.assertEqual(self._get_rows("customer", "bought_again", "rhythm_days"), [("wait", 10)])

    def test_one_loud_customer_counts_once(self):
        loud, *others = self._open_customers(5, user=self.sales_wang)
        for _time in range(3):
            self._score(loud, sales=1)
        for customer in others:
            self._score(customer, sales=5)
        # (1 + 4 × 5) / 5, and not (3 × 1 + 4 × 5) / 7.
        # Smoothed: (3 × 4.2 + 5 × 4.2) / 8.
        self.assertEqual(
            self._get_rows("month", "user_id", "month", "average", "customer_count", "answer_count", "low_count"),
            [(self.sales_wang, date(2026, 3, 1), 4.2, 5, 7, 3)],
        )

    def test_quarter(self):
        loud, second, third = self._open_customers(3, user=self.sales_wang)
        self._score(loud, sales=1, at="2026-01-10 02:00:00")
        self._score(loud, sales=1, at="2026-02-10 02:00:00")
        self._score(second, sales=5, at="2026-03-10 02:00:00")
        # In Shanghai April has begun.
        self._score(third, sales=4, at="2026-03-31 16:30:00")
        rows = self._get_rows("month", "month", "average", "quarter_average", "smoothed", user_id=self.sales_wang)
        # Quarter: (1 + 5) / 2 = 3. The firm: (1 + 5 + 4) / 3. Smoothed: (10 + 2 × 3) / 5, (10 + 4) / 4.
        self.assertEqual(
            [(month, average, quarter, round(smoothed, 4)) for month, average, quarter, smoothed in rows],
            [
                (date(2026, 4, 1), 4.0, 4.0, 3.5),
                (date(2026, 3, 1), 5.0, 3.0, 3.2),
                (date(2026, 2, 1), 1.0, 3.0, 3.2),
                (date(2026, 1, 1), 1.0, 3.0, 3.2),
            ],
        )

    def test_scores_by_phone_and_by_a_link_alike(self):
        link = self.env["broker.rating.link"]._ask(self.customer, self.partner, 90)
        link._answer({"sales": 4}, "")
        other = self._open_customers(1, user=self.sales_wang)
        self._score(other, sales=2)
        self.assertEqual(self._get_rows("month", "average", "answer_count", role="sales"), [(3.0, 2)])

    def test_the_person_who_left_keeps_the_score(self):
        self._score(self.customer, sales=2)
        self.sales_wang.action_archive()
        self.assertEqual(self._get_rows("month", "user_id", role="sales"), [(self.sales_wang,)])

    def test_merged_customers_are_one(self):
        first, second = self._open_customers(2, user=self.sales_wang)
        self._score(first, sales=1)
        self._score(second, sales=5)
        partners = (first + second).partner_id
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(partners.ids, first.partner_id)
        self.assertEqual(self._get_smoothed(first), (3.0, 3.0, 2))


@tagged("post_install", "-at_install")
class TestSatisfactionOfTheScored(SatisfactionCommon):
    """What those who are scored see: an average that tells on nobody."""

    def _get_mine(self, user=None):
        self.env.flush_all()
        Mine = self.env["broker.satisfaction.mine"].with_user(user or self.sales_wang)
        Mine.invalidate_model()
        return [(row.role, row.average, row.customer_count, row.answer_count) for row in Mine.search([])]

    def test_five_different_customers(self):
        customers = self._open_customers(5, user=self.sales_wang)
        for customer, score in zip(customers, (5, 4, 4, 3, 1), strict=True):
            self.assertEqual(self._publish(), 0)
            self.assertFalse(self._get_mine())
            self._score(customer, sales=score)
        self.assertFalse(self._get_mine(), "Nothing shows before the night")
        self.assertEqual(self._publish(), 5)
        # (5 + 4 + 4 + 3 + 1) / 5
        self.assertEqual(self._get_mine(), [("sales", 3.4, 5, 5)])
        self.assertFalse(self._get_mine(self.sales_zhao))
        self.assertEqual(self._publish(), 0)

    def test_one_customer_five_times_is_one_customer(self):
        customers = self._open_customers(5, user=self.sales_wang)
        for _time in range(7):
            self._score(customers[0], sales=1)
        for customer in customers[1:4]:
            self._score(customer, sales=5)
        self.assertEqual(self._publish(), 0)
        self._score(customers[4], sales=5)
        self.assertEqual(self._publish(), 11)
        # (1 + 4 × 5) / 5
        self.assertEqual(self._get_mine(), [("sales", 4.2, 5, 11)])

    def test_the_average_moves_by_blocks_only(self):
        customers = self._open_customers(10, user=self.sales_wang)
        for customer in customers[:5]:
            self._score(customer, sales=5)
        self._publish()
        for customer in customers[5:9]:
            self._score(customer, sales=1)
            self._publish()
            self.assertEqual(self._get_mine(), [("sales", 5.0, 5, 5)], "One answer more tells who said it")
        self._score(customers[9], sales=1)
        self._publish()
        self.assertEqual(self._get_mine(), [("sales", 3.0, 10, 10)])

    def test_a_block_leaves_as_a_whole(self):
        customers = self._open_customers(5, user=self.sales_wang)
        for number, customer in enumerate(customers):
            self._score(customer, sales=4, at=f"2026-03-{2 + number:02} 02:00:00")
        self._publish()
        for moment, seen in (("2027-03-06 02:00:00", True), ("2027-03-07 02:00:00", False)):
            self.at(moment)
            self.assertEqual(bool(self._get_mine()), seen, moment)

    def test_what_waits_too_long_never_goes_out(self):
        customers = self._open_customers(6, user=self.sales_wang)
        self._score(customers[0], sales=1)
        self.at("2027-06-01 02:00:00")
        for customer in customers[1:5]:
            self._score(customer, sales=5)
        self.assertEqual(self._publish(), 0)
        self._score(customers[5], sales=5)
        self.assertEqual(self._publish(), 5)
        self.assertEqual(self._get_mine(), [("sales", 5.0, 5, 5)])

    def test_the_firm_may_ask_for_more_and_never_for_fewer(self):
        self.company.broker_satisfaction_minimum = 6
        customers = self._open_customers(6, user=self.sales_wang)
        for customer in customers[:5]:
            self._score(customer, sales=4)
        self.assertEqual(self._publish(), 0)
        self._score(customers[5], sales=4)
        self.assertEqual(self._publish(), 6)
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.company.broker_satisfaction_minimum = 4
            self.env.flush_all()

    def test_merging_customers_hides_an_average_of_too_few(self):
        customers = self._open_customers(5, user=self.sales_wang)
        for customer in customers:
            self._score(customer, sales=4)
        self._publish()
        self.assertTrue(self._get_mine())
        partners = customers[:2].partner_id
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(partners.ids, partners[0])
        self.assertFalse(self._get_mine())

    def test_roles_apart(self):
        customers = self._open_customers(5, user=self.sales_wang)
        customers.service_user_id = self.service_chen
        for customer in customers:
            self._score(customer, sales=2, service=4)
        self._publish()
        self.assertEqual(self._get_mine(), [("sales", 2.0, 5, 5)])
        self.assertEqual(self._get_mine(self.service_chen), [("service", 4.0, 5, 5)])

    def _fill(self):
        customers = self._open_customers(5, user=self.sales_wang)
        calls = [self._score(customer, sales=2) for customer in customers]
        self._publish()
        return calls

    def test_nothing_below_the_average(self):
        calls = self._fill()
        calls[0].message_post(body="Secret")
        for user in (self.sales_wang, self.sales_zhao, self.service_chen, self.plain_user):
            env = self.env(user=user, su=False)
            for model in ("broker.satisfaction.month", "broker.satisfaction.customer", "broker.care.call"):
                with self.assertRaises(AccessError):
                    env[model].search([])
                with self.assertRaises(AccessError):
                    env[model].formatted_read_group([], ["company_id"], ["__count"])
            self.assertFalse(env["rating.rating"].search([("broker_role", "!=", False)]))
            self.assertEqual(
                env["rating.rating"]._read_group([("res_model", "=", "broker.care.call")], [], ["__count"]), [(0,)]
            )
            with self.assertRaises(AccessError):
                env["rating.rating"].search([("broker_published_at", "!=", False)])
            self.assertFalse(
                env["mail.message"].search([("model", "=", "broker.care.call"), ("res_id", "=", calls[0].id)])
            )
        mine = self.env["broker.satisfaction.mine"].with_user(self.sales_wang).search([])
        self.assertEqual(len(mine), 1)
        for vals in ({"average": 5}, {"user_id": self.sales_zhao.id}):
            with self.assertRaises(AccessError):
                mine.write(vals)
        self.assertFalse({"customer_id", "rating_ids", "rated_users"} & set(mine.fields_get()))
        with self.assertRaises(AccessError):
            mine.with_user(self.sales_zhao).read(["average"])
        with self.assertRaises(AccessError):
            self.env["broker.satisfaction.mine"].with_user(self.plain_user).search([])

    def test_an_officer_who_sells_sees_nothing_about_themselves(self):
        self._fill()
        other = self._open_customers(1, user=self.sales_zhao, name="Other")
        self._score(other, sales=5)
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_care_officer")
        env = self.env(user=self.sales_wang, su=False)
        self.assertEqual(env["broker.satisfaction.month"].search([]).user_id, self.sales_zhao)
        self.assertEqual(env["broker.satisfaction.customer"].search([]).customer_id, other)
        # Nor of customers who were theirs when they scored.
        self.env["broker.customer"].search([("user_id", "=", self.sales_wang.id)]).partner_id.user_id = self.sales_zhao
        self.assertEqual(env["broker.satisfaction.customer"].search([]).customer_id, other)
        for user in (self.care_sun, self.manager_qian):
            env = self.env(user=user, su=False)
            self.assertEqual(len(env["broker.satisfaction.customer"].search([])), 6)
            self.assertEqual(env["broker.satisfaction.month"].search([]).user_id, self.sales_wang + self.sales_zhao)

    def test_companies_do_not_see_each_other(self):
        self._fill()
        other = self.env["res.company"].create({"name": "Second Broker"})
        manager = self._create_user("shen", "group_manager", company_id=other.id, company_ids=other.ids)
        for model in ("mine", "month", "customer"):
            self.assertFalse(self.env[f"broker.satisfaction.{model}"].with_user(manager).search([]))

    def test_the_night(self):
        customers = self._open_customers(5, user=self.sales_wang)
        for customer in customers:
            self._score(customer, sales=3)
        with self.enter_registry_test_mode():
            self.env.ref("print_broker_crm.ir_cron_broker_satisfaction").method_direct_trigger()
        self.assertEqual(self._get_mine(), [("sales", 3.0, 5, 5)])

    def test_the_night_asks_as_much_for_few_as_for_many(self):
        counts = []
        for number in (5, 40):
            customers = self._open_customers(number, user=self.sales_wang)
            for customer in customers:
                self._score(customer, sales=3)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertEqual(self._publish(), number)
            counts.append(self.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])

    def test_views_open(self):
        self._fill()
        for model, user in (("mine", self.sales_wang), ("month", self.care_sun), ("customer", self.care_sun)):
            Model = self.env[f"broker.satisfaction.{model}"].with_user(user)
            fields = Model.fields_get()
            rows = Model.search([])
            self.assertTrue(rows.read(list(fields)))
            if model != "mine":
                action = rows[:1].action_view_answers()
                self.assertTrue(self.env[action["res_model"]].with_user(user).search_count(action["domain"]))
        customer = self.env["broker.customer"].search([("user_id", "=", self.sales_wang.id)], limit=1)
        action = customer.with_user(self.care_sun).action_view_satisfaction()
        self.assertEqual(action["domain"], [("customer_id", "=", customer.id)])
