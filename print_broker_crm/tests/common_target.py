from datetime import date


class TargetMixin:
    """What counts towards targets, asked as a target asks and as its rows say."""

    def _get_total(self, kind, user, month=3, company=None):
        """Return (sum or average, number of rows) of a month of 2026, rounded.

        The rows that the target opens must say the same.
        """
        company = company or self.company
        first = date(2026, month, 1)
        last = date(2026 + month // 12, month % 12 + 1, 1) - date.resolution
        Event = self.env["broker.target.event"]
        present = kind in ("satisfaction", "coverage")
        days = (None, None) if present else (first, last)
        totals = Event._get_totals(company, [kind], user, *days)
        total, average, count = totals.get((kind, user.id), (0, 0, 0))
        domain = [("kind", "=", kind), ("user_id", "=", user.id), ("company_id", "=", company.id)]
        if not present:
            domain += [("date", ">=", first), ("date", "<=", last)]
        self.env.flush_all()
        Event.invalidate_model()
        # Asked for this kind alone, and with all others around it.
        rows = Event.with_context(broker_target_kind=kind, broker_target_from=str(first)).search(domain)
        self.assertEqual(rows.ids, Event.search(domain).ids)
        self.assertEqual(len(rows), count)
        for row in rows:
            self.assertTrue(self.env[row.res_model].browse(row.res_id).exists(), "each row has its document")
            self.assertEqual(row.action_open()["res_model"], row.res_model)
        if kind in ("new_customer", "margin", "solved", "repeat_margin", "recovered"):
            self.assertAlmostEqual(sum(rows.mapped("value")), float(total or 0), 4)
            return round(float(total or 0), 2), count
        values = rows.mapped("average")
        self.assertAlmostEqual(sum(values) / (len(values) or 1), float(average or 0), 4)
        return round(float(average or 0), 2), count

    def _hand_over(self, customer, user, role="sales"):
        """Give a customer to somebody else, today."""
        if role == "sales":
            customer.partner_id.user_id = user
        else:
            customer[f"{role}_user_id"] = user
        self.env.flush_all()
