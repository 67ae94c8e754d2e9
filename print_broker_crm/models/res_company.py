from datetime import datetime, time, timedelta

from pytz import UTC, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS
from odoo.tools import SQL


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = [
        "broker.company.contact.mixin",
        "broker.company.coverage.mixin",
        "broker.company.signal.mixin",
        "broker.company.claim.mixin",
        "broker.company.target.mixin",
        "broker.company.month.mixin",
        "broker.company.trend.mixin",
        "broker.company.risk.mixin",
        "broker.company.review.mixin",
        "broker.company.report.mixin",
        "broker.company.market.mixin",
        "res.company",
    ]

    broker_care_manager_id = fields.Many2one(
        "res.users",
        string="Care Line Answers To",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Gets the to-dos about customers whom the care line could not reach, where the customer has no sponsor.",
    )

    broker_rating_link_days = fields.Integer(
        string="Rating Links Valid for",
        default=14,
        help="Days in which a customer may answer a rating link.",
    )
    broker_low_score = fields.Integer(
        string="Low Score up to",
        default=2,
        help="A customer who scores sales or service so low by a link is called.",
    )
    broker_check_price_percent = fields.Float(
        string="Price May Differ by (%)",
        default=5.0,
        help="A price that the customer names in a care call differs from the job's, with or without taxes, by more: "
        "the manager is told.",
    )
    broker_check_date_days = fields.Integer(
        string="Day May Differ by",
        default=2,
        help="Days by which the day that the customer names may differ from the job's before the manager is told.",
    )
    broker_satisfaction_days = fields.Integer(
        string="Satisfaction Looks Back",
        default=365,
        help="Days of answers from which satisfaction is measured.",
    )
    broker_satisfaction_weight = fields.Float(
        string="Weight of the Firm's Average",
        default=3.0,
        help="How many answers of its own a customer needs to count as much as the average of all customers does.",
    )
    broker_satisfaction_minimum = fields.Integer(
        string="Customers before an Average is Shown",
        default=5,
        help="Those who are scored see an average of so many different customers at least, and it moves only when as "
        "many have answered again. Never fewer than 5.",
    )

    _broker_rating_link_days_positive = models.Constraint(
        "CHECK (broker_rating_link_days > 0)", "A rating link must be valid for at least one day."
    )
    _broker_low_score_range = models.Constraint(
        "CHECK (broker_low_score BETWEEN 0 AND 4)", "A low score is one up to 4; 0 means that no score is low."
    )
    _broker_check_positive = models.Constraint(
        "CHECK (broker_check_price_percent >= 0 AND broker_check_date_days >= 0)",
        "What a customer names cannot differ by less than nothing.",
    )
    _broker_satisfaction_positive = models.Constraint(
        "CHECK (broker_satisfaction_days > 0 AND broker_satisfaction_weight >= 0)",
        "Satisfaction looks back at least one day, and the firm's average weighs nothing or more.",
    )
    _broker_satisfaction_minimum_five = models.Constraint(
        "CHECK (broker_satisfaction_minimum >= 5)",
        "An average of fewer than 5 customers would tell who said what.",
    )

    broker_call_from = fields.Float(
        string="Call Nobody Before",
        default=8.0,
        help="By the customer's own clock, where the customer wants no other hours.",
    )
    broker_call_to = fields.Float(string="Call Nobody After", default=21.0)

    _broker_call_hours_range = models.Constraint(
        "CHECK (broker_call_from >= 0 AND broker_call_from < broker_call_to AND broker_call_to <= 24)",
        "The hours in which customers are called lie on one day, the first before the last.",
    )

    broker_trend_amount = fields.Monetary(
        string="Smallest Change",
        help="A change of revenue by less than this is no trend, however many percent it is.",
    )

    _broker_trend_amount_not_negative = models.Constraint(
        "CHECK (broker_trend_amount >= 0)", "The smallest change of revenue that is a trend cannot be negative."
    )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        self.env["broker.tier.policy"]._ensure_for_companies(companies)
        self.env["broker.commission.plan"]._open_default_plans(companies)
        return companies

    broker_handoff_accept_hours = fields.Float(
        string="Hours to Accept a Handoff",
        default=4.0,
        help="Working hours the service agent has to accept or return a handoff.",
    )

    broker_introduction_mail = fields.Boolean(
        string="Introduce Service Agents by E-mail",
        default=True,
        help="When a handoff is accepted by an agent who is new to the customer, the customer gets an e-mail from the "
        "salesperson, in the customer's language and with both in copy.",
    )
    broker_first_contact_hours = fields.Float(
        string="Hours to the First Word",
        default=8.0,
        help="Working hours in which a new service agent calls or writes to a customer without a tier.",
    )

    _broker_first_contact_hours_positive = models.Constraint(
        "CHECK (broker_first_contact_hours > 0)",
        "The hours to the first word of a service agent must be more than zero.",
    )

    broker_handoff_mode = fields.Selection(
        [("ask", "Service accepts or returns each handoff"), ("self", "Handoffs accept themselves")],
        string="Acceptance of Handoffs",
        required=True,
        default="ask",
        help="Where the same few people sell and serve, nobody need be asked; the jobs are followed all the same.",
    )
    broker_handoff_repeat = fields.Boolean(
        string="Hand Over Repeat Orders",
        help="A job confirmed without an opportunity gets a handoff by itself. Otherwise the salesperson opens one "
        "where it is needed.",
    )

    _broker_handoff_accept_hours_positive = models.Constraint(
        "CHECK (broker_handoff_accept_hours > 0)",
        "The hours to accept a handoff must be more than zero.",
    )

    broker_proof_remind_hours = fields.Float(
        string="Ask about a Proof After",
        default=8.0,
        help="Working hours after which the service agent gets a to-do when the customer has not answered a proof. "
        "0: never.",
    )

    _broker_proof_remind_hours_not_negative = models.Constraint(
        "CHECK (broker_proof_remind_hours >= 0)",
        "The hours before asking about a proof cannot be negative; 0 means never.",
    )

    broker_relay_active = fields.Boolean(
        string="Jobs Run through the Relay",
        default=True,
        help="A confirmed order becomes a job with stages, a responsible person and a clock.",
    )
    broker_relay_warn_percent = fields.Integer(
        string="Clock Turns Yellow After",
        default=75,
        help="The part of the time allowed, in percent, after which a job counts as due soon.",
    )
    broker_receipt_whole = fields.Boolean(
        string="Receipt Only of the Whole",
        default=True,
        help="A job with several deliveries is received when the last of them is.",
    )

    _broker_relay_warn_percent_range = models.Constraint(
        "CHECK (broker_relay_warn_percent BETWEEN 1 AND 100)",
        "The clock of a job turns yellow after 1 to 100 percent of its time.",
    )

    broker_masking = fields.Selection(
        [
            ("refuse", "Hide names, and refuse them when they are typed"),
            ("mask", "Hide names, and only warn when they are typed"),
            ("off", "Hide nothing"),
        ],
        string="Customers and Printing Houses",
        required=True,
        default="mask",
        help="Neither learns of the other from what the firm prints, sends and shows on the portal.",
    )
    broker_credit_check = fields.Boolean(
        string="Warn before Confirming",
        help="An order of a customer with an overdue debt or too little integrity, as the caps of the 5A policy say, "
        "is confirmed only after a manager released it with a reason.",
    )
    broker_credit_user_id = fields.Many2one(
        "res.users",
        string="Credit Goes To",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Gets the to-dos about orders that a customer without credit signed or paid online. Empty: a manager.",
    )
    broker_need_stale_days = fields.Integer(
        string="A Need Waits Too Long After",
        default=90,
        help="Days after which an open need of a customer is listed as waiting too long.",
    )

    _broker_need_stale_days_positive = models.Constraint(
        "CHECK (broker_need_stale_days > 0)",
        "A need must have one day at least before it waits too long.",
    )

    broker_weight_min = fields.Integer(
        string="Lightest Sheet (g/m²)", default=20, help="A job spec with a lighter sheet is refused."
    )
    broker_weight_max = fields.Integer(
        string="Heaviest Sheet (g/m²)", default=2500, help="A job spec with a heavier sheet is refused."
    )
    broker_size_max = fields.Integer(
        string="Largest Size (mm)", default=5000, help="A job spec with a longer side is refused."
    )

    _broker_job_spec_limits = models.Constraint(
        "CHECK (broker_weight_min >= 0 AND broker_weight_max > broker_weight_min AND broker_size_max > 0)",
        "The heaviest sheet of job specs must be heavier than the lightest, and the largest size more than zero.",
    )

    broker_bulk_read_threshold = fields.Integer(
        string="Bulk Read From",
        default=200,
        help="Reading more customers, contacts or opportunities than this at once is recorded in the access log.",
    )
    broker_access_log_days = fields.Integer(
        string="Keep the Access Log", default=730, help="Days after which rows of the access log are dropped."
    )

    _broker_bulk_read_threshold_floor = models.Constraint(
        "CHECK (broker_bulk_read_threshold >= 50)",
        "Reads of fewer than 50 records are ordinary screens: set the threshold of the access log to 50 or more.",
    )
    _broker_access_log_days_positive = models.Constraint(
        "CHECK (broker_access_log_days > 0)",
        "The access log must be kept for one day at least.",
    )

    broker_silent_days = fields.Integer(
        string="Silent After",
        default=90,
        help="A customer of whom nothing was heard for more days than this is silent: no order, no message, no "
        "meeting, no care call in which somebody was reached.",
    )
    broker_readiness_touch_days = fields.Integer(
        string="A Colleague in Touch Within",
        default=90,
        help="Days in which somebody besides the salesperson must have been in touch with the customer.",
    )
    broker_readiness_care_days = fields.Integer(
        string="Care Line in Touch Within",
        default=90,
        help="Days in which the care line must have reached a customer without a tier; a tier has its own cadence.",
    )
    broker_readiness_touch_points = fields.Integer(string="Points for a Colleague in Touch", default=40)
    broker_readiness_file_points = fields.Integer(string="Points for a Complete File", default=20)
    broker_readiness_care_points = fields.Integer(string="Points for the Care Line in Touch", default=20)
    broker_readiness_promise_points = fields.Integer(string="Points for Shared Promises", default=20)
    broker_readiness_mark_date = fields.Date(
        string="Day of the Last Readiness Run", readonly=True, copy=False, groups=NO_ACCESS
    )
    broker_readiness_mark_id = fields.Integer(
        string="Readiness Run up to Customer",
        readonly=True,
        copy=False,
        groups=NO_ACCESS,
        help="Database id of the last customer looked at on that day.",
    )

    _broker_succession_days_positive = models.Constraint(
        "CHECK (broker_silent_days > 0 AND broker_readiness_touch_days > 0 AND broker_readiness_care_days > 0)",
        "The days after which a customer is silent, and those of succession readiness, must be more than zero.",
    )
    _broker_readiness_points_sum = models.Constraint(
        "CHECK (LEAST(broker_readiness_touch_points, broker_readiness_file_points, broker_readiness_care_points,"
        " broker_readiness_promise_points) >= 0 AND broker_readiness_touch_points + broker_readiness_file_points"
        " + broker_readiness_care_points + broker_readiness_promise_points = 100)",
        "The points of succession readiness (a colleague in touch, a complete file, the care line in touch, shared "
        "promises) must add up to 100, and none may be below zero.",
    )

    # Here, because only the company itself has a currency.
    broker_signal_departure_amount = fields.Monetary(
        string="Orders Worth Watching",
        help="Customers who ordered for less in the months before a departure are left alone.",
        groups="print_broker_crm.group_manager",
    )
    broker_sponsor_customer_max = fields.Integer(
        string="Accounts per Sponsor",
        default=10,
        help="How many customers one sponsor can have at most. 0: no limit.",
    )

    _broker_sponsor_customer_max_not_negative = models.Constraint(
        "CHECK (broker_sponsor_customer_max >= 0)",
        "The accounts per sponsor cannot be negative; 0 means no limit.",
    )

    broker_statement_months = fields.Integer(
        string="Months of a Commission Statement",
        default=1,
        help="How many months a commission statement covers, counted from the beginning of the year.",
    )
    broker_statement_auto = fields.Boolean(
        string="Open Commission Statements by Themselves",
        default=True,
        help="When a period is over, a statement is opened for everybody who has something on it.",
    )

    broker_instalments_due_on_leaving = fields.Boolean(
        string="Instalments Fall Due on Leaving",
        default=True,
        help="What somebody who leaves still has to give back is deducted from the statement of their last day, and "
        "not in parts from statements that may never come.",
    )
    broker_statement_payment = fields.Selection(
        [("mark", "Just mark it as paid"), ("bill", "Make a vendor bill"), ("entry", "Make a journal entry")],
        string="Paying Commission",
        required=True,
        default="mark",
        help="What paying a commission statement leaves in accounting: nothing, a draft bill or a draft entry.",
    )
    broker_statement_journal_id = fields.Many2one(
        "account.journal",
        string="Commission Journal",
        domain="[('type', 'in', ('purchase', 'general')), ('company_id', 'parent_of', id)]",
    )
    broker_statement_expense_account_id = fields.Many2one("account.account", string="Commission Expense Account")
    broker_statement_payable_account_id = fields.Many2one("account.account", string="Commission Payable Account")

    broker_dispute_user_id = fields.Many2one(
        "res.users",
        string="Disputes Go To",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Gets the to-dos about commission disputes. Empty: who confirmed the statement, or a manager.",
    )
    broker_dispute_days = fields.Integer(string="Days to Answer a Dispute", default=5, help="0: there is no deadline.")

    broker_case_answer_hours = fields.Float(
        string="Answer Cases Within",
        default=8.0,
        help="Working hours to the first answer to a customer without a tier.",
    )
    broker_case_solution_hours = fields.Float(
        string="Solve Cases Within",
        default=24.0,
        help="Working hours to the solution for a customer without a tier; waiting for others does not count.",
    )
    broker_case_at_once_hours = fields.Float(
        string="Solved at Once Means Within",
        default=1.0,
        help="Working hours. A case that waited for nobody, never came back and took no longer was solved at once.",
    )

    _broker_case_hours_positive = models.Constraint(
        "CHECK (broker_case_answer_hours > 0 AND broker_case_solution_hours > 0 AND broker_case_at_once_hours > 0)",
        "The hours in which a case is answered and solved must be more than zero.",
    )

    _broker_dispute_days_floor = models.Constraint(
        "CHECK (broker_dispute_days >= 0)", "The days to answer a dispute cannot be less than none."
    )
    _broker_statement_months_known = models.Constraint(
        "CHECK (broker_statement_months IN (1, 2, 3, 4, 6, 12))",
        "A commission statement covers 1, 2, 3, 4, 6 or 12 months, so that periods fit into the year.",
    )

    def _check_broker_statement_accounts(self):
        """Raise when paying should make a document and does not know where to write it."""
        self.ensure_one()
        is_bill = self.broker_statement_payment == "bill"
        journal_type = "purchase" if is_bill else "general"
        if (
            self.broker_statement_journal_id.type != journal_type
            or not self.broker_statement_expense_account_id
            or not (is_bill or self.broker_statement_payable_account_id)
        ):
            raise UserError(
                self.env._(
                    "Paying commission of %(company)s makes a vendor bill or a journal entry. Choose a journal of "
                    "that kind and the accounts in the settings, or let paying just be a mark.",
                    company=self.name,
                )
            )

    def _get_broker_calendar(self):
        """Return the `resource.calendar` in which the firm's clocks run, or none."""
        self.ensure_one()
        return self.resource_calendar_id

    def _get_broker_leave_domain(self):
        """Return which time off stops the firm's clocks. A holiday without a calendar is
        that of its company alone, whoever asks."""
        self.ensure_one()
        return [("time_type", "=", "leave"), ("company_id", "in", [False, self.id])]

    def _plan_broker_hours(self, hours, start):
        """Return the times that lie some working hours of the firm after another, by one
        look into its calendar. A firm without working hours counts every hour.

        :param hours: working hours, ascending
        :param start: naive UTC `datetime`
        :return: list of naive UTC `datetime`
        """
        self.ensure_one()
        calendar = self._get_broker_calendar()
        begin = UTC.localize(start)
        # Long enough for an ordinary leg, then for nearly two years of holidays.
        for days in (14, 700) if calendar.attendance_ids else ():
            intervals = calendar._work_intervals_batch(
                begin, begin + timedelta(days=days), domain=self._get_broker_leave_domain()
            )[False]
            found, worked = [], timedelta()
            for open_at, close_at, _attendances in intervals:
                while len(found) < len(hours) and timedelta(hours=hours[len(found)]) <= worked + (close_at - open_at):
                    moment = open_at + timedelta(hours=hours[len(found)]) - worked
                    found.append(moment.astimezone(UTC).replace(tzinfo=None))
                worked += close_at - open_at
            if len(found) == len(hours):
                return found
        return [start + timedelta(hours=number) for number in hours]

    def _get_broker_tz(self):
        """Return the name of the time zone in which the firm's days begin."""
        self.ensure_one()
        return (self._get_broker_calendar().tz or self.partner_id.tz or self.env.user.tz) or "UTC"

    def _get_broker_today(self):
        """Return the firm's present day, whoever asks from wherever."""
        self.ensure_one()
        return fields.Date.context_today(self.with_context(tz=self._get_broker_tz()))

    def _note_broker_progress(self, **values):
        """Write down how far a night has come. By itself: writing a company makes Odoo look at
        much else."""
        self.ensure_one()
        self.env.cr.execute(
            SQL(
                "UPDATE res_company SET %s WHERE id = %s",
                SQL(", ").join(SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items()),
                self.id,
            )
        )
        self.invalidate_recordset(list(values), flush=False)

    def _get_satisfaction_minimum(self):
        """Return how many different customers an average hides, never fewer than five."""
        self.ensure_one()
        return max(self.broker_satisfaction_minimum, 5)

    def _get_broker_date(self, moment):
        """Return the firm's day of a stored moment.

        :param moment: naive UTC `datetime`, or nothing
        :return: `date`, or False without a moment
        """
        self.ensure_one()
        return bool(moment) and UTC.localize(moment).astimezone(timezone(self._get_broker_tz())).date()

    def _get_broker_day_start(self, days_ago=0):
        """Return the moment at which the firm's present day began, or an earlier one.

        :param days_ago: how many days before the present one
        :return: naive UTC `datetime`
        """
        self.ensure_one()
        day = self._get_broker_today() - timedelta(days=days_ago)
        start = timezone(self._get_broker_tz()).localize(datetime.combine(day, time.min))
        return start.astimezone(UTC).replace(tzinfo=None)
