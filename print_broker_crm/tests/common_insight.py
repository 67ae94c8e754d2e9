from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


class InsightCommon(BrokerAccountCommon):
    """A firm with months behind it, told month by month: what the night would write."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.this_month = cls.company._get_broker_today().replace(day=1)
        cls.last_month = cls._get_month(1)
        cls.insight = cls.env["broker.insight"].with_user(cls.manager_qian)

    @classmethod
    def _get_month(cls, back):
        """Return the first day of the month so many before the present one."""
        return cls.this_month - relativedelta(months=back)

    @classmethod
    def _fill_month(cls, customer, back, revenue, margin=0.0, **figures):
        """Write a customer's month as the night does."""
        values = {
            "customer_id": customer.id,
            "company_id": customer.company_id.id,
            "month": cls._get_month(back),
            "revenue": revenue,
            "margin": margin,
            **figures,
        }
        cls.env.flush_all()
        cls.env.cr.execute(
            SQL(
                "INSERT INTO broker_customer_month (%s) VALUES %s",
                SQL(", ").join(map(SQL.identifier, values)),
                tuple(values.values()),
            )
        )
        cls.env.invalidate_all()

    @classmethod
    def _fill_trend(cls, customer, trend, day, before=False):
        """Let the night have judged a customer as of a day."""
        return (
            cls.env["broker.trend.change"]
            .sudo()
            .create(
                {
                    "customer_id": customer.id,
                    "company_id": customer.company_id.id,
                    "date": day,
                    "trend_before": before,
                    "trend": trend,
                }
            )
        )

    @classmethod
    def _open_decliner(cls, name, before, now, trend="declining"):
        """Open the file of a customer that bought less in its last closed month than in the
        same a year before.

        :param before: revenue of the month a year before the last closed one
        :param now: revenue of the last closed month
        """
        customer = cls._open_customer(cls._create_partner(name, cls.sales_wang), service=cls.service_chen)
        cls._fill_month(customer, 13, before)
        if now:
            cls._fill_month(customer, 1, now)
        cls._fill_trend(customer, trend, cls.last_month + relativedelta(months=1, days=-1))
        return customer
