import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import LockError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.print_broker_crm.tests.common_race import RaceCommon

_TABLES = ("broker_commission_adjustment", "broker_commission_statement")


@tagged("post_install", "-at_install")
class TestCommissionStatementRace(RaceCommon):
    """Two managers at the same statement at once, on connections of their own."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self.user_id = env.ref("base.user_admin").id
            company_id = env.ref("base.main_company").id
            vals = {"user_id": self.user_id, "company_id": company_id}
            adjustments = env["broker.commission.adjustment"].create(
                [{**vals, "amount": 10, "reason": "Race", "date": f"2025-0{month}-10"} for month in (1, 2)]
            )
            statements = env["broker.commission.statement"].create(
                [{**vals, "date_from": f"2025-0{month}-01", "date_to": f"2025-0{month}-28"} for month in (1, 2)]
            )
            self.january_id, self.february_id = statements.ids
            self.adjustment_ids = adjustments.ids
        self.addCleanup(self._clean)
        self.cr1, self.cr2 = self._open_cursor(), self._open_cursor()

    def _clean(self):
        with self.registry.cursor() as cr:
            cr.execute(SQL("DELETE FROM mail_message WHERE model = 'broker.commission.statement'"))
            for table in _TABLES:
                cr.execute(SQL("DELETE FROM %s WHERE user_id = %s", SQL.identifier(table), self.user_id))

    def _statement(self, cr, statement_id):
        return api.Environment(cr, SUPERUSER_ID, {})["broker.commission.statement"].browse(statement_id)

    def _get_claims(self):
        with self.registry.cursor() as cr:
            cr.execute(
                SQL(
                    "SELECT statement_id FROM broker_commission_adjustment WHERE id IN %s ORDER BY id",
                    tuple(self.adjustment_ids),
                )
            )
            return [statement_id for [statement_id] in cr.fetchall()]

    def test_two_confirm_at_once(self):
        first = self._statement(self.cr1, self.january_id)
        second = self._statement(self.cr2, self.january_id)
        self.assertEqual(second.state, "open")
        first.action_confirm()
        with self.assertRaises(LockError):
            second.action_confirm()
        self.cr1.commit()
        # The other transaction began before: it starts over, as every request does.
        with self.assertRaises(psycopg2.errors.SerializationFailure), mute_logger("odoo.sql_db"):
            second.action_confirm()
        self.cr2.rollback()
        with self.assertRaisesRegex(UserError, "is confirmed"):
            self._statement(self.cr2, self.january_id).action_confirm()
        self.assertEqual(self._get_claims(), [self.january_id, None])

    def test_nothing_is_paid_and_carried_at_once(self):
        self._statement(self.cr1, self.january_id).action_confirm()
        self.cr1.commit()
        january = self._statement(self.cr2, self.january_id)
        self.assertFalse(january.carried_to_id)
        self._statement(self.cr1, self.february_id).action_confirm()
        self.cr1.commit()
        with self.assertRaises(psycopg2.errors.SerializationFailure), mute_logger("odoo.sql_db"):
            january._pay("2025-02-01")
        self.cr2.rollback()
        with self.assertRaisesRegex(UserError, "was carried"):
            self._statement(self.cr2, self.january_id)._pay("2025-02-01")

    def test_nothing_is_carried_and_paid_at_once(self):
        self._statement(self.cr1, self.january_id).action_confirm()
        self.cr1.commit()
        february = self._statement(self.cr2, self.february_id)
        self.assertEqual(february.opening_balance, 10)
        self._statement(self.cr1, self.january_id)._pay("2025-02-01")
        self.cr1.commit()
        with self.assertRaises(psycopg2.errors.SerializationFailure), mute_logger("odoo.sql_db"):
            february.action_confirm()
        self.cr2.rollback()
        february = self._statement(self.cr2, self.february_id)
        february.action_confirm()
        self.assertEqual(february.closing_balance, 10)

    def test_what_is_written_meanwhile_falls_into_the_next(self):
        late = api.Environment(self.cr2, SUPERUSER_ID, {})["broker.commission.adjustment"].create(
            {
                "user_id": self.user_id,
                "company_id": self._statement(self.cr2, self.january_id).company_id.id,
                "amount": 5,
                "reason": "Race",
                "date": "2025-01-20",
            }
        )
        january = self._statement(self.cr1, self.january_id)
        january.action_confirm()
        self.cr1.commit()
        self.cr2.commit()
        self.assertEqual(january.closing_balance, 10)
        self.assertEqual(january.verification, "verified")
        february = self._statement(self.cr1, self.february_id)
        self.assertEqual((february.opening_balance, february.closing_balance), (10, 25))
        self.assertIn(late.id, february.adjustment_ids.ids)

    def test_a_debt_is_not_spread_twice(self):
        self._statement(self.cr1, self.january_id).action_confirm()
        self.cr1.commit()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            january = env["broker.commission.statement"].browse(self.january_id)
            env["broker.commission.adjustment"].create(
                {
                    "user_id": self.user_id,
                    "company_id": january.company_id.id,
                    "amount": -50,
                    "reason": "Race",
                    "date": "2025-01-20",
                }
            )
            january = env["broker.commission.statement"].create(
                {
                    "user_id": self.user_id,
                    "company_id": january.company_id.id,
                    "date_from": "2025-01-29",
                    "date_to": "2025-01-31",
                }
            )
            january.action_confirm()
        wizards = []
        for cr in (self.cr1, self.cr2):
            env = api.Environment(cr, SUPERUSER_ID, {})
            february = env["broker.commission.statement"].browse(self.february_id)
            self.assertEqual(february.opening_balance, -40)
            vals = {"statement_id": february, "amount": 40, "count": 2, "reason": "Race"}
            wizards.append(env["broker.commission.instalment"].new(vals))
        wizards[0].action_spread()
        with self.assertRaises(LockError):
            wizards[1].action_spread()
        self.cr1.commit()
        with self.assertRaises(psycopg2.errors.SerializationFailure), mute_logger("odoo.sql_db"):
            wizards[1].action_spread()
        self.cr2.rollback()
        env = api.Environment(self.cr2, SUPERUSER_ID, {})
        rows = env["broker.commission.adjustment"].search([("user_id", "=", self.user_id)])
        self.assertEqual(rows.filtered(lambda row: row.kind == "deferral").mapped("amount"), [40])
        with self.assertRaisesRegex(UserError, "spread that, or less"):
            env["broker.commission.instalment"].new(
                {
                    "statement_id": env["broker.commission.statement"].browse(self.february_id),
                    "amount": 40,
                    "count": 2,
                    "reason": "Race",
                }
            ).action_spread()

    @mute_logger("odoo.sql_db")
    def test_no_earlier_statement_is_opened_while_a_later_is_confirmed(self):
        """December, opened beside January being confirmed: only the database sees both."""
        late = self._statement(self.cr2, self.january_id)
        vals = {
            "user_id": self.user_id,
            "company_id": late.company_id.id,
            "date_from": "2024-12-01",
            "date_to": "2024-12-31",
        }
        self._statement(self.cr1, self.january_id).action_confirm()
        self.cr1.commit()
        with self.assertRaises(psycopg2.errors.ExclusionViolation):
            late.create(vals)
        self.cr2.rollback()
        with self.assertRaisesRegex(ValidationError, "begins after it"):
            self._statement(self.cr2, self.january_id).create(vals)
