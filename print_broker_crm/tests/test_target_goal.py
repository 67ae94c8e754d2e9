from datetime import date, datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common import BrokerCommon


class TargetCommon(BrokerCommon):
    """Thursday, 12 March 2026, ten in the morning in Shanghai."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Goal = cls.env["gamification.goal"]
        cls.Event = cls.env["broker.target.event"]
        cls.challenges = {
            role: cls.env.ref(f"print_broker_crm.gamification_challenge_{role}")
            for role in ("sales", "service", "care")
        }
        cls.product = cls.env["product.product"].create({"name": "Brochure", "type": "service"})

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-03-12 02:00:00")
        self.clock = freezer.start()
        self.addCleanup(freezer.stop)

    def at(self, moment):
        """Move the clock to a moment in UTC."""
        self.clock.move_to(datetime.fromisoformat(moment))

    def _night(self):
        """What Odoo's daily job does."""
        self.env["gamification.challenge"]._cron_update(commit=False)

    def _get_goal(self, user, kind, month=None):
        goals = self.Goal.search([("user_id", "=", user.id), ("broker_kind", "=", kind)], order="start_date")
        if month:
            goals = goals.filtered(lambda goal: goal.start_date == month)
        return goals

    def _add_job(self, customer, confirm=True, on=None, **vals):
        order = self.env["sale.order"].create(
            {
                "partner_id": customer.partner_id.id,
                "company_id": customer.company_id.id,
                "order_line": [Command.create({"product_id": self.product.id, "price_unit": 100})],
                **vals,
            }
        )
        if confirm:
            order.action_confirm()
        if on:
            order.date_order = on
        return order

    def _get_total(self, kind, user, first=date(2026, 3, 1), last=date(2026, 3, 31), company=None):
        """Return (sum, average, rows) of what counts, and check that the rows say so."""
        totals = self.Event._get_totals(company or self.company, [kind], user, first, last)
        total, average, count = totals.get((kind, user.id), (0, None, 0))
        rows = self.Event.search(
            [
                ("kind", "=", kind),
                ("user_id", "=", user.id),
                ("company_id", "=", (company or self.company).id),
                ("date", ">=", first),
                ("date", "<=", last),
            ]
        )
        self.assertEqual(len(rows), count)
        self.assertAlmostEqual(sum(rows.mapped("value")), total)
        return total, average, count


