from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.print_broker_crm.tests.common import BrokerCommon


class SignalCommon(BrokerCommon):
    """Jade is Wang's; Qian and Zhou manage."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.user_admin").group_ids -= cls.env.ref("print_broker_crm.group_manager")
        cls.manager_zhou = cls._create_user("zhou", "group_manager")
        cls.customer = cls._open_customer(service=cls.service_chen)
        cls.Signal = cls.env["broker.signal"]

    def _raise(self, user=None, key="test:1", evidence=(), env=None, **vals):
        return (env or self.env)["broker.signal"]._raise(
            [
                {
                    "company_id": self.company.id,
                    "customer_id": self.customer.id,
                    "kind": "mismatch",
                    "key": key,
                    "user_id": (user or self.sales_wang).id,
                    "evidence": list(evidence) or [(self.customer, "The price differs")],
                    **vals,
                }
            ]
        )

    def _decide(self, signals, user=None, decision="handled", note="Talked to Wang"):
        signals.with_user(user or self.manager_qian)._decide(decision, note)

    def _get_todos(self, signal):
        return self.env["mail.activity"].search([("res_model", "=", "broker.signal"), ("res_id", "in", signal.ids)])


@tagged("post_install", "-at_install")
class TestSignal(SignalCommon):
    def test_raised_once(self):
        signal = self._raise()
        self.assertEqual((signal.state, signal.evidence_count), ("open", 1))
        self.assertEqual(signal.summary, "Answers Differ")
        self.assertEqual(signal.date, self.company._get_broker_today())
        self.assertFalse(self._raise(), "raising it twice does nothing")
        self.assertEqual(len(self._get_todos(signal)), 1)
        self.assertEqual(signal.event_ids.mapped("kind"), ["raised"])

    def test_one_call_may_raise_many(self):
        vals = {"company_id": self.company.id, "kind": "export", "user_id": self.sales_wang.id}
        signals = self.Signal._raise(
            [
                {**vals, "key": "a", "evidence": [(self.customer, "One")]},
                {**vals, "key": "b", "evidence": []},
                {**vals, "key": "a", "evidence": [(self.partner, "Two"), (self.customer, "One again")]},
            ]
        )
        self.assertEqual(signals.mapped("key"), ["a", "b"])
        self.assertEqual(signals.mapped("evidence_count"), [2, 0])
        self.assertEqual(signals[0].evidence_ids.mapped("text"), ["One\nOne again", "Two"])

    def test_new_evidence_of_an_open_signal(self):
        signal = self._raise()
        self.assertFalse(self._raise(evidence=[(self.customer, "Other words"), (self.partner, "The date differs")]))
        self.assertEqual(signal.evidence_ids.mapped("text"), ["The price differs", "The date differs"])
        self.assertEqual(set(signal.event_ids.mapped("kind")), {"raised", "evidence"})
        self.assertEqual(len(self._get_todos(signal)), 1)

    def test_raised_again_only_by_new_evidence(self):
        signal = self._raise()
        self._decide(signal, decision="dismissed", note="A typing error")
        self.assertFalse(self._raise())
        self.assertEqual(signal.state, "dismissed")
        self.assertEqual(self._raise(evidence=[(self.partner, "Again")]), signal)
        self.assertEqual(signal.state, "open")
        self.assertEqual(len(self._get_todos(signal)), 1)
        self.assertEqual(
            [(event.kind, event.note, event.user_id) for event in signal.event_ids.sorted("id")],
            [
                ("raised", False, self.env["res.users"]),
                ("dismissed", "A typing error", self.manager_qian),
                ("again", False, self.env["res.users"]),
            ],
        )

    def test_decision(self):
        signal = self._raise()
        wizard = Form.from_action(self.env(user=self.manager_qian), signal.with_user(self.manager_qian).action_decide())
        wizard.decision = "handled"
        wizard.note = " Wang explained it "
        wizard.save().action_decide()
        self.assertEqual((signal.state, signal.decision_note), ("handled", "Wang explained it"))
        self.assertEqual(signal.decided_by_id, self.manager_qian)
        self.assertFalse(self._get_todos(signal))
        with self.assertRaisesRegex(UserError, "already decided"):
            self._decide(signal)
        signal.with_user(self.manager_zhou).action_reopen()
        self.assertEqual((signal.state, signal.decided_by_id.id), ("open", False))
        self.assertEqual(len(signal.event_ids), 3, "what was decided before stays readable")

    def test_a_reason_is_required(self):
        signal = self._raise()
        for note in (False, "", "  \n"):
            with self.assertRaisesRegex(UserError, "the reason is kept"):
                self._decide(signal, note=note)
        with self.assertRaisesRegex(UserError, "handled or dismissed"):
            self._decide(signal, decision="open")
        self.assertEqual(signal.state, "open")

    def test_several_at_once(self):
        signals = self._raise() + self._raise(key="test:2")
        self._decide(signals, note="The same leaflet")
        self.assertEqual(signals.mapped("state"), ["handled", "handled"])

    def test_history_is_kept(self):
        signal = self._raise()
        for rows in (signal, signal.evidence_ids, signal.event_ids):
            with self.assertRaises(UserError):
                rows.unlink()
        with self.assertRaises(UserError):
            signal.evidence_ids.text = "Nothing"
        with self.assertRaises(UserError):
            signal.event_ids.note = "Nothing"
        with self.assertRaises(UserError):
            signal.copy()

    def test_evidence_opens_its_row(self):
        signal = self._raise(evidence=[(self.customer, "The price differs")])
        evidence = signal.with_user(self.manager_qian).evidence_ids
        self.assertEqual(evidence.document, self.customer.display_name)
        action = evidence.action_open()
        self.assertEqual((action["res_model"], action["res_id"]), ("broker.customer", self.customer.id))
        gone = self.env["res.partner"].create({"name": "Short-lived"})
        self._raise(evidence=[(gone, "Was there")])
        gone.unlink()
        row = signal.with_user(self.manager_qian).evidence_ids[-1]
        self.assertFalse(row.document)
        with self.assertRaisesRegex(UserError, "does not exist"):
            row.action_open()

    # WHO SEES IT

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_only_managers(self):
        signal = self._raise()
        for user in (self.sales_wang, self.sales_zhao, self.service_chen, self.care_sun, self.plain_user):
            for rows in (signal, signal.evidence_ids, signal.event_ids):
                rows = rows.with_user(user)
                self.assertFalse(rows.has_access("read"))
                with self.assertRaises(AccessError):
                    rows.search([])
            for path in ("kind", "evidence_ids.text"):
                with self.assertRaises(AccessError):
                    self.Signal.with_user(user).search([(path, "!=", False)])
            with self.assertRaises(AccessError):
                signal.with_user(user)._decide("handled", "Mine")
            with self.assertRaises(AccessError):
                signal.with_user(user).action_reopen()
            with self.assertRaises(AccessError):
                self.env["broker.signal.decision"].with_user(user).create(
                    {"signal_ids": [Command.set(signal.ids)], "decision": "handled", "note": "Mine"}
                )
            self.assertNotIn("open_signal_count", self.env["broker.customer"].with_user(user).fields_get())

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_no_manager_reads_about_themselves(self):
        signal = self._raise(self.manager_qian)
        mine, others = signal.with_user(self.manager_qian), signal.with_user(self.manager_zhou)
        self.assertFalse(mine.search([]))
        for rows in (mine, mine.evidence_ids, mine.event_ids):
            self.assertFalse(rows.exists()._filtered_access("read"))
        self.assertFalse(mine.evidence_ids.search([]))
        self.assertFalse(mine.event_ids.search([]))
        with self.assertRaises(AccessError):
            mine.read(["summary"])
        for method in (lambda: mine._decide("dismissed", "Nothing"), mine.action_reopen):
            with self.assertRaises(AccessError):
                method()
        wizard = self.env["broker.signal.decision"].with_user(self.manager_qian)
        with self.assertRaises(AccessError):
            wizard.create(
                {"signal_ids": [Command.set(signal.ids)], "decision": "dismissed", "note": "Nothing"}
            ).action_decide()
        self.assertEqual(self.customer.with_user(self.manager_qian).open_signal_count, 0)
        self.assertEqual(self.customer.with_user(self.manager_zhou).open_signal_count, 1)
        self.assertEqual(others.search([]), signal)
        self._decide(signal, self.manager_zhou)
        self.assertEqual(signal.state, "handled")

    def test_a_signal_about_nobody_is_seen(self):
        signal = self.Signal._raise(
            [{"company_id": self.company.id, "kind": "export", "key": "nobody", "evidence": []}]
        )
        self.assertEqual(self.Signal.with_user(self.manager_qian).search([]), signal)
        self.assertFalse(signal.evidence_ids)

    def test_managers_cannot_write_it(self):
        signal = self._raise().with_user(self.manager_qian)
        for vals in ({"state": "handled"}, {"user_id": self.sales_zhao.id}, {"decision_note": "x"}):
            with self.assertRaises(AccessError):
                signal.write(vals)
        with self.assertRaises(AccessError):
            self.Signal.with_user(self.manager_qian).create(
                {"company_id": self.company.id, "kind": "export", "key": "x"}
            )

    # THE TO-DO

    def test_todo_reveals_nothing(self):
        """The care officer who logged the call is neither author nor follower, nor is the
        person concerned told on the customer file."""
        followers = self.customer.message_follower_ids
        messages = self.customer.message_ids
        officer = self.env(user=self.care_sun, context={"default_user_id": self.care_sun.id, "lang": "en_US"})
        signal = self._raise(env=officer)
        self.assertEqual(signal.user_id, self.sales_wang)
        self.assertEqual(signal.create_uid, self.env.ref("base.user_root"))
        todo = self._get_todos(signal)
        self.assertEqual(todo.user_id, self.manager_qian)
        self.assertEqual(todo.create_uid, self.env.ref("base.user_root"))
        self.assertEqual(signal.message_partner_ids, self.manager_qian.partner_id)
        self.customer.invalidate_recordset()
        self.assertEqual(self.customer.message_follower_ids, followers)
        self.assertEqual(self.customer.message_ids, messages)
        self.assertFalse(self.customer.activity_ids)
        for user in (self.sales_wang, self.care_sun, self.service_chen):
            self.assertFalse(todo.with_user(user)._filtered_access("read"))
            self.assertFalse(self.env["mail.activity"].with_user(user).search([("res_model", "=", "broker.signal")]))
            self.assertFalse(self.env["mail.message"].with_user(user).search([("model", "=", "broker.signal")]))

    def test_notes_are_read_by_managers_alone(self):
        signal = self._raise(self.manager_zhou)
        note = signal.with_user(self.manager_qian).message_post(body="Ask Zhou", message_type="comment")
        for user in (self.sales_wang, self.care_sun, self.manager_zhou):
            self.assertFalse(note.with_user(user)._filtered_access("read"))
            self.assertFalse(self.env["mail.message"].with_user(user).search([("id", "=", note.id)]))
            todos = self.env["mail.activity"].with_user(user)
            self.assertFalse(todos.search([("res_model", "=", "broker.signal"), ("res_id", "=", signal.id)]))
        self.assertTrue(note.with_user(self.manager_qian).has_access("read"))

    def test_who_is_asked(self):
        self.assertEqual(self._get_todos(self._raise()).user_id, self.manager_qian)
        self.company.broker_signal_user_id = self.manager_zhou
        self.assertEqual(self._get_todos(self._raise(key="2")).user_id, self.manager_zhou)
        self.assertEqual(self._get_todos(self._raise(self.manager_zhou, key="3")).user_id, self.manager_qian)
        self.company.broker_signal_user_id = self.sales_wang
        self.assertEqual(self._get_todos(self._raise(key="4")).user_id, self.manager_qian, "no manager")
        self.company.broker_signal_todo = False
        self.assertFalse(self._get_todos(self._raise(key="5")))

    def test_only_manager_is_concerned(self):
        self.manager_zhou.active = False
        signal = self._raise(self.manager_qian)
        self.assertFalse(self._get_todos(signal))
        self.assertFalse(self.Signal.with_user(self.manager_qian).search([]))

    def test_manager_leaves(self):
        signal = self._raise()
        self._decide(self._raise(key="2"))
        self.manager_qian.active = False
        self.assertEqual(self._get_todos(signal).user_id, self.manager_zhou)
        self.assertEqual(len(self._get_todos(self.Signal.search([]))), 1, "nothing of what is decided")

    # COMPANIES AND CONTACTS

    def test_two_companies(self):
        other = self.env["res.company"].create({"name": "Second"})
        manager = new_test_user(
            self.env,
            login="broker_second",
            groups="print_broker_crm.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        mine = self._raise()
        theirs = self._raise(company_id=other.id, customer_id=False, user_id=False)
        self.assertNotEqual(mine, theirs, "the same key in another company is another signal")
        self.assertEqual(self.Signal.with_user(manager).search([]), theirs)
        self.assertEqual(self.Signal.with_user(self.manager_qian).search([]), mine)
        self.assertEqual(self._get_todos(theirs).user_id, manager)

    def test_merge(self):
        double = self._open_customer(self._create_partner("Jade Restaurant Ltd", self.sales_wang))
        signal = self._raise(evidence=[(self.customer, "Here"), (double, "There"), (self.partner, "Contact")])
        other = self._raise(key="2", customer_id=double.id, evidence=[(double, "There")])
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.partner + double.partner_id).ids, self.partner)
        self.assertFalse(double.exists())
        self.assertEqual(other.customer_id, self.customer)
        self.assertEqual(other.evidence_ids.mapped("res_id"), self.customer.ids)
        files = signal.evidence_ids.filtered(lambda row: row.res_model == "broker.customer")
        self.assertEqual(files.mapped("text"), ["Here"])
        self.assertEqual(self.customer.with_user(self.manager_qian).open_signal_count, 2)
        self.assertEqual(self.customer.with_user(self.manager_qian).action_view_signals()["res_model"], "broker.signal")

    def test_queries_do_not_grow(self):
        def raise_many(name, number):
            vals = {"company_id": self.company.id, "kind": "export", "user_id": self.sales_wang.id}
            vals_list = [
                {**vals, "key": f"{name}:{index}", "evidence": [(self.customer, "Much"), (self.partner, "More")]}
                for index in range(number)
            ]
            self.company.broker_signal_todo = False
            self.env.flush_all()
            count = self.cr.sql_log_count
            self.Signal._raise(vals_list)
            self.env.flush_all()
            return self.cr.sql_log_count - count

        raise_many("warm", 2)
        self.assertLessEqual(raise_many("many", 40), raise_many("few", 5) + 2)

    def test_date_is_the_firms_day(self):
        signal = self._raise(date=date(2026, 2, 28))
        self.assertEqual(signal.date, date(2026, 2, 28))

    def test_nobody_learns_how_much_is_noticed(self):
        names = [name for name in self.company._fields if name.startswith("broker_signal_")]
        self.assertGreater(len(names), 6)
        shown = self.env["res.company"].with_user(self.sales_wang).fields_get()
        self.assertFalse(set(names) & set(shown))
        self.assertLessEqual(set(names), set(self.env["res.company"].with_user(self.manager_qian).fields_get()))
