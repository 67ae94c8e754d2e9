from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Domain
from odoo.tests import tagged

from .common_relay import RelayCommon

TODAY = date(2026, 3, 20)
# Within a week, a month, a year, before, and still to come
AGO = (0, 1, 6, 7, 8, 30, 31, 32, 300, 366, 367, 800, -5)


@tagged("post_install", "-at_install")
class TestTargetEvent(RelayCommon):
    """Pages of what counts: no more is looked at than is asked for, and nothing is missed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["broker.target.event"]
        for days in AGO:
            cls._create_posted_invoice(cls._create_job(10000 + days, 7000), date=TODAY - timedelta(days=days))
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        freezer = freeze_time("2026-03-20 02:00:00")
        freezer.start()
        self.addCleanup(freezer.stop)

    def _get_scopes(self, ask):
        """Return which parts of the events were looked at by what a function asks."""
        scopes = []
        original = type(self.Event)._get_events_query

        def look(model, companies, scope):
            scopes.append(scope)
            return original(model, companies, scope)

        self.env.invalidate_all()
        with patch.object(type(self.Event), "_get_events_query", look):
            ask()
        return scopes

    def test_pages_are_parts_of_the_whole(self):
        whole = self.Event.search(Domain.TRUE)
        days = whole.mapped("date")
        self.assertEqual(days, sorted(days, reverse=True))
        for ago in AGO:
            self.assertIn(TODAY - timedelta(days=ago), days)
        for limit in (1, 2, 5, len(whole) - 1, len(whole), len(whole) + 1):
            self.assertEqual(self.Event.search_count(Domain.TRUE, limit=limit), min(limit, len(whole)))
            for offset in range(len(whole) + 1):
                page = self.Event.search(Domain.TRUE, offset=offset, limit=limit)
                self.assertEqual(page.ids, whole[offset : offset + limit].ids, (offset, limit))
        oldest = self.Event.search(Domain.TRUE, order="date, id", limit=3)
        self.assertEqual(oldest.ids, whole[:-4:-1].ids)

    def test_every_domain_finds_what_it_says(self):
        whole = self.Event.search(Domain.TRUE)
        margins = whole.filtered(lambda row: row.kind == "margin")
        self.assertEqual(len(margins), len(AGO))
        recent, old = Domain("date", ">", TODAY - timedelta(days=7)), Domain("date", "<=", TODAY - timedelta(days=300))
        kind = Domain("kind", "=", "margin")
        for domain in (
            recent,
            old,
            ~recent & ~old,
            recent | old,
            kind,
            ~kind,
            kind & (recent | old),
            kind | recent,
            kind & old & Domain("customer_id", "=", self.customer.id),
            Domain("date", "=", TODAY),
            Domain("date", "in", [TODAY, TODAY - timedelta(days=800)]),
            Domain("kind", "in", ["margin", "repeat_margin"]) & recent,
            Domain("id", "in", whole[1:4].ids),
            Domain("id", "in", whole[1:4].ids) & kind,
            Domain("id", "not in", whole[1:4].ids),
            Domain("id", "=", 0),
            Domain("date", "<", "2026-03-01") & Domain("date", ">=", "2026-02-01"),
        ):
            rows = whole.filtered_domain(domain)
            self.assertEqual(self.Event.search(domain).ids, rows.ids, domain)
            self.assertEqual(self.Event.search(domain, limit=2).ids, rows[:2].ids, domain)
            self.assertEqual(self.Event.search_count(domain), len(rows), domain)

    def test_read_from_the_days_of_the_rows(self):
        whole = self.Event.search(Domain.TRUE)
        expected = whole.mapped(lambda row: (row.id, row.date, row.value, row.name))
        for row in expected:
            self.env.invalidate_all()
            event = self.Event.browse(row[0])
            self.assertEqual((event.id, event.date, event.value, event.name), row)

    def test_the_newest_page_looks_at_the_last_days(self):
        for ask in (
            lambda: self.Event.search_read(Domain.TRUE, ["date", "value"], limit=3),
            lambda: self.Event.search_count(Domain.TRUE, limit=3),
        ):
            scopes = self._get_scopes(ask)
            self.assertTrue(scopes)
            for scope in scopes:
                self.assertTrue(scope.ids or scope.first == TODAY - timedelta(days=7), scope)
        self.assertEqual(
            {scope.first for scope in self._get_scopes(lambda: self.Event.search(Domain.TRUE, limit=1000))},
            {TODAY - timedelta(days=7), TODAY - timedelta(days=31), TODAY - timedelta(days=366), None},
        )

    def test_a_month_looks_at_the_month(self):
        domain = [("kind", "=", "margin"), ("date", ">=", "2026-02-01"), ("date", "<=", "2026-02-28")]
        for ask in (
            lambda: self.Event.formatted_read_group(domain, ["user_id"], ["value:sum"]),
            lambda: self.Event.search_count(domain),
            lambda: self.Event.search(domain),
        ):
            for scope in self._get_scopes(ask):
                self.assertEqual(scope[:3], (("margin",), date(2026, 2, 1), date(2026, 2, 28)))

    def test_several_periods_look_from_the_first_to_the_last(self):
        """Two months, as the period of the search is chosen, days, and what is no period."""
        february = Domain("date", ">=", "2026-02-01") & Domain("date", "<=", "2026-02-28")
        may = Domain("date", ">=", "2025-05-01") & Domain("date", "<=", "2025-05-31")
        margin = Domain("kind", "=", "margin")
        whole = self.Event.search(Domain.TRUE)
        for domain, first, last in (
            (february | may, date(2025, 5, 1), date(2026, 2, 28)),
            (margin & (february | may), date(2025, 5, 1), date(2026, 2, 28)),
            ((february | may) & Domain("date", ">=", "2025-06-01"), date(2025, 6, 1), date(2026, 2, 28)),
            (may | (margin & february), date(2025, 5, 1), date(2026, 2, 28)),
            (Domain("date", "in", [TODAY, date(2026, 1, 1)]), date(2026, 1, 1), TODAY),
            (february | Domain("date", "<", "2025-05-01"), None, date(2026, 2, 28)),
            (february | margin, None, None),
            (~february, None, None),
            (~Domain("date", "in", [TODAY]), None, None),
        ):
            scopes = self._get_scopes(
                lambda domain=domain: self.Event.formatted_read_group(domain, ["kind"], ["value:sum"])
            )
            self.assertEqual({scope[1:3] for scope in scopes}, {(first, last)}, domain)
            self.assertEqual(self.Event.search(domain).ids, whole.filtered_domain(domain).ids, domain)

    def test_a_context_from_outside_shows_no_more(self):
        whole = self.Event.search(Domain.TRUE)
        for scope in (["margin"], {"ids": None}, "all", 7):
            self.assertEqual(self.Event.with_context(broker_target_scope=scope).search(Domain.TRUE), whole)
        march = self.Event.with_context(broker_target_from="2026-03-01", broker_target_kind="margin")
        self.assertEqual(
            march.search([("date", ">=", "2026-02-01")]).ids,
            whole.filtered(lambda row: row.kind == "margin" and row.date >= date(2026, 3, 1)).ids,
        )
