from datetime import date

from odoo.tools import SQL

from odoo.addons.print_broker_crm.tests.common_case import CaseCommon


class ReviewCommon(CaseCommon):
    """Jade is 5A: Wang sells, Chen serves, Sun calls, Qian manages, and Gao manages too.

    Monday, 2 March 2026, ten in the morning in Shanghai. The firm works from 8 to 12 and
    13 to 17, which is 00 to 04 and 05 to 09 in UTC. A review is followed up after 90 days,
    a meeting is an hour, four working hours ahead at the earliest.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Review = cls.env["broker.review"]
        cls.manager_gao = cls._create_user("gao", "group_manager")
        cls.tier_5 = cls.env["broker.tier"].search([("rank", "=", 5)])
        cls.tier_2 = cls.env["broker.tier"].search([("rank", "=", 2)])
        cls.company.write({"broker_review_user_id": cls.manager_qian.id, "broker_low_score": 2})

    def setUp(self):
        super().setUp()
        self.customer.care_user_id = self.care_sun
        self._set_tier(self.customer, self.tier_5)

    def _set_tier(self, customer, tier):
        customer.write({"tier_manual_id": tier.id, "tier_manual_reason": "Test", "tier_manual_until": date(2030, 1, 1)})

    def _turn(self, trend, customer=None, **vals):
        """Let the night find another trend, and tell the rooms, as it does."""
        customer = (customer or self.customer).sudo()
        today = customer.company_id._get_broker_today()
        change = (
            self.env["broker.trend.change"]
            .sudo()
            .create(
                {
                    "customer_id": customer.id,
                    "company_id": customer.company_id.id,
                    "date": today,
                    "trend_before": customer.trend,
                    "trend": trend,
                    **vals,
                }
            )
        )
        customer.write({"trend": trend, "trend_since": today})
        if not change.is_history:
            customer._after_trend_change(change)
        return change

    def _night(self, company=None):
        """Do the reviews' part of the night; return how many were looked at."""
        handled = sum(self.Review._night_steps(company or self.company))
        self.env.flush_all()
        self.env.invalidate_all()
        return handled

    def _get_reviews(self, customer=None):
        return self.Review.search([("customer_id", "=", (customer or self.customer).id)], order="id")

    def _add_margin(self, margins, customer=None):
        """Write down what a customer left in some months.

        :param margins: {first day of the month: margin}
        """
        customer = customer or self.customer
        self.env.flush_all()
        for month, margin in margins.items():
            self.env.cr.execute(
                SQL(
                    "INSERT INTO broker_customer_month (customer_id, company_id, month, margin)"
                    " VALUES (%s, %s, %s, %s)",
                    customer.id,
                    customer.company_id.id,
                    month,
                    margin,
                )
            )
        self.env.invalidate_all()

    def _agree(self, review, *measures):
        """Name a cause and agree on measures, each (person, what)."""
        review = review.with_user(self.manager_qian)
        review.cause = review.cause or "price"
        review.measure_ids = [
            (0, 0, {"name": name, "user_id": user.id, "date": date(2026, 3, 20)}) for user, name in measures
        ]
        review.action_agree()
        return review
