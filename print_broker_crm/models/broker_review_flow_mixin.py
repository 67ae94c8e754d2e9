from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import ConcurrencyError, LockError, UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL

CALL_ACTIVITY = "print_broker_crm.mail_activity_type_review"
DOWN = ("declining", "lost")
UP = ("rising", "stable", "recovered")


class BrokerReviewFlowMixin(models.AbstractModel):
    """How a review is opened, agreed on and followed; it closes by the numbers alone."""

    _name = "broker.review.flow.mixin"
    _description = "Review: Flow"

    # OPENING

    @api.model
    def _open(self, vals_list):
        """Open reviews in the name of the firm, with the evidence there is.

        :param vals_list: dicts of `customer_id` and `reason`; `change_id`, `decline_on`
            and `has_declined` may be given
        :return: the reviews, in sudo
        """
        if not vals_list:
            return self.sudo().browse()
        context = {
            "lang": self.env.lang,
            "mail_activity_quick_update": True,
            "mail_create_nolog": True,
            "mail_create_nosubscribe": True,
            "tracking_disable": True,
        }
        Review = self.env(user=SUPERUSER_ID, su=True, context=context)[self._name]
        try:
            with self.env.cr.savepoint():
                reviews = Review.create(Review._prepare_reviews(vals_list))
        except UniqueViolation as error:
            # Somebody opened the same at the same moment; Odoo runs the request again.
            raise ConcurrencyError(str(error)) from error
        reviews._gather_evidence()
        reviews._refresh_margin()
        reviews._ask_leader()
        return self.sudo().browse(reviews.ids)

    @api.model
    def _prepare_reviews(self, vals_list):
        """Return the values of new reviews: who leads them and takes part, and until when
        the numbers are waited for."""
        customers = self.env["broker.customer"].browse([vals["customer_id"] for vals in vals_list])
        today = {company: company._get_broker_today() for company in customers.company_id}
        leaders = {company: self._get_leaders(company) for company in customers.company_id}
        yardsticks = {company: self._get_yardstick(company) for company in customers.company_id}
        prepared = []
        for customer, vals in zip(customers, vals_list, strict=True):
            company = customer.company_id
            leader = self._put_last(leaders[company], customer.partner_id.user_id)[:1]
            sponsor = self._filter_present(customer.sponsor_user_id, company)
            prepared.append(
                {
                    "opened_on": today[company],
                    "decline_on": today[company],
                    "follow_up_date": today[company] + timedelta(days=company.broker_review_days),
                    "user_id": leader.id,
                    "operations_user_id": self._get_operations_user(customer, leaders[company] - leader).id,
                    "guest_ids": [Command.set(sponsor.ids)],
                    "yardstick": yardsticks[company],
                    **vals,
                }
            )
        return prepared

    @api.model
    def _get_operations_user(self, customer, others):
        """Return who speaks for operations: of the account team, else who is named in the
        settings, else another manager.

        :param others: the managers who do not lead the review, `res.users`
        """
        company = customer.company_id
        members = customer.member_ids.filtered(
            lambda member: not member.date_to and member.function in ("operation", "delivery")
        )
        people = members.user_id | company.broker_review_operations_user_id | (others - customer.partner_id.user_id)
        return self._filter_present(people, company)[:1]

    @api.model
    def _filter_present(self, users, company):
        """Return those of some users who work for a company now."""
        return users.filtered(lambda user: user.active and not user.share and company in user.company_ids)

    def _ask_leader(self):
        """Give whoever leads each review the to-do of calling the people together."""
        activity_type = self.env.ref(CALL_ACTIVITY, raise_if_not_found=False)
        if not activity_type:
            return
        model_id = self.env["ir.model"]._get_id(self._name)
        self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True).create(
            [
                {
                    "activity_type_id": activity_type.id,
                    "automated": True,
                    "date_deadline": review.company_id._get_broker_today(),
                    "res_id": review.id,
                    "res_model_id": model_id,
                    "summary": self.with_context(lang=review.user_id.lang or self.env.lang).env._(
                        "Call the people of this customer together"
                    ),
                    "user_id": review.user_id.id,
                }
                for review in self
                if review.user_id
            ]
        )

    def _pass_call_on(self):
        """Give the to-do of calling the people together to whoever leads these reviews now,
        where they wait for it."""
        waiting = self.sudo().filtered(lambda review: review.state == "new")
        waiting.activity_unlink([CALL_ACTIVITY])
        waiting._ask_leader()

    @api.model
    def _follow_changes(self, changes):
        """Let open reviews know of changes of the trend, and open those that are due.

        :param changes: `broker.trend.change`, of any number of customers
        """
        changes = changes.sudo().filtered(lambda change: not change.is_history).sorted(lambda row: (row.date, row.id))
        known = self.sudo().search(Domain("change_id", "in", changes.ids)).change_id
        wanted = {}
        for change in changes - known:
            if change.trend in DOWN:
                wanted[change.customer_id] = change
            else:
                wanted.pop(change.customer_id, None)
        reviews = self._find_open(changes.customer_id)
        fallen = reviews.filtered(lambda review: review.customer_id in wanted and not review.has_declined)
        for company, of_company in fallen.grouped("company_id").items():
            of_company.write({"has_declined": True, "yardstick": self._get_yardstick(company)})
        reviews._judge()
        reviewed = self._find_open(self.env["broker.customer"].union(*wanted)).customer_id
        due = {
            customer: change
            for customer, change in wanted.items()
            if customer not in reviewed and self._is_decline_reviewed(customer, change)
        }
        return self._open_declines(due, self._get_decline_starts(due))

    @api.model
    def _open_of_new_key_accounts(self, company):
        """Open the reviews of customers who became key accounts in the middle of a decline
        that nobody has looked at.

        What began before anybody looked, and what settings of another day left out, is left
        alone: then the tier is no older than the decline.
        """
        customers = self.env["broker.customer"].sudo()
        if company.broker_review_tiers == "key":
            customers = customers.search(
                Domain("company_id", "=", company.id)
                & Domain("trend", "in", DOWN)
                & Domain("tier_id.is_key", "=", True)
                & Domain("tier_date", "!=", False)
            )
            customers -= self._find_open(customers).customer_id
        if not customers:
            return self.sudo().browse()
        trends = customers._get_trend_at(company, company._get_broker_today())
        rows = self.env.execute_query(
            SQL("SELECT change_id FROM (%s) known WHERE customer_id = ANY(%s)", trends, customers.ids)
        )
        changes = self.env["broker.trend.change"].sudo().browse(change for (change,) in rows)
        changes -= self.sudo().search(Domain("change_id", "in", changes.ids)).change_id
        due = {
            change.customer_id: change
            for change in changes
            if change.trend in DOWN and not change.is_history and self._is_decline_reviewed(change.customer_id, change)
        }
        begins = self._get_decline_starts(due)
        due = {customer: change for customer, change in due.items() if customer.tier_date > begins[customer]}
        return self._open_declines(due, begins)

    @api.model
    def _open_declines(self, due, begins):
        """Open the reviews of declines, but of those that were looked at: one that goes on
        is looked at once.

        :param due: {`broker.customer`: its newest `broker.trend.change`}
        :param begins: {`broker.customer`: the day on which its decline began}
        """
        latest = self._get_last_looked_at(due)
        return self._open(
            [
                {
                    "customer_id": customer.id,
                    "change_id": change.id,
                    "reason": change.trend,
                    "decline_on": begins[customer],
                    "has_declined": True,
                }
                for customer, change in due.items()
                if customer not in latest or latest[customer] < begins[customer]
            ]
        )

    @api.model
    def _get_last_looked_at(self, customers):
        """Return {customer: the last day on which a review was about its decline}.

        One that was opened for another reason, and ended while the customer declined, was
        about that decline as well.

        :param customers: the `broker.customer` asked about
        """
        latest = {}
        reviews = self.sudo().search(
            Domain("customer_id", "in", [customer.id for customer in customers]) & Domain("has_declined", "=", True)
        )
        unended = reviews._find_unended()
        for review in reviews:
            day = review.decline_on
            if review in unended:
                day = review.company_id._get_broker_today()
            elif review.outcome in ("lost", "unchanged"):
                day = max(day, review.closed_on)
            customer = review.customer_id
            latest[customer] = max(day, latest.get(customer, day))
        return latest

    @api.model
    def _is_decline_reviewed(self, customer, change):
        """Return whether the settings want a review of this customer's decline."""
        company = customer.company_id
        return (
            customer.active
            and self._is_tier_reviewed(customer)
            and (company.broker_review_trends == "declining" or change.trend == "lost")
        )

    @api.model
    def _is_tier_reviewed(self, customer):
        wanted = customer.company_id.broker_review_tiers
        return wanted == "all" or (wanted == "key" and customer.tier_id.is_key)

    @api.model
    def _get_decline_starts(self, changes):
        """Return {customer: the day on which the decline began that a change belongs to}.

        :param changes: {`broker.customer`: its newest `broker.trend.change`}
        """
        rows = (
            self.env["broker.trend.change"]
            .sudo()
            .search(
                Domain("customer_id", "in", [customer.id for customer in changes])
                & Domain("trend", "in", DOWN)
                & Domain("trend_before", "not in", DOWN)
                # Another customer's decline, of before the two became one
                & Domain("is_merged", "=", False),
                order="date, id",
            )
        )
        starts = {customer: change.date for customer, change in changes.items()}
        for row in rows:
            if row.date <= changes[row.customer_id].date:
                starts[row.customer_id] = row.date
        return starts

    @api.model
    def _find_open(self, customers):
        """Return the open reviews of some customers, in sudo."""
        return self.sudo().search(Domain("customer_id", "in", customers.ids) & Domain("state", "!=", "closed"))

    # STEPS

    def _check_step(self, *states):
        """Raise unless the present user may move this review, and it stands where the step
        begins; nobody else moves it until the end of the transaction."""
        self.check_access("write")
        try:
            self.sudo().lock_for_update(allow_referencing=True)
        except LockError as error:
            raise UserError(self.env._("Somebody else is writing this review at this very moment.")) from error
        self.invalidate_recordset(["state"])
        if any(review.state not in states for review in self):
            raise UserError(self.env._("This cannot be done any more: look again what became of the review."))

    def action_agree(self):
        """Write down that the people agree on the cause and on who does what."""
        self.ensure_one()
        self._check_step("new", "planned")
        if not self._may_judge():
            raise UserError(self.env._("The care line or a manager says what was agreed."))
        if not self.cause:
            raise UserError(self.env._("Name the cause first: what stands behind the decline?"))
        if not self.measure_ids:
            raise UserError(self.env._("Agree on a measure first: what is done, by whom and until when?"))
        self.sudo().write({"state": "agreed"})
        self.sudo().activity_feedback([CALL_ACTIVITY])
        self._follow_measures()
        return True

    def action_use_proposal(self):
        """Take over the cause of which the evidence speaks."""
        for review in self:
            review.cause = review.proposed_cause
        return True

    def _follow_measures(self):
        """Wait for the numbers once everything that was agreed is done."""
        done = self.sudo().filtered(
            lambda review: (
                review.state == "agreed"
                and review.measure_ids
                and all(measure.done_on for measure in review.measure_ids)
            )
        )
        done.write({"state": "following"})
