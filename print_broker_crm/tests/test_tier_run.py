from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.print_broker_crm.tests.test_tier_score import TierCommon


@tagged("post_install", "-at_install")
class TestTierRun(TierCommon):
    """When a row is written, when a tier changes, and what a batch bears."""

    def _night(self, day):
        self._go_to(f"2025-06-{day:02d} 04:00:00")
        return self._run()

    def test_running_twice_writes_nothing(self):
        self._invoice(100000, 70000)
        self.assertEqual(len(self._run()), 1)
        self.assertFalse(self._run())
        self.assertFalse(self._night(16), "a day without a change writes nothing")

    def test_efficiency_alone_does_not_write(self):
        """What people do for others moves everybody's share a little, every day."""
        self._invoice(100000, 70000)
        self._run()
        other = self._create_partner("Other", self.sales_wang)
        quotation = self.env["sale.order"].create({"partner_id": other.id, "user_id": self.sales_wang.id})
        quotation.date_order = "2025-05-10 04:00:00"
        # 30,000 ÷ (1/12 × 4/6): more than before, still 4A
        self.assertFalse(self._run())
        quotation.copy().date_order = "2025-05-10 04:00:00"
        # 30,000 ÷ (1/12 × 4/8) is 5A: that is news
        score = self._run()
        self.assertEqual((score.full_time_share, score.efficiency_score), (0.041667, 5))

    def test_month_end_is_written_for_everybody(self):
        """What is unchanged is written once when a month has ended, and not again."""
        self._invoice(100000, 70000)
        self._run()
        self.assertFalse(self._night(29))
        score = self._night(30)
        self.assertEqual(score.customer_id, self.customer)
        self.assertEqual((score.date, score.tier_id), (fields.Date.to_date("2025-06-30"), self.tiers["4A"]))
        self.assertFalse(self._run(), "the same night again")
        self._go_to("2025-07-01 04:00:00")
        self.assertFalse(self._run(), "the month begins with what it ended with")

    def test_month_end_that_was_missed(self):
        """No night on the 30th: the next one makes up for it, once."""
        self._invoice(100000, 70000)
        self._run()
        self._go_to("2025-07-02 04:00:00")
        self.assertEqual(self._run().date, fields.Date.to_date("2025-07-02"))
        self._go_to("2025-07-03 04:00:00")
        self.assertFalse(self._run())

    def test_month_end_writes_nothing_about_nobody(self):
        """A customer of whom nothing was ever known has no row at a month's end."""
        self._go_to("2025-06-30 04:00:00")
        self.assertFalse(self._run())

    def test_month_end_is_no_second_opinion(self):
        """A row of the same figures does not count as a run that agrees."""
        self.policy.runs_to_change = 3
        self._invoice(100000, 70000)
        self._run()
        self._invoice(600000, 300000)
        self.assertEqual(self._night(29).pending_runs, 1)
        self.assertEqual(self._night(30).pending_runs, 2)
        self.assertFalse(self._run())
        self.assertEqual(self.customer.tier_id, self.tiers["4A"])

    def test_tier_changes_when_two_runs_agree(self):
        self._invoice(100000, 70000)
        self._run()
        self.assertEqual(self.customer.tier_id, self.tiers["4A"])
        # Every point of the sum at 5A: (150 + 125 + 75 + 75) ÷ 85
        self._invoice(600000, 300000)
        score = self._night(16)
        self.assertEqual(score.tier_proposed_id, self.tiers["5A"])
        self.assertEqual((score.tier_id, score.pending_runs), (self.tiers["4A"], 1))
        self.assertEqual(self.customer.tier_id, self.tiers["4A"])
        self.assertFalse(self._run(), "the same night again is not a second opinion")
        self.assertEqual(self.customer.tier_id, self.tiers["4A"])
        score = self._night(17)
        self.assertEqual((score.tier_id, score.pending_runs), (self.tiers["5A"], 0))
        self.assertEqual(self.customer.tier_id, self.tiers["5A"])
        self.assertEqual(self.customer.tier_date, fields.Date.to_date("2025-06-17"))
        note = self.customer.sudo().message_ids.filtered(lambda message: "4A → 5A" in (message.body or ""))
        self.assertEqual(len(note), 1)
        self.assertFalse(self._night(18))

    def test_tier_stays_when_the_second_run_disagrees(self):
        self._invoice(100000, 70000)
        self._run()
        invoice = self._invoice(600000, 300000)
        self._night(16)
        invoice.button_draft()
        score = self._night(17)
        self.assertEqual((score.tier_id, score.pending_runs), (self.tiers["4A"], 0))
        invoice.action_post()
        self.assertEqual(self._night(18).pending_runs, 1, "agreement begins anew")

    def test_last_run_of_a_day_counts(self):
        """A second run on a day with new figures replaces the first one's verdict."""
        self._invoice(100000, 70000)
        self._run()
        self._invoice(600000, 300000)
        score = self._run()
        self.assertEqual((score.tier_id, score.pending_runs), (self.tiers["5A"], 0))
        self.assertEqual(self.customer.tier_id, self.tiers["5A"])

    def test_three_runs(self):
        self.policy.runs_to_change = 3
        self._invoice(100000, 70000)
        self._run()
        self._invoice(600000, 300000)
        self.assertEqual(self._night(16).pending_runs, 1)
        self.assertEqual(self._night(17).pending_runs, 2)
        self.assertEqual(self._night(18).tier_id, self.tiers["5A"])

    def test_no_policy_no_score(self):
        self._invoice(100000, 70000)
        self.policy.date_from = "2025-06-16"
        self.assertFalse(self._run())
        self.assertTrue(self._night(16))

    def test_only_some_customers(self):
        other = self._create_partner("Other", self.sales_wang)
        self._invoice(100000, 70000)
        self._invoice(100000, 70000, partner=other)
        scores = self._run(customers=other.broker_customer_ids)
        self.assertEqual(scores.customer_id, other.broker_customer_ids)

    def test_small_batches_end_as_one(self):
        partners = [self._create_partner(f"P{index}", self.sales_wang) for index in range(5)]
        for index, partner in enumerate(partners):
            self._invoice(20000 * (index + 1), 10000, partner=partner)
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.tier_batch_size", 2)
        scores = self._run()
        self.assertEqual(len(scores), 5)
        self.assertEqual(scores.mapped("revenue"), [20000, 40000, 60000, 80000, 100000])
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.tier_batch_size", 1000)
        self.assertFalse(self._run(), "the size of the batch changes nothing")

    def test_killed_half_way_resumes(self):
        partners = [self._create_partner(f"P{index}", self.sales_wang) for index in range(5)]
        for partner in partners:
            self._invoice(20000, 10000, partner=partner)
        Run = self.env["broker.tier.run"].sudo()
        run = Run._open(self.company)
        run._gather()
        self.assertEqual(run._step(3), 3)
        self.assertFalse(run.is_done)
        # The process dies here; the cron opens the same run again.
        again = Run._open(self.company)
        self.assertEqual(again, run)
        self.env["ir.config_parameter"].sudo().set_param("print_broker_crm.tier_batch_size", 2)
        cron = self.env.ref("print_broker_crm.ir_cron_broker_tier_run").sudo()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertTrue(run.is_done)
        customers = self.env["broker.customer"].sudo().search([("company_id", "=", self.company.id)])
        self.assertEqual(run.customer_count, len(customers))
        self.assertEqual(run.score_count, 5)
        self.assertEqual(len(self.Score.sudo().search([("company_id", "=", self.company.id)])), 5)
        self.assertFalse(self._run(), "it ended as if it had not been killed")
        self.assertFalse(Run._open(self.company), "once a day is enough")

    def _start(self, count=5):
        """Begin a night of some customers and judge the first two of them."""
        partners = [self._create_partner(f"P{index}", self.sales_wang) for index in range(count)]
        for index, partner in enumerate(partners):
            self._invoice(20000 * (index + 1), 10000, partner=partner)
        run = self.env["broker.tier.run"].sudo()._open(self.company)
        run._gather()
        run._step(3)
        return run, partners

    def _get_rows(self, run):
        return self.env.execute_query(SQL("SELECT customer_id FROM broker_tier_figure WHERE run_id = %s", run.id))

    def test_resumes_after_the_server_broke_down(self):
        """The work table is empty then: what is still to be judged is gathered again."""
        run, partners = self._start()
        self.env.cr.execute("TRUNCATE broker_tier_figure")
        run._gather()
        rest = {partner.broker_customer_ids.id for partner in partners if not partner.broker_customer_ids.last_score_id}
        self.assertEqual({row[0] for row in self._get_rows(run)}, rest)
        while not run.is_done:
            run._step(2)
        self.assertEqual(run.score_count, 5)
        revenues = [partner.broker_customer_ids.sudo().last_score_id.revenue for partner in partners]
        self.assertEqual(revenues, [20000, 40000, 60000, 80000, 100000])
        self.assertFalse(self._run())

    def test_gathers_once_a_night(self):
        run, _partners = self._start()
        judged = run.score_count
        with patch.object(type(self.Score), "_get_figures_query", autospec=True) as gathering:
            run._gather()
            run._step(2)
        gathering.assert_not_called()
        self.assertEqual(run.score_count, judged + 2, "and the night went on with what it had")

    def test_the_whole_night_is_judged_by_one_policy(self):
        """A policy that comes into force while the night is at work counts from the next one:
        the figures were gathered under the other."""
        run, partners = self._start()
        draft = self.policy.copy({"date_from": "2025-06-15", "window_months": 1})
        draft.action_activate()
        while not run.is_done:
            run._step(2)
        rows = self.Score.sudo().search([("company_id", "=", self.company.id)])
        self.assertEqual((len(rows), rows.policy_id), (5, self.policy))
        self._night(16)
        scores = [partner.broker_customer_ids.sudo().last_score_id for partner in partners]
        self.assertEqual({(score.policy_id, score.revenue) for score in scores}, {(draft, 0.0)})

    def test_night_that_fails_goes_on_soon(self):
        self._start()
        cron = self.env.ref("print_broker_crm.ir_cron_broker_tier_run").sudo()
        with (
            self.enter_registry_test_mode(),
            patch.object(type(self.env["broker.tier.run"]), "_step", side_effect=KeyError("broken")),
            mute_logger("odoo.addons.base.models.ir_cron"),
        ):
            cron.method_direct_trigger()
        self.env.invalidate_all()
        triggers = self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", cron.id)])
        self.assertEqual(triggers.mapped("call_at"), [fields.Datetime.to_datetime("2025-06-15 04:15:00")])

    def test_manual_tier_ends_where_nobody_is_scored(self):
        self._set_manual()
        self.policy.date_from = "2026-01-01"
        self._go_to("2025-06-21 04:00:00")
        cron = self.env.ref("print_broker_crm.ir_cron_broker_tier_run").sudo()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertFalse(self.customer.tier_manual_id)
        self.assertFalse(self.customer.tier_id)

    def test_verdict_before_a_merge_is_the_customers_own(self):
        """The other customer's row of yesterday is no verdict on this one."""
        other = self._create_partner("Jade Twin", self.sales_wang)
        self._invoice(100000, 70000)
        self._invoice(100, 99, partner=other)
        self._run()
        self._invoice(600000, 300000)
        self.assertEqual(self._night(16).filtered("pending_runs").tier_id, self.tiers["4A"])
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge((self.partner + other).ids, self.partner)
        score = self._run()
        self.assertEqual((score.customer_id, score.tier_id), (self.customer, self.tiers["4A"]))

    def test_figures_go_when_the_night_is_over(self):
        run, _partners = self._start()
        self.assertTrue(self._get_rows(run))
        while not run.is_done:
            run._step(2)
        self.assertFalse(self._get_rows(run))

    def test_yesterdays_unfinished_night_is_not_gone_on_with(self):
        yesterday, partners = self._start()
        self._go_to("2025-06-16 04:00:00")
        self._invoice(1000, 700, partner=partners[-1])
        run = self.env["broker.tier.run"].sudo()._open(self.company)
        run._gather()
        self.assertFalse(self._get_rows(yesterday), "and what it gathered is not left behind")
        while not run.is_done:
            run._step(2)
        self.assertEqual(partners[-1].broker_customer_ids.sudo().last_score_id.revenue, 101000)

    def test_score_of_the_day_before_the_step_stands(self):
        """Somebody presses the button while the night is at work: nothing is written twice."""
        run, partners = self._start()
        self._run()
        before = self.Score.sudo().search_count([])
        while not run.is_done:
            run._step(2)
        self.assertEqual(self.Score.sudo().search_count([]), before)
        self.assertEqual(partners[-1].broker_customer_ids.sudo().last_score_id.revenue, 100000)

    def test_customer_deleted_during_the_night(self):
        gone = self._open_customer(self._create_partner("Gone"))
        self._invoice(20000, 10000)
        run = self.env["broker.tier.run"].sudo()._open(self.company)
        run._gather()
        self.assertIn((gone.id,), self._get_rows(run))
        gone.sudo().unlink()
        while not run.is_done:
            run._step(2)
        self.assertEqual(run.score_count, 1)
        self.assertFalse(self._get_rows(run), "and nothing of it is left behind")

    def test_two_companies_in_one_night(self):
        other = self.setup_other_company(name="Second Broker")["company"]
        self._invoice(100000, 70000)
        customer = self._open_customer(company=other)
        self.env["sale.order"].with_company(other).create(
            {"partner_id": self.partner.id, "company_id": other.id, "date_order": "2025-05-01 04:00:00"}
        ).action_confirm()
        cron = self.env.ref("print_broker_crm.ir_cron_broker_tier_run").sudo()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        runs = self.env["broker.tier.run"].sudo().search([("date", "=", "2025-06-15")])
        self.assertGreaterEqual(runs.company_id, self.company + other)
        self.assertTrue(all(runs.mapped("is_done")))
        self.assertEqual(self.customer.sudo().last_score_id.revenue, 100000)
        score = customer.sudo().last_score_id
        self.assertEqual((score.company_id, score.inputs["jobs"], score.dimension_count), (other, 1, 1))

    def test_queries_of_a_night_do_not_grow(self):
        def count(prefix, number, day):
            self._go_to(f"2025-06-{day:02d} 04:00:00")
            partners = self.env["res.partner"].create(
                [{"name": f"{prefix}{index}", "is_company": True} for index in range(number)]
            )
            for partner in partners:
                self._invoice(20000, 10000, partner=partner, user=self.sales_wang)
            run = self.env["broker.tier.run"].sudo()._open(self.company)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            run._gather()
            run._step(1000)
            self.env.flush_all()
            self.assertGreaterEqual(run.score_count, number)
            return self.cr.sql_log_count - before

        count("Warm", 1, 16)
        self.assertEqual(count("Few", 3, 17), count("Many", 30, 18))

    def test_queries_do_not_grow_with_customers(self):
        def count(prefix, number):
            partners = self.env["res.partner"].create(
                [{"name": f"{prefix}{index}", "is_company": True} for index in range(number)]
            )
            for partner in partners:
                self._invoice(20000, 10000, partner=partner, user=self.sales_wang)
            self.env.flush_all()
            self.env.invalidate_all()
            customers = partners.broker_customer_ids
            before = self.cr.sql_log_count
            scores = self.Score.sudo()._run(self.company, customers)
            self.env.flush_all()
            self.assertEqual(len(scores), number)
            return self.cr.sql_log_count - before

        count("Warm", 1)
        self.assertEqual(count("Few", 3), count("Many", 30))

    def test_queries_of_moves_do_not_grow(self):
        def count(prefix, number, nights):
            partners = self.env["res.partner"].create(
                [{"name": f"{prefix}{index}", "is_company": True} for index in range(number)]
            )
            for partner in partners:
                self._invoice(100000, 70000, partner=partner)
            customers = partners.broker_customer_ids
            self._night(nights)
            for partner in partners:
                self._invoice(600000, 300000, partner=partner)
            self._night(nights + 1)
            self._go_to(f"2025-06-{nights + 2:02d} 04:00:00")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            scores = self.Score.sudo()._run(self.company, customers)
            self.env.flush_all()
            self.assertEqual(len(scores.filtered(lambda s: s.tier_id.rank == 5)), number)
            return self.cr.sql_log_count - before

        count("Warm", 1, 15)
        self.assertEqual(count("Few", 3, 18), count("Many", 12, 21))

    # Manual tier

    def _set_manual(self, user=None, **kwargs):
        self.customer.with_user(user or self.manager_qian).write(
            {
                "tier_manual_id": self.tiers["5A"].id,
                "tier_manual_reason": "Promised a yearly contract",
                "tier_manual_until": "2025-06-20",
                **kwargs,
            }
        )

    def test_manual_tier_until_its_last_day(self):
        self._invoice(100000, 70000)
        self._run()
        self._set_manual()
        self.assertEqual(self.customer.tier_id, self.tiers["5A"])
        self.assertEqual(self.customer.tier_computed_id, self.tiers["4A"])
        self.assertTrue(self.customer.tier_differs)
        found = self.env["broker.customer"].search([("tier_differs", "=", True)])
        self.assertEqual(found, self.customer.with_env(found.env))
        self._invoice(1000, 700)
        self._night(20)
        self.assertEqual(self.customer.tier_id, self.tiers["5A"], "valid through its last day")
        self._night(21)
        self.assertEqual(self.customer.tier_id, self.tiers["4A"])
        self.assertFalse(self.customer.tier_differs)
        self.assertFalse(self.customer.tier_manual_id)
        self.assertFalse(self.customer.tier_manual_reason)

    def test_manual_tier_of_a_customer_without_scores(self):
        self._set_manual()
        self.assertEqual(self.customer.tier_id, self.tiers["5A"])
        self.assertTrue(self.customer.tier_differs)
        self.customer.with_user(self.manager_qian).tier_manual_id = False
        self.assertFalse(self.customer.tier_id)

    def test_manual_tier_needs_reason_and_day(self):
        with self.assertRefused(ValidationError, "Say why Jade Restaurant"):
            self._set_manual(tier_manual_reason=" ")
        with self.assertRefused(ValidationError, "Say until when"):
            self._set_manual(tier_manual_until=False)
        with self.assertRefused(ValidationError, "from 2025-06-15 on"):
            self._set_manual(tier_manual_until="2025-06-14")

    def test_manual_tier_by_managers_only(self):
        for user in (self.sales_wang, self.service_chen, self.care_sun):
            with self.assertRefused(AccessError, "manager"):
                self._set_manual(user)
        self._set_manual()
        with self.assertRefused(AccessError):
            self.customer.with_user(self.sales_wang).tier_manual_until = "2026-01-01"

    def test_computed_tier_is_not_entered(self):
        for values in (
            {"tier_id": self.tiers["5A"].id},
            {"tier_computed_id": self.tiers["5A"].id},
            {"last_score_id": False},
            {"tier_differs": True},
        ):
            with self.assertRefused(UserError, "follows from the scores"):
                self.customer.with_user(self.manager_qian).write(values)

    def test_customers_are_sorted_by_tier(self):
        """Highest first, those without a tier last, and the other way round."""
        self._invoice(100000, 70000)
        low = self._create_partner("Low", self.sales_wang)
        self._invoice(100, 99, partner=low)
        none = self._open_customer(self._create_partner("None", self.sales_wang))
        self._run()
        low = low.broker_customer_ids
        Customer = self.env["broker.customer"]
        # As a file that was opened in SQL, when the addon was installed
        self.env.flush_all()
        self.env.cr.execute(SQL("UPDATE broker_customer SET tier_rank = NULL WHERE id = %s", none.id))
        ours = [("id", "in", (self.customer + low + none).ids)]
        self.assertEqual(Customer.search(ours, order="tier_id, id desc").ids, (self.customer + low + none).ids)
        self.assertEqual(Customer.search(ours, order="tier_id desc, id").ids, (none + low + self.customer).ids)
        self.assertEqual(self.customer.tier_rank, 4)
        self._set_manual()
        self.assertEqual(self.customer.tier_rank, 5)
        self.tiers["5A"].sudo().total_min = 4.6
        groups = Customer.formatted_read_group(ours, ["tier_id"], ["__count"])
        self.assertEqual(
            [(group["tier_id"] and group["tier_id"][1], group["__count"]) for group in groups],
            [("5A", 1), (low.tier_id.name, 1), (False, 1)],
        )

    # The ledger

    def test_scores_are_history_for_everybody(self):
        self._invoice(100000, 70000)
        score = self._score()
        admin = self.env.ref("base.user_admin")
        for env in (
            self.env(user=admin),
            self.env(user=self.manager_qian),
            self.env(user=self.env.ref("base.user_root"), su=True),
        ):
            row = score.with_env(env)
            for attempt in (
                lambda row=row: row.write({"total": 5}),
                lambda row=row: row.write({"tier_id": self.tiers["5A"].id}),
                lambda row=row: row.unlink(),
                lambda row=row: row.copy(),
                lambda row=row: row.create(
                    {
                        "customer_id": self.customer.id,
                        "company_id": self.company.id,
                        "policy_id": self.policy.id,
                        "date": "2025-06-15",
                    }
                ),
            ):
                with self.assertRefused(UserError):
                    attempt()
            result = row.load(["id", "total"], [[str(score.id), "5"]])
            self.assertFalse(result["ids"])
            result = row.load(["customer_id/.id", "date"], [[str(self.customer.id), "2025-06-15"]])
            self.assertFalse(result["ids"])
        with self.assertRefused(psycopg2.IntegrityError), mute_logger("odoo.sql_db"):
            self.env.cr.execute("DELETE FROM broker_customer WHERE id = %s", [self.customer.id])
        self.assertTrue(score.exists())
        self.assertEqual(score.total, 3.5294)

    def test_scores_are_history_for_calls_from_outside(self):
        self._invoice(100000, 70000)
        score = self._score()
        manager = self.Score.with_user(self.manager_qian)
        new = {"customer_id": self.customer.id, "policy_id": self.policy.id, "date": "2025-06-15"}
        for method, arguments in (
            ("write", [[score.id], {"total": 5}]),
            ("web_save", [[score.id], {"total": 5}, {}]),
            ("web_save", [[], new, {}]),
            ("create", [[new]]),
            ("name_create", ["5A"]),
            ("copy", [[score.id]]),
            ("unlink", [[score.id]]),
            ("_judge", [self.policy.id, "2025-06-15", ""]),
        ):
            with self.assertRefused((UserError, AttributeError, AccessError)):
                call_kw(manager, method, arguments, {})
        self.assertEqual(self.Score.sudo().search([("customer_id", "=", self.customer.id)]), score)
        self.assertEqual(score.total, 3.5294)

    def test_scores_are_not_reached_through_other_records(self):
        """No list of scores hangs on another record, and what a customer shows of its
        score is read from it alone."""
        self.assertFalse(
            [
                str(field)
                for model in self.env.registry.values()
                for field in model._fields.values()
                if field.comodel_name == "broker.tier.score" and field.type in ("one2many", "many2many")
            ]
        )
        self._invoice(100000, 70000)
        score = self._score()
        customer = self.customer.with_user(self.manager_qian)
        customer.write({"tier_total": 5, "tier_dimension_count": 1})
        result = customer.load([".id", "last_score_id/.id", "tier_total"], [[str(customer.id), "", "5"]])
        self.assertFalse(result["ids"])
        result = customer.load([".id", "last_score_id/total"], [[str(customer.id), "5"]])
        self.assertFalse(result["ids"])
        with self.assertRefused(UserError, "follows from the scores"):
            customer.last_score_id = False
        self.env.invalidate_all()
        self.assertEqual((score.total, score.dimension_count), (3.5294, 4))
        self.assertEqual(self.customer.sudo().last_score_id, score)

    # Who sees what

    def test_who_sees_which_score(self):
        other = self._create_partner("Other", self.sales_zhao)
        self._invoice(100000, 70000)
        self._invoice(100000, 70000, partner=other, user=self.sales_zhao)
        self._run()
        mine = self.customer.sudo().last_score_id
        theirs = other.broker_customer_ids.sudo().last_score_id
        for user, seen in (
            (self.sales_wang, mine),
            (self.sales_zhao, theirs),
            (self.service_chen, mine),
            (self.service_lin, mine.browse()),
            (self.care_sun, mine + theirs),
            (self.manager_qian, mine + theirs),
        ):
            found = self.Score.with_user(user).search([])
            self.assertEqual(set(found.ids), set(seen.ids), user.name)
        with self.assertRefused(AccessError):
            self.Score.with_user(self.plain_user).search([])

    def test_salesperson_reads_the_page_but_not_who_worked(self):
        self._invoice(100000, 70000)
        score = self._score().with_user(self.sales_wang)
        self.assertIn("3.5294", str(score.explanation))
        self.assertIn("3.5294", str(self.customer.with_user(self.sales_wang).tier_explanation))
        self.assertNotIn(self.sales_wang.name, str(score.explanation))
        for field in ("people", "people_explanation"):
            with self.assertRefused(AccessError):
                score.read([field])
        self.assertTrue(score.with_user(self.manager_qian).read(["people_explanation"]))

    def test_companies_do_not_see_each_other(self):
        other = self.setup_other_company(name="Second Broker")["company"]
        self._invoice(100000, 70000)
        score = self._score()
        stranger = self._create_user("li", "group_manager", company_id=other.id, company_ids=[(6, 0, other.ids)])
        self.assertNotIn(score, self.Score.with_user(stranger).search([]))
        with self.assertRefused(AccessError):
            score.with_user(stranger).read(["total"])
        policies = self.env["broker.tier.policy"].with_user(stranger).search([])
        self.assertNotIn(self.policy, policies)
        self.assertEqual(policies.company_id, other)

    def test_summary(self):
        self._invoice(100000, 70000)
        self._run()
        self.assertEqual(
            self.Score._get_summary(self.company),
            [("5A", 0), ("4A", 1), ("3A", 0), ("2A", 0), ("1A", 0), ("No tier", 0)],
        )