@tagged("post_install", "-at_install")
class TestTargetGoal(TargetCommon):
    """Who has which target, until when, and who may say so."""

    def test_nobody_has_targets_until_they_are_started(self):
        self.assertEqual(
            set(
                self.env["gamification.challenge"]
                .browse([challenge.id for challenge in self.challenges.values()])
                .mapped("state")
            ),
            {"draft"},
        )
        self._night()
        self.assertFalse(self.Goal.search([("broker_kind", "!=", False)]))

    def test_starting_gives_every_one_of_the_role_theirs(self):
        self.challenges["sales"].with_user(self.manager_qian).action_start()
        goals = self.Goal.search([("broker_kind", "!=", False)])
        self.assertEqual(
            goals.user_id & (self.sales_wang + self.sales_zhao + self.service_chen + self.manager_qian),
            self.sales_wang + self.sales_zhao,
        )
        mine = goals.filtered(lambda goal: goal.user_id == self.sales_wang)
        self.assertEqual(set(mine.mapped("broker_kind")), {"new_customer", "margin", "handoff"})
        self.assertEqual(set(mine.mapped("start_date")), {date(2026, 3, 1)})
        self.assertEqual(set(mine.mapped("end_date")), {date(2026, 3, 31)})
        self.assertEqual(set(mine.mapped("broker_company_id")), {self.company})
        # Again: nothing new.
        before = len(goals)
        self._night()
        self.assertEqual(self.Goal.search_count([("broker_kind", "!=", False)]), before)

    def test_a_manager_with_more_roles_has_none(self):
        self.manager_qian.group_ids += self.env.ref("print_broker_crm.group_salesperson")
        self.manager_qian.group_ids += self.env.ref("base.group_system")
        self.challenges["sales"].action_start()
        self.assertIn(self.sales_wang, self.challenges["sales"].user_ids)
        self.assertNotIn(self.manager_qian, self.challenges["sales"].user_ids)

    def test_opened_from_the_challenge(self):
        challenge = self.challenges["sales"].with_user(self.manager_qian)
        challenge.action_start()
        action = challenge.action_broker_goals()
        self.assertEqual(action["display_name"], challenge.name)
        self.assertEqual(self.Goal.search(action["domain"]), challenge.sudo()._get_broker_goals())

    def test_in_words(self):
        self.challenges["sales"].action_start()
        self._add_job(self._open_customer())
        self._night()
        self.assertEqual(self._get_goal(self.sales_wang, "new_customer").broker_score, "1 of 2 customers")
        self.assertEqual(self._get_goal(self.sales_wang, "handoff").broker_score, "– of 90 %")
        margin = self._get_goal(self.sales_wang, "margin")
        self.assertIn(self.company.currency_id.symbol, margin.broker_score)
        self.assertIn("30,000", margin.broker_score)
        self.assertEqual(self._get_goal(self.sales_wang, "new_customer").broker_progress, 50)
        self.assertTrue(all(goal.broker_explanation for goal in self.challenges["sales"]._get_broker_goals()))

    def test_a_new_colleague_gets_targets_in_the_night(self):
        self.challenges["sales"].action_start()
        new = self._create_user("feng", "group_salesperson")
        self._night()
        self.assertEqual(len(self._get_goal(new, "new_customer")), 1)

    def test_no_mail(self):
        before = self.env["mail.mail"].search_count([]), self.env["mail.message"].search_count([])
        self.challenges["sales"].action_start()
        self._add_job(self._open_customer())
        self._night()
        self.at("2026-04-08 02:00:00")
        self._night()
        self.challenges["sales"].action_broker_stop()
        mails = (
            self.env["mail.mail"].search_count([]),
            self.env["mail.message"].search([("model", "=", "gamification.challenge")]),
        )
        self.assertEqual(mails[0], before[0])
        self.assertFalse(mails[1].partner_ids)

    def test_counted_for_who_never_looks_at_a_screen(self):
        self.challenges["sales"].action_start()
        self._add_job(self._open_customer())
        self._night()
        goal = self._get_goal(self.sales_wang, "new_customer")
        self.assertEqual((goal.current, goal.state, goal.broker_row_count), (1, "inprogress", 1))

    def test_rows_that_vanish_are_taken_back(self):
        self.challenges["sales"].line_ids.filtered(
            lambda line: line.definition_id.broker_kind == "new_customer"
        ).target_goal = 1
        self.challenges["sales"].action_start()
        order = self._add_job(self._open_customer())
        self._night()
        goal = self._get_goal(self.sales_wang, "new_customer")
        self.assertEqual((goal.current, goal.state), (1, "reached"))
        order._action_cancel()
        self._night()
        self.assertEqual((goal.current, goal.state, goal.broker_row_count), (0, "inprogress", 0))

    def test_a_month_ends_even_if_nothing_moves(self):
        self.challenges["sales"].action_start()
        goal = self._get_goal(self.sales_wang, "new_customer")
        quality = self._get_goal(self.sales_wang, "handoff")
        self.at("2026-04-01 02:00:00")
        self._night()
        self.assertEqual((goal.state, goal.closed), ("inprogress", False), "what is written later still counts")
        self.assertEqual(self._get_goal(self.sales_wang, "new_customer")[1:].start_date, date(2026, 4, 1))
        self.at("2026-04-05 15:00:00")  # the 5th in Shanghai
        self._night()
        self.assertFalse(goal.closed)
        self.at("2026-04-05 17:00:00")  # the 6th
        self._night()
        self.assertEqual((goal.state, goal.closed, goal.current), ("failed", True, 0))
        self.assertEqual((quality.state, quality.closed), ("canceled", True), "no handoff: neither good nor bad")

    def test_what_is_closed_stays(self):
        self.challenges["sales"].action_start()
        order = self._add_job(self._open_customer())
        self.at("2026-04-10 02:00:00")
        self._night()
        goal = self._get_goal(self.sales_wang, "new_customer", date(2026, 3, 1))
        self.assertEqual((goal.current, goal.state), (1, "failed"))
        order._action_cancel()
        self._night()
        goal.update_goal()
        self.assertEqual((goal.current, goal.state), (1, "failed"))

    def test_a_month_begins_by_the_companys_clock(self):
        self.at("2026-03-31 15:59:00")  # 23:59 in Shanghai
        self.challenges["sales"].action_start()
        self.assertEqual(self._get_goal(self.sales_wang, "new_customer").start_date, date(2026, 3, 1))
        self.at("2026-03-31 16:01:00")
        self._night()
        self.assertEqual(
            self._get_goal(self.sales_wang, "new_customer").mapped("start_date"), [date(2026, 3, 1), date(2026, 4, 1)]
        )

    def test_other_periods(self):
        expected = {
            "daily": (date(2026, 3, 12), date(2026, 3, 12)),
            "weekly": (date(2026, 3, 9), date(2026, 3, 15)),
            "yearly": (date(2026, 1, 1), date(2026, 12, 31)),
            "once": (False, False),
        }
        for period, days in expected.items():
            self.challenges["care"].period = period
            self.assertEqual(self.challenges["care"]._get_broker_period(self.company), days, period)
        self.challenges["care"].write({"start_date": "2026-03-02", "end_date": "2026-05-02"})
        self.assertEqual(self.challenges["care"]._get_broker_period(self.company), (date(2026, 3, 2), date(2026, 5, 2)))

    # PEOPLE

    def test_a_leavers_past_stays(self):
        self.at("2026-02-12 02:00:00")
        self.challenges["sales"].action_start()
        self._add_job(self._open_customer())
        self.at("2026-03-12 02:00:00")
        self._night()
        self.sales_wang.action_archive()
        self._night()
        february, march = self._get_goal(self.sales_wang, "new_customer")
        self.assertEqual((february.current, february.state), (1, "failed"))
        self.assertEqual((march.state, march.closed), ("canceled", True))
        # Back in the same month: the same target goes on.
        self.sales_wang.action_unarchive()
        self._night()
        self.assertEqual(self._get_goal(self.sales_wang, "new_customer"), february + march)
        self.assertEqual((march.state, march.closed), ("inprogress", False))

    def test_whoever_changes_the_role_ends_with_the_old_one(self):
        self.challenges["sales"].action_start()
        self.challenges["service"].action_start()
        self.sales_wang.group_ids -= self.env.ref("print_broker_crm.group_salesperson")
        self.sales_wang.group_ids += self.env.ref("print_broker_crm.group_service_agent")
        self._night()
        self.assertTrue(self._get_goal(self.sales_wang, "new_customer").closed)
        self.assertFalse(self._get_goal(self.sales_wang, "solved").closed)

    def test_stopping_ends_and_starting_goes_on(self):
        self.challenges["sales"].action_start()
        goal = self._get_goal(self.sales_wang, "new_customer")
        self.challenges["sales"].with_user(self.manager_qian).action_broker_stop()
        self.assertEqual((goal.state, goal.closed), ("canceled", True))
        self._night()
        self.assertTrue(goal.closed)
        self.challenges["sales"].with_user(self.manager_qian).action_start()
        self.assertEqual((goal.state, goal.closed), ("inprogress", False))
        self.assertEqual(self._get_goal(self.sales_wang, "new_customer"), goal)

    # RIGHTS

    def test_nobody_types_in_how_far_they_are(self):
        self.challenges["sales"].action_start()
        goal = self._get_goal(self.sales_wang, "new_customer")
        for user in (self.sales_wang, self.manager_qian):
            mine = goal.with_user(user)
            for vals in (
                {"current": 99},
                {"state": "reached"},
                {"closed": True},
                {"broker_row_count": 3},
                {"end_date": "2030-01-01"},
                {"definition_id": 1},
                {"current": 9, "target_goal": 1},
            ):
                with self.assertRaises(UserError):
                    mine.write(vals)
            for action in ("action_reach", "action_fail", "action_cancel", "action_start"):
                with self.assertRaises(UserError):
                    getattr(mine, action)()
        with self.assertRaises(UserError):
            goal.with_user(self.sales_wang).target_goal = 0
        with self.assertRaises(UserError):
            self.env["gamification.goal.wizard"].with_user(self.sales_wang).create(
                {"goal_id": goal.id, "current": 99}
            ).action_update_current()
        self.assertEqual((goal.current, goal.state, goal.target_goal), (0, "inprogress", 2))

    def test_no_other_goal_turns_into_a_target(self):
        manual = self.env["gamification.goal.definition"].create({"name": "Tidy Up"})
        goal = self.Goal.create(
            {"definition_id": manual.id, "user_id": self.sales_wang.id, "target_goal": 1, "state": "draft"}
        )
        goal.with_user(self.sales_wang).current = 1
        self.assertEqual(goal.current, 1, "Odoo's own goals are as they were")
        with self.assertRaises(UserError):
            goal.with_user(self.sales_wang).write(
                {"definition_id": self.env.ref("print_broker_crm.gamification_goal_definition_solved").id, "current": 5}
            )

    def test_a_goal_made_by_hand_counts_like_the_others(self):
        self._add_job(self._open_customer())
        admin = self.env.ref("base.user_admin")
        definition = self.env.ref("print_broker_crm.gamification_goal_definition_new_customer")
        goal = (
            self.Goal.with_user(admin)
            .with_context(default_current=50, default_state="reached")
            .create(
                {
                    "definition_id": definition.id,
                    "user_id": self.sales_wang.id,
                    "target_goal": 3,
                    "start_date": "2026-03-01",
                    "current": 99,
                }
            )
        )
        self.assertEqual((goal.current, goal.state, goal.broker_company_id), (1, "inprogress", self.company))

    def test_everybody_counts_their_own_and_sees_no_other(self):
        self.challenges["sales"].action_start()
        self._add_job(self._open_customer())
        action = self.Goal.with_user(self.sales_wang).action_broker_mine()
        self.assertEqual(action["res_model"], "gamification.goal")
        goal = self._get_goal(self.sales_wang, "new_customer")
        self.assertEqual(goal.current, 1)
        rows = self._open_rows(goal.with_user(self.sales_wang))
        self.assertEqual(rows.mapped("value"), [1])
        self.assertFalse(self.Goal.with_user(self.sales_zhao).search([("id", "=", goal.id)]))
        with self.assertRaises(AccessError):
            goal.with_user(self.sales_zhao).action_broker_rows()
        with self.assertRaises(AccessError):
            goal.with_user(self.sales_zhao).update_goal()
        self.assertFalse(self._open_rows(goal, self.sales_zhao))
        self.assertEqual(self._open_rows(goal, self.manager_qian).mapped("value"), [1])
        with self.assertRaises(AccessError):
            self.Event.with_user(self.plain_user).search([])

    def _open_rows(self, goal, reader=None):
        action = goal.action_broker_rows()
        Event = self.Event.with_user(reader or goal.env.user).with_context(**action["context"])
        return Event.search(action["domain"])

    def test_the_portal_reads_no_target(self):
        portal = new_test_user(self.env, "broker_visitor", groups="base.group_portal")
        Challenge = self.env["gamification.challenge"]
        other = Challenge.create(
            {
                "name": "Of Odoo",
                "line_ids": [
                    Command.create(
                        {
                            "definition_id": self.env.ref("gamification.definition_base_timezone").id,
                            "target_goal": 1,
                        }
                    )
                ],
            }
        )
        ours = Challenge.union(*self.challenges.values())
        self.assertEqual(Challenge.with_user(portal).search([("id", "in", (ours + other).ids)]), other)
        for lines, visible in ((ours.line_ids, False), (other.line_ids, True)):
            self.assertEqual(lines.with_user(portal).has_access("read"), visible)

    def test_managers_see_and_set_the_targets_of_all(self):
        self.challenges["sales"].action_start()
        manager = self.manager_qian
        self.assertFalse(manager.has_group("base.group_erp_manager"))
        goals = self.Goal.with_user(manager).search([("broker_kind", "!=", False)])
        self.assertIn(self.sales_zhao, goals.user_id)
        self.Goal.with_user(manager).action_broker_team()
        # One person's own target; it goes on in the next month.
        wang = self._get_goal(self.sales_wang, "new_customer")
        wang.with_user(manager).target_goal = 5
        self.assertTrue(wang.broker_own_target)
        # The others follow what the challenge wants.
        line = wang.line_id
        line.with_user(manager).target_goal = 4
        zhao = self._get_goal(self.sales_zhao, "new_customer")
        self.assertEqual((wang.target_goal, zhao.target_goal), (5, 4))
        self.at("2026-04-02 02:00:00")
        self._night()
        self.assertEqual(self._get_goal(self.sales_wang, "new_customer", date(2026, 4, 1)).target_goal, 5)
        self.assertEqual(self._get_goal(self.sales_zhao, "new_customer", date(2026, 4, 1)).target_goal, 4)
        # No door to Odoo's own settings.
        with self.assertRaises(AccessError):
            line.definition_id.with_user(manager).compute_code = "result = 1"
        for user in (self.sales_wang, self.care_sun):
            with self.assertRaises(AccessError):
                line.with_user(user).target_goal = 0
            with self.assertRaises(AccessError):
                self.challenges["care"].with_user(user).action_start()

    def test_lower_target_reached_at_once(self):
        self.challenges["sales"].action_start()
        self._add_job(self._open_customer())
        goal = self._get_goal(self.sales_wang, "new_customer")
        goal.with_user(self.manager_qian).target_goal = 1
        self.assertEqual((goal.state, goal.current), ("reached", 1))

    # TWO COMPANIES

    def test_two_companies(self):
        other = self.env["res.company"].create({"name": "Other"})
        (self.sales_wang + self.sales_zhao).company_ids += other
        self.sales_zhao.company_id = other
        mine = self._open_customer()
        partner = self._create_partner("Onyx", self.sales_zhao)
        there = self._open_customer(partner, company=other)
        self._add_job(mine)
        self._add_job(there)
        theirs = self._create_partner("Ruby", self.sales_wang)
        self._add_job(self._open_customer(theirs, company=other))
        self.challenges["sales"].action_start()
        self._night()
        wang, zhao = self._get_goal(self.sales_wang, "new_customer"), self._get_goal(self.sales_zhao, "new_customer")
        self.assertEqual((wang.broker_company_id, wang.current), (self.company, 1), "a job in the other is another's")
        self.assertEqual((zhao.broker_company_id, zhao.current), (other, 1))
        # One company's challenge counts what happens there, for who works there.
        own = self.challenges["sales"].copy({"broker_company_id": other.id})
        own.action_start()
        goals = own._get_broker_goals().filtered(lambda goal: goal.broker_kind == "new_customer")
        self.assertEqual(goals.user_id & (self.sales_wang + self.sales_zhao), self.sales_wang + self.sales_zhao)
        self.assertEqual(goals.filtered(lambda goal: goal.user_id == self.sales_wang).current, 1)
        stranger = self._create_user("feng", "group_salesperson")
        self._night()
        self.assertFalse(own._get_broker_goals().filtered(lambda goal: goal.user_id == stranger))
        # Companies do not see each other.
        seen = self.Goal.with_user(self.manager_qian).search([("broker_kind", "!=", False)])
        self.assertEqual(seen.broker_company_id, self.company)
        rows = self.Event.with_user(self.manager_qian).search([("kind", "=", "new_customer")])
        self.assertEqual(rows.company_id, self.company)
        self.assertFalse(self.env["gamification.challenge"].with_user(self.manager_qian).search([("id", "=", own.id)]))

    def test_two_at_once_give_each_target_once(self):
        """The night and a manager: neither sees what the other one gives."""
        challenge = self.challenges["sales"]
        challenge.with_user(self.manager_qian).action_start()
        goals = challenge._get_broker_goals()
        search = type(self.Goal).search

        def look_before(records, domain, *args, **kwargs):
            is_asked = {"line_id", "start_date"} <= {
                condition.field_expr for condition in Domain(domain).iter_conditions()
            }
            return records.browse() if is_asked else search(records, domain, *args, **kwargs)

        with patch.object(type(self.Goal), "search", look_before), mute_logger("odoo.sql_db"):
            challenge._update_broker_targets()
        self.env.flush_all()
        self.assertEqual(challenge._get_broker_goals(), goals)
        newcomer = self._create_user("feng", "group_salesperson")
        self._night()
        self.assertTrue(self._get_goal(newcomer, "margin"))

    def test_as_many_queries_for_many_people_as_for_few(self):
        self.challenges["sales"].action_start()
        goals = self.Goal.search([("broker_kind", "!=", False)])
        few = self._count_queries(goals)
        for number in range(10):
            self._create_user(f"seller{number}", "group_salesperson")
        self._night()
        goals = self.Goal.search([("broker_kind", "!=", False)])
        self.assertLessEqual(self._count_queries(goals), few)

    def _count_queries(self, goals):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        goals.update_goal()
        return self.env.cr.sql_log_count - before

    # WHO SETS THEM UP

    def _get_foreign(self):
        """Return a challenge of Odoo's own, which no target of ours is in."""
        definition = self.env["gamification.goal.definition"].create(
            {
                "name": "Reports read",
                "computation_mode": "manually",
                "condition": "higher",
            }
        )
        return self.env["gamification.challenge"].create(
            {
                "name": "Read the reports",
                "user_domain": "[('id', '=', 1)]",
                "line_ids": [Command.create({"definition_id": definition.id, "target_goal": 3})],
            }
        )

    def test_managers_set_up_targets_alone(self):
        """Challenges that others made for other ends are not theirs to write."""
        foreign = self._get_foreign()
        definition = self.env.ref("print_broker_crm.gamification_goal_definition_margin")
        theirs = foreign.with_user(self.manager_qian)
        self.assertEqual(theirs.name, "Read the reports")
        for values in (
            {"name": "Mine"},
            {"state": "inprogress"},
            {"line_ids": [Command.create({"definition_id": definition.id, "target_goal": 1})]},
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                theirs.write(values)
        Line = self.env["gamification.challenge.line"].with_user(self.manager_qian)
        with self.assertRaises(AccessError), self.cr.savepoint():
            Line.create({"challenge_id": foreign.id, "definition_id": definition.id, "target_goal": 1})
        with self.assertRaises(AccessError), self.cr.savepoint():
            theirs.line_ids.target_goal = 5
        with self.assertRaises(AccessError), self.cr.savepoint():
            theirs.line_ids.unlink()
        # What goes into a list of targets counts what a print broker does.
        own = self.challenges["sales"].with_user(self.manager_qian)
        with self.assertRaises(AccessError), self.cr.savepoint():
            own.line_ids = [Command.create({"definition_id": foreign.line_ids.definition_id.id, "target_goal": 1})]

    def test_no_line_moves_into_the_list_of_others(self):
        foreign = self._get_foreign()
        own = self.challenges["sales"].with_user(self.manager_qian)
        with self.assertRaises(AccessError), self.cr.savepoint():
            own.line_ids[:1].challenge_id = foreign
        with self.assertRaises(AccessError), self.cr.savepoint():
            own.line_ids[:1].definition_id = foreign.line_ids.definition_id
        other = self.challenges["service"]
        own.line_ids[:1].challenge_id = other

    def test_managers_make_lists_of_their_own(self):
        definition = self.env.ref("print_broker_crm.gamification_goal_definition_margin")
        Challenge = self.env["gamification.challenge"].with_user(self.manager_qian)
        line = Command.create({"definition_id": definition.id, "target_goal": 1000})
        whole = Challenge.create({"name": "Wang", "user_domain": "[('id', '=', 1)]", "line_ids": [line]})
        empty = Challenge.create({"name": "Later", "user_domain": "[('id', '=', 1)]"})
        empty.line_ids = [line]
        (whole + empty).write({"name": "Margin"})
        self.assertEqual((whole.name, empty.name), ("Margin", "Margin"))
        self.assertEqual((whole + empty).mapped("broker_is_target"), [True, True])
        whole.line_ids.target_goal = 2000
        self.assertEqual((whole.line_ids.target_goal, empty.line_ids.target_goal), (2000, 1000))
        whole.line_ids.unlink()
        self.assertFalse(whole.line_ids)

    def test_administrators_write_all_challenges_as_before(self):
        foreign = self._get_foreign()
        both = self._create_user("admin_manager", "group_manager")
        self.assertFalse(foreign.with_user(both).has_access("write"))
        both.group_ids += self.env.ref("base.group_erp_manager")
        administrator = new_test_user(self.env, "broker_administrator", groups="base.group_erp_manager")
        for user in (both, administrator):
            challenge = foreign.with_user(user)
            challenge.name = f"Renamed by {user.name}"
            challenge.line_ids.target_goal += 1
            self.assertTrue(challenge.has_access("unlink"))
        # So do those whom another module lets write challenges.
        group = self.env["res.groups"].create({"name": "Game masters"})
        for model, rights in (("gamification.challenge", 1), ("gamification.challenge.line", 1)):
            self.env["ir.model.access"].create(
                {
                    "name": "Game masters",
                    "model_id": self.env["ir.model"]._get_id(model),
                    "group_id": group.id,
                    "perm_read": rights,
                    "perm_write": rights,
                }
            )
        self.assertFalse(foreign.with_user(self.manager_qian).has_access("write"))
        self.manager_qian.group_ids += group
        foreign.with_user(self.manager_qian).line_ids.target_goal = 9
