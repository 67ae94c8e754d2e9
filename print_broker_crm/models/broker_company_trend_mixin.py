from odoo import fields, models
from odoo.fields import NO_ACCESS


class BrokerCompanyTrendMixin(models.AbstractModel):
    """From when on a company calls a customer rising, declining or lost."""

    _name = "broker.company.trend.mixin"
    _description = "Company: Trend"

    broker_trend_fall_percent = fields.Integer(
        string="Declining from (%)",
        default=25,
        help="A customer whose revenue of three months fell by so many percent or more against the same months a year "
        "before, and by half as much over six months, declines. Without a year before, the three months before count.",
    )
    broker_trend_rise_percent = fields.Integer(
        string="Rising from (%)",
        default=25,
        help="A customer whose revenue rose by so many percent or more, compared in the same way, rises.",
    )
    broker_trend_young_times = fields.Float(
        string="Without a Year Before (Times)",
        default=1.5,
        help="Where no year before is known, nobody knows the season: against the three months before, revenue must "
        "have moved by so many times the percent.",
    )
    broker_trend_agree_months = fields.Integer(
        string="Months That Agree",
        default=2,
        help="So many closed months, one after the other, have to show the same before revenue alone makes a customer "
        "declining or rising. With 1 every weak quarter is a decline at once; with 2 a decline is seen some weeks "
        "later, and far fewer are false.",
    )
    broker_trend_chance_times = fields.Float(
        string="More Than Chance (Times)",
        default=1.5,
        help="Whose jobs are now larger, now smaller has months that differ anyhow. A move is a trend only when it is "
        "at least so many times what one month with revenue usually differs from the next. With 0 every move counts.",
    )
    broker_trend_new_months = fields.Integer(
        string="New For (Months)",
        default=6,
        help="So long after the first purchase a customer is new: there is nothing yet to compare with.",
    )
    broker_trend_books_months = fields.Integer(
        string="Books Reach Back (Months)",
        default=3,
        help="Whose first purchase comes sooner after the beginning of the firm's books may have bought before, and "
        "is not called new.",
    )
    broker_trend_recovered_months = fields.Integer(
        string="Recovered For (Months)",
        default=6,
        help="So long a lost customer who bought again is called recovered.",
    )
    broker_trend_rhythm_jobs = fields.Integer(
        string="Days of Purchase for a Rhythm",
        default=3,
        help="Who bought on fewer different days has no rhythm of its own yet.",
    )
    broker_trend_lost_times = fields.Float(
        string="Lost After (Usual Gaps)",
        default=3.0,
        help="A customer is lost when the next job is late by so many times the usual days between two jobs, and "
        "declines when half of that is over.",
    )
    broker_trend_lost_min_days = fields.Integer(
        string="Late by at Least (Days)",
        default=60,
        help="However often it buys, no customer is lost before its next job is late by so many days.",
    )
    broker_trend_lost_max_days = fields.Integer(
        string="Late by at Most (Days)",
        default=180,
        help="However seldom it buys, a customer is lost when its next job is late by so many days.",
    )
    broker_trend_pause_times = fields.Float(
        string="Patience (Long Pauses)",
        default=2.0,
        help="Whoever buys irregularly is late only when it pauses for so many times its own long pauses: nine in ten "
        "were no longer. Never later than half of the most days. With 0 only the usual gap counts.",
    )
    broker_trend_single_days = fields.Integer(
        string="Lost without a Rhythm After (Days)",
        default=400,
        help="A customer without a rhythm is lost so many days after its last job: a year, and some time for those who "
        "buy once a year.",
    )
    broker_trend_season_days = fields.Integer(
        string="A Season Shifts by (Days)",
        default=45,
        help="A customer who was as silent a year before, from about the same day on, is out of season: its next job "
        "is expected when it came back then.",
    )
    broker_trend_regular_months = fields.Integer(
        string="Regular from (Months of Twelve)",
        default=6,
        help="Who buys in fewer months of a year is compared by whole years: for them an order that comes a few days "
        "sooner is no rise, and one that comes later no decline.",
    )
    broker_trend_gap_customers = fields.Integer(
        string="Customers before a Hole in the Books",
        default=5,
        help="A month in which nobody at all bought, after one in which so many customers did and before one in which "
        "somebody did again, is a hole in the books. It is held against no customer.",
    )
    broker_gap_times = fields.Integer(
        string="Purchases before a Product is Missed",
        default=3,
        help="A product that the customer bought on so many days, and that is late by the customer's own rhythm, is "
        "missing.",
    )
    broker_gap_days = fields.Integer(
        string="A Product Is Missed For (Days)",
        default=365,
        help="So many days after it was expected it counts as given up, and is no longer listed.",
    )
    broker_trend_mark_date = fields.Date(string="Day of the Last Trend", readonly=True, copy=False, groups=NO_ACCESS)
    broker_trend_mark_id = fields.Integer(
        string="Trend up to Customer",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="Database id of the last customer judged as of that day.",
    )
    broker_trend_basis = fields.Char(
        string="Trend Judged By",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="A digest of the thresholds and of the firm's books: with another one all customers are judged.",
    )

    broker_trend_numbers = fields.Json(
        string="Settings of the Last Trend",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="The thresholds by which the customers were judged last. Reviews opened meanwhile are measured by them.",
    )

    _broker_trend_percent_range = models.Constraint(
        "CHECK (broker_trend_fall_percent BETWEEN 1 AND 100 AND broker_trend_rise_percent > 0)",
        "A customer declines from 1 to 100 percent on, and rises from more than nothing on.",
    )
    _broker_trend_positive = models.Constraint(
        "CHECK (broker_trend_young_times >= 1 AND broker_trend_new_months > 0"
        " AND broker_trend_books_months >= 0 AND broker_trend_recovered_months > 0"
        " AND broker_trend_lost_times > 0 AND broker_trend_season_days >= 0 AND broker_trend_gap_customers > 0)",
        "The months, days, times and customers of the trend must be more than zero; without a year before a "
        "change counts once at least.",
    )
    _broker_trend_chance_range = models.Constraint(
        "CHECK (broker_trend_agree_months BETWEEN 1 AND 3 AND broker_trend_chance_times >= 0"
        " AND broker_trend_pause_times >= 0)",
        "One to three closed months agree, and neither chance nor patience is less than nothing.",
    )
    _broker_trend_days_range = models.Constraint(
        "CHECK (broker_trend_lost_min_days > 0 AND broker_trend_lost_max_days >= broker_trend_lost_min_days"
        " AND broker_trend_single_days > 0)",
        "A customer is lost after one day late at least, and the most days are not fewer than the least.",
    )
    _broker_trend_rhythm_range = models.Constraint(
        "CHECK (broker_trend_rhythm_jobs >= 2 AND broker_gap_times >= 2 AND broker_gap_days > 0"
        " AND broker_trend_regular_months BETWEEN 1 AND 12)",
        "A rhythm needs two purchases at least, a product is missed for one day at least, and a year has 1 to 12 "
        "months.",
    )
