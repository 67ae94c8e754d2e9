from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain

QUOTATION_STATES = ("draft", "sent")


class HeldKind(NamedTuple):
    """A kind of open document that a person holds in a role for a customer.

    `kind` names the count on a line of a staff change (`<kind>_count`); an empty one
    is moved but not counted.
    """

    kind: str
    role: str
    model: str
    customer_field: str
    user_field: str
    domain: Domain


class BrokerCustomerHookMixin(models.AbstractModel):
    """What happens on the ground floor, for the rooms above to extend.

    It stands last among the parents of `broker.customer`, so that a room's mixin
    overrides a hook and calls `super()`.
    """

    _name = "broker.customer.hook.mixin"
    _description = "Customer File: Hooks"

    @api.model
    def _before_users_leave(self, users):
        """Called before users are archived, while everything of theirs still stands.

        It may be called twice for one user and must bear that.

        :param users: the active `res.users` about to be archived
        """

    @api.model
    def _after_companies_lost(self, user, companies):
        """Called after a user who stays ceased to work for some companies.

        :param user: one active `res.users`
        :param companies: the `res.company` they no longer work for
        """

    @api.model
    def _get_held_kinds(self):
        """Return the kinds of open documents that go with a role to the next person.

        A room adds its own. Closed documents stay with whoever had them: they are
        history.

        :return: list of `HeldKind`
        """
        in_work = Domain("invoice_status", "!=", "invoiced") | (
            Domain("broker_handoff_id", "!=", False) & Domain("broker_receipt_date", "=", False)
        )
        of_sales = Domain("move_type", "in", ("out_invoice", "out_refund")) & Domain("state", "=", "draft")
        order = ("sale.order", "broker_customer_id", "user_id")
        return [
            HeldKind(
                "lead", "sales", "crm.lead", "broker_customer_id", "user_id", Domain("won_status", "=", "pending")
            ),
            HeldKind("quotation", "sales", *order, Domain("state", "in", QUOTATION_STATES)),
            HeldKind("job", "sales", *order, Domain("state", "=", "sale") & in_work),
            HeldKind("", "sales", "account.move", "broker_customer_id", "invoice_user_id", of_sales),
        ]

    @api.model
    def _get_touch_queries(self, since=None):
        """Return what tells who was in touch with a customer and when.

        A room adds its own. Each is a SELECT over the common table expressions
        `customer` (id, company_id, partner_id, salesperson_id), `person` (customer_id,
        company_id, contact_id) and `about` (customer_id, activity_id), of these columns
        in this order:

        - customer_id
        - user_id: who of the firm, or NULL where nobody can be named
        - moment: naive UTC
        - direction: 'in' from the customer, 'out' to the customer, 'both'
        - channel: one of `broker.contact`
        - role: in which the person acted, where the room knows, or NULL
        - contact_id: with whom, or NULL
        - model, res_id: the row that proves it

        What is of one company only is matched with the file's company; a person counts
        only for companies they work for.

        :param since: naive UTC `datetime`; what took place earlier is not wanted, unless it
            was written down since
        :return: list of `SQL`
        """
        return []

    @api.model
    def _get_touch_models(self):
        """Return the models of the rows that prove a touch; a room adds its own."""
        return ["mail.message", "calendar.event", "mail.activity", "sale.order"]

    @api.model
    def _get_care_models(self):
        """Return the models on which only the care line and the customer write to each
        other; a room adds its own."""
        return []

    def _after_contact(self, contacts):
        """Called at once when contacts with these customers were logged by hand, corrected
        or taken back; what is gathered at night is not told here.

        A room adds what follows from somebody having been in touch.

        :param contacts: `broker.contact` in sudo, of these customers; empty when one was
            taken back
        """

    @api.model
    def _after_contacts_gathered(self, days):
        """Called after contacts came in, went or changed in SQL, behind the ORM's back.

        :param days: set of (customer id, day in UTC as `date`, or None: it may be any)
        """

    @api.model
    def _get_promise_queries(self):
        """Return which open promises to a customer are known to the salesperson alone.

        A room adds its own. Each is a SELECT over the expressions of
        `_get_touch_queries`, of these columns: customer_id, kind ('activity', 'meeting',
        'handoff'), model, res_id (what to open) and day.

        :return: list of `SQL`
        """
        return []

    @api.model
    def _get_touched_models(self):
        """Return {model: column that holds the customer file} of the documents whose
        activities are about a customer; a room adds its own."""
        return {
            "broker.customer": "id",
            "crm.lead": "broker_customer_id",
            "sale.order": "broker_customer_id",
            "account.move": "broker_customer_id",
        }

    def _after_salesperson_lost(self):
        """Called after the shared contact of these files got a salesperson who works
        for other companies only: here it has nobody."""

    def _after_assignment_corrected(self, role, date_from, date_to):
        """Called after a manager corrected who had a role in the past.

        :param role: 'sales', 'service', 'care' or 'sponsor'
        :param date_from: first day of the correction, a `date`
        :param date_to: the first day no longer, or False
        """

    def _after_coverage_change(self, old_states):
        """Called after these files, in sudo, came into another state of coverage: see
        `coverage_state` for the new one.

        :param old_states: {customer id: the state before, None when it was never looked at}
        """

    @api.model
    def _judge_trend_steps(self, company):
        """Judge the trend of a company's customers, in bounded batches; part of the night
        of insight, after the months are up to date.

        A generator: after each batch it yields how many customers were handled, for the
        caller to commit. Done again on the same day it changes nothing.

        :param company: one `res.company`
        """
        yield from ()

    @api.model
    def _judge_risk_steps(self, company):
        """Judge how likely a company's customers do not order again; like
        `_judge_trend_steps`, and after it.

        :param company: one `res.company`
        """
        yield from ()

    def _after_trend_change(self, changes):
        """Called after these files, in sudo, came into another trend: see `trend` for the
        new one. History that is worked out afterwards is not told here.

        :param changes: the `broker.trend.change`, in sudo, one per file
        """

    def _before_merge_into(self, target):
        """Called before the rows of these files move to another file.

        A room makes room here for what a customer may have only once.

        :param target: the `broker.customer` that remains
        """
