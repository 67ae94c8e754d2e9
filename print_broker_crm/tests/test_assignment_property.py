from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import freeze_time, tagged

from .common import BrokerCommon

START = date(2026, 1, 5)
USERS = ("wang", "zhao", "nobody")

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("assign"), st.sampled_from(USERS), st.integers(0, 40)),
        st.tuples(st.just("leave"), st.sampled_from(USERS[:2]), st.integers(0, 40)),
        st.tuples(st.just("come back"), st.sampled_from(USERS[:2]), st.integers(0, 40)),
        st.tuples(
            st.just("correct"),
            st.sampled_from(USERS),
            st.integers(1, 60),
            st.integers(1, 30) | st.none(),
        ),
        st.tuples(st.just("merge"), st.sampled_from(USERS), st.integers(0, 40)),
    ),
    max_size=12,
)


@tagged("post_install", "-at_install")
class TestAssignmentProperty(BrokerCommon):
    """Whatever happens in whatever order, the ledger stays one answer a day."""

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(STEPS)
    def _drive(self, steps):
        savepoint = self.cr.savepoint()
        self.histories += 1
        try:
            self._run_steps(steps)
        finally:
            self.env.cr.flush()
            savepoint.rollback()
            self.env.invalidate_all()

    def test_random_histories(self):
        self.histories = 0
        self._drive()
        # Each was judged step by step.
        self.assertGreaterEqual(self.histories, 25)

    def _run_steps(self, steps):
        users = {
            "wang": self.sales_wang,
            "zhao": self.sales_zhao,
            "nobody": self.env["res.users"],
        }
        today = START
        with freeze_time(f"{today} 04:00:00"):
            customer = self._open_customer()
            answers = self._answers(customer, today)
        for kind, who, number, *more in steps:
            if kind != "correct":
                today += timedelta(days=number)
            with freeze_time(f"{today} 04:00:00"):
                user = users[who]
                spoken_of = (today, date.max)
                if kind == "assign":
                    self.partner.user_id = user
                elif kind == "leave":
                    user.action_archive()
                elif kind == "come back":
                    user.action_unarchive()
                elif kind == "correct":
                    spoken_of = self._correct(customer, user, today, number, *more)
                elif kind == "merge":
                    self._merge_twin(user)
                after = self._answers(customer, today)
            self._check_ledger(customer)
            for day, answer in answers.items():
                if kind == "merge":
                    # The twin may only fill days on which nobody was known.
                    silent = answer is None
                else:
                    silent = spoken_of[0] <= day < spoken_of[1]
                if not silent:
                    self.assertEqual(after[day], answer, f"{day} after {kind}")
            answers = after

    def _correct(self, customer, user, today, days_ago, length):
        date_from = max(START, today - timedelta(days=days_ago))
        date_to = min(today, date_from + timedelta(days=length)) if length else False
        if date_to == date_from:
            date_to = False
        self.env["broker.assignment"]._correct(customer, "sales", user, date_from, date_to, "Found in the old books")
        return date_from, date_to or date.max

    def _merge_twin(self, user):
        twin = self._create_partner("Twin", user)
        self._open_customer(twin)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.partner + twin).ids, self.partner)

    def _answers(self, customer, today):
        """Whose customer was it, day by day."""
        result = {}
        for offset in range((today - START).days + 1):
            day = START + timedelta(days=offset)
            row = self.env["broker.assignment"]._get_at(customer, "sales", day).get(customer.id)
            result[day] = row.user_id.id if row else None
        return result

    def _check_ledger(self, customer):
        rows = customer.assignment_ids.filtered(lambda row: row.role == "sales").sorted(
            lambda row: (row.date_from, row.date_to or date.max, row.id)
        )
        self.assertLessEqual(len(rows.filtered("is_open")), 1)
        self.assertEqual(rows.filtered("is_open").user_id, self.partner.user_id)
        spans = [(row.date_from, row.date_to or date.max) for row in rows if row.date_from != row.date_to]
        for (_start, end), (start, _end) in zip(spans, spans[1:], strict=False):
            self.assertLessEqual(end, start)
