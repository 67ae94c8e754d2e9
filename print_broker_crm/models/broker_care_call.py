from collections import defaultdict
from datetime import datetime, time, timedelta

from pytz import UTC, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, split_every

# Half a day is what separates "another hour of the day" from the same one.
NOON = time(12)
BATCH_SIZE = 1000
RATED_ROLES = ("sales", "service")


class BrokerCareCall(models.Model):
    """A call of the care line to a customer, on the firm's own account.

    A customer has at most one open call; it serves every reason that falls into its
    window. Nobody but the care line and the managers reads calls, attempts and
    scores: they are about the salesperson and the service agent.
    """

    _name = "broker.care.call"
    _description = "Care Call"
    _inherit = ["rating.mixin", "mail.thread", "mail.activity.mixin"]
    # The queue: urgency, tier, fewest attempts, longest wait.
    _order = "urgency desc, tier_rank desc, attempt_count, date_planned, id"
    _check_company_auto = True

    name = fields.Char(related="customer_id.partner_id.name", store=True, precompute=True)
    company_id = fields.Many2one(related="customer_id.company_id", store=True, index=True, precompute=True)
    customer_id = fields.Many2one(
        "broker.customer",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Person to Call",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
    )
    phone = fields.Char(compute="_compute_phone", compute_sudo=True)
    user_id = fields.Many2one(
        "res.users",
        string="Care Officer",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        default=lambda self: self._default_user_id(),
    )
    rule_id = fields.Many2one(
        "broker.care.rule",
        string="Main Reason",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self._default_rule_id(),
        help="The most urgent reason; its rule says how often the call is tried.",
    )
    reason = fields.Selection(related="rule_id.reason", store=True)
    reason_ids = fields.One2many("broker.care.call.reason", "call_id", string="Reasons", readonly=True)
    order_id = fields.Many2one(
        "sale.order",
        string="Job",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        domain="[('broker_customer_id', '=', customer_id)]",
    )
    date_planned = fields.Date(
        string="Call From",
        required=True,
        default=lambda self: self.env.company._get_broker_today(),
    )
    date_deadline = fields.Date(
        string="Call Until",
        compute="_compute_date_deadline",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="A call that nobody made by this day is missed.",
    )
    next_attempt_at = fields.Datetime(
        string="Callable From",
        compute="_compute_next_attempt_at",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
    )
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("done", "Done"),
            ("missed", "Missed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="planned",
        copy=False,
        tracking=True,
        index=True,
    )
    close_reason = fields.Selection(
        [
            ("result", "Result Logged"),
            ("attempts", "All Attempts Used"),
            ("window", "Window Ended"),
            ("do_not_call", "Do Not Call"),
            ("archived", "Customer Archived"),
            ("merged", "Contacts Merged"),
            ("by_hand", "By Hand"),
        ],
        string="Closed Because",
        copy=False,
        readonly=True,
    )
    date_done = fields.Datetime(string="Closed On", copy=False, readonly=True)
    urgency = fields.Selection(
        selection=lambda self: self.env["broker.care.rule"]._fields["urgency"]._description_selection(self.env),
        compute="_compute_urgency",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    tier_rank = fields.Integer(
        readonly=True,
        copy=False,
        help="The customer's tier, 1 for 1A to 5 for 5A and 0 without one, as of "
        "last night; kept here for the order of the queue.",
    )
    attempt_ids = fields.One2many("broker.care.call.attempt", "call_id", string="Attempts", readonly=True)
    attempt_count = fields.Integer(string="Attempts Made", readonly=True, copy=False, default=0)
    last_outcome = fields.Selection(
        selection=lambda self: self.env["broker.care.call.attempt"]._fields["outcome"]._description_selection(self.env),
        readonly=True,
        copy=False,
    )
    date_reached = fields.Datetime(string="Reached On", readonly=True, copy=False)

    # What the officer types while talking; taken over when a result is logged.
    result_note = fields.Text(string="Note on This Attempt", copy=False)
    call_back_at = fields.Datetime(string="Call Back At", copy=False)
    sales_score = fields.Selection(selection="_selection_score", string="Sales", default="0", copy=False)
    service_score = fields.Selection(selection="_selection_score", string="Service", default="0", copy=False)
    score_declined = fields.Boolean(string="No Score Given", copy=False)

    notes = fields.Text(copy=False)
    needs_heard = fields.Text(copy=False, help="What the customer wants next, in the customer's words.")

    ask_rating = fields.Boolean(
        string="Ask for Scores",
        compute="_compute_ask_rating",
        help="Not set while the customer was asked lately.",
    )
    ask_rating_from = fields.Date(compute="_compute_ask_rating")
    rating_asked = fields.Boolean(string="Asked for Scores", readonly=True, copy=False)
    sales_rating = fields.Integer(string="Sales Score", compute="_compute_ratings", compute_sudo=True)
    service_rating = fields.Integer(string="Service Score", compute="_compute_ratings", compute_sudo=True)

    # What the officer needs to know beside the form.
    salesperson_id = fields.Many2one(related="customer_id.user_id", string="Salesperson")
    service_user_id = fields.Many2one(related="customer_id.service_user_id")
    tier_id = fields.Many2one(related="customer_id.tier_id")
    commercial_partner_id = fields.Many2one(related="customer_id.partner_id", string="Invoiced To")
    last_order_ids = fields.Many2many("sale.order", string="Last Jobs", compute="_compute_last_rows")
    last_call_ids = fields.Many2many("broker.care.call", string="Last Calls", compute="_compute_last_rows")

    _open_uniq = models.UniqueIndex(
        "(customer_id) WHERE state = 'planned'",
        "This customer already has a planned call. Open it from the customer file; one call serves several reasons.",
    )
    _queue_idx = models.Index(
        "(user_id, urgency DESC, tier_rank DESC, attempt_count, date_planned, id) WHERE state = 'planned'"
    )
    _closed_idx = models.Index("(customer_id, date_done) WHERE state != 'planned'")
    _window_order = models.Constraint(
        "CHECK (date_deadline >= date_planned)",
        "A call cannot end before it begins: set Call Until after Call From.",
    )

    @api.model
    def _default_user_id(self):
        """A call planned by hand is one's own, unless one only manages."""
        if self.env.su or not self.env.user.has_group("print_broker_crm.group_care_officer"):
            return self.env["res.users"]
        return self.env.user

    @api.model
    def _default_rule_id(self):
        return self.env["broker.care.rule"]._get_rules(self.env.company, "by_hand")[:1]

    @api.model
    def _selection_score(self):
        return [("0", self.env._("Not given"))] + [(str(n), str(n)) for n in range(1, 6)]

    # COMPUTES

    @api.depends("name", "rule_id.name")
    def _compute_display_name(self):
        for call in self:
            names = [call.name, call.rule_id.sudo().name]
            call.display_name = " · ".join(name for name in names if name)

    @api.depends("customer_id", "order_id")
    def _compute_partner_id(self):
        """The job's contact, the customer, or the first contact with a phone."""
        partners = self.customer_id.partner_id
        silent = partners.filtered(lambda partner: not partner.phone)
        contacts = self.env["res.partner"]
        if silent:
            contacts = contacts.search(
                Domain("parent_id", "in", silent.ids)
                & Domain("type", "=", "contact")
                & Domain("phone", "not in", [False, ""]),
            )
        first_contact = {}
        for contact in contacts:
            first_contact.setdefault(contact.parent_id.id, contact)
        for call in self:
            main = call.customer_id.partner_id
            ordered_by = call.order_id.sudo().partner_id
            call.partner_id = ordered_by.filtered("phone") or main.filtered("phone") or first_contact.get(main.id, main)

    @api.depends("partner_id.phone", "partner_id.country_id")
    def _compute_phone(self):
        for call in self:
            partner = call.partner_id
            call.phone = partner.phone and (
                partner._phone_format(number=partner.phone, force_format="INTERNATIONAL") or partner.phone
            )

    @api.depends("date_planned", "rule_id")
    def _compute_date_deadline(self):
        for call in self:
            if call.date_planned:
                call.date_deadline = call.date_planned + timedelta(days=call.rule_id.sudo().window_days)

    @api.depends("date_planned")
    def _compute_next_attempt_at(self):
        openings = {}
        for call in self:
            company = call.company_id or self.env.company
            key = (company, call.date_planned)
            if not call.date_planned:
                call.next_attempt_at = False
                continue
            if key not in openings:
                openings[key] = self.env["broker.care.rule"]._get_opening(*key)
            call.next_attempt_at = openings[key]

    @api.depends("rule_id")
    def _compute_urgency(self):
        for call in self:
            call.urgency = call.rule_id.sudo().urgency or "1"

    @api.depends("customer_id", "rule_id", "reason_ids.rule_id", "state")
    def _compute_ask_rating(self):
        """A call asks when one of its reasons does and nobody asked lately."""
        asked = dict(
            self.sudo()._read_group(
                Domain("customer_id", "in", self.customer_id.ids) & Domain("rating_asked", "=", True),
                ["customer_id"],
                ["date_done:max"],
            )
        )
        for call in self:
            rules = (call.rule_id + call.reason_ids.rule_id).sudo()
            gaps = [rule.rating_gap_days for rule in rules if rule.rating_kind != "none"]
            company = call.company_id or self.env.company
            asked_on = company._get_broker_date(asked.get(call.customer_id))
            call.ask_rating_from = bool(gaps and asked_on) and (asked_on + timedelta(days=min(gaps)))
            call.ask_rating = bool(gaps) and (
                call.state == "planned"
                and (not call.ask_rating_from or call.ask_rating_from <= company._get_broker_today())
            )

    @api.depends("rating_ids.rating", "rating_ids.consumed", "rating_ids.broker_role")
    def _compute_ratings(self):
        scores = {
            (call_id, role): score
            for call_id, role, score in self.env["rating.rating"]
            .sudo()
            ._read_group(
                self._rating_domain() & Domain("broker_role", "in", RATED_ROLES),
                ["res_id", "broker_role"],
                ["rating:max"],
            )
        }
        for call in self:
            call.sales_rating = scores.get((call.id, "sales"), 0)
            call.service_rating = scores.get((call.id, "service"), 0)

    @api.depends("customer_id")
    def _compute_last_rows(self):
        """The customer's last confirmed jobs and closed calls, five of each."""
        orders = self._get_last_by_customer(
            "sale.order", "broker_customer_id", Domain("state", "=", "sale"), "date_order"
        )
        calls = self._get_last_by_customer(
            "broker.care.call", "customer_id", Domain("state", "!=", "planned"), "date_done"
        )
        for call in self:
            call.last_order_ids = orders[call.customer_id.id]
            call.last_call_ids = calls[call.customer_id.id] - call

    def _get_last_by_customer(self, model, customer_field, domain, date_field, limit=5):
        """Return {customer id: newest records}, in one query for all calls.

        Only what the reader may read is found: the search applies their rules.
        """
        Model = self.env[model]
        query = Model._search(Domain(customer_field, "in", self.customer_id.ids) & domain, order="id")
        query.order = None
        customer_sql = Model._field_to_sql(Model._table, customer_field, query)
        date_sql = Model._field_to_sql(Model._table, date_field, query)
        ranked = query.select(
            SQL.identifier(Model._table, "id"),
            SQL("%s AS customer_id", customer_sql),
            SQL(
                "row_number() OVER (PARTITION BY %s ORDER BY %s DESC, %s DESC) AS place",
                customer_sql,
                date_sql,
                SQL.identifier(Model._table, "id"),
            ),
        )
        rows = self.env.execute_query(
            SQL(
                "SELECT customer_id, array_agg(id ORDER BY place) FROM (%s) AS ranked"
                " WHERE place <= %s GROUP BY customer_id",
                ranked,
                limit,
            )
        )
        found = defaultdict(lambda: Model)
        found.update({customer: Model.browse(ids) for customer, ids in rows})
        return found

    # CRUD

    # What only logging a result, a cancellation or the night may change.
    _GUARDED_FIELDS = frozenset(
        {
            "customer_id",
            "state",
            "close_reason",
            "date_done",
            "date_reached",
            "attempt_count",
            "last_outcome",
            "rating_asked",
            "tier_rank",
        }
    )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            for vals in vals_list:
                self._check_guarded(set(vals) - {"customer_id"}, vals)
        calls = super().create(vals_list)
        if not self.env.context.get("broker_care_planned"):
            calls._complete_by_hand()
        return calls

    def write(self, vals):
        if not self.env.su:
            self._check_guarded(set(vals), vals)
        return super().write(vals)

    def _check_guarded(self, names, vals):
        """Refuse what a result says, when it comes past logging a result."""
        guarded = sorted(
            self._fields[name]._description_string(self.env)
            for name in names & self._GUARDED_FIELDS
            if (name, vals[name]) != ("state", "planned") or self.ids
        )
        if guarded:
            raise UserError(
                self.env._(
                    "%(fields)s of a care call cannot be typed in. Log a result or cancel the call instead.",
                    fields=", ".join(guarded),
                )
            )

    def _complete_by_hand(self):
        """Give calls that somebody planned what the night gives its own."""
        self._check_callable()
        for call in self.sudo():
            call.tier_rank = call.customer_id._get_care_tier_rank()
        self.env["broker.care.call.reason"].sudo().create(
            [
                {
                    "call_id": call.id,
                    "rule_id": call.rule_id.id,
                    "reason": call.rule_id.sudo().reason,
                    "order_id": call.order_id.id,
                    "date_event": call.date_planned,
                }
                for call in self
            ]
        )

    def _check_callable(self):
        """A customer who does not want calls gets none, by hand neither."""
        for call in self:
            customer = call.customer_id.sudo()
            if customer.do_not_call and call.state == "planned":
                raise UserError(
                    self.env._(
                        "%(customer)s does not want to be called: %(reason)s. "
                        "Remove the mark on the customer file first.",
                        customer=customer.name,
                        reason=customer.do_not_call_reason or "",
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_history(self):
        if any(call.attempt_count or call.state != "planned" for call in self.sudo()):
            raise UserError(
                self.env._("A call with attempts or a result is history and is not deleted; cancel it instead.")
            )

    # RATING

    def _rating_get_parent_field_name(self):
        return "customer_id"

    def _rating_get_operator(self):
        """The care officer asks, but the salesperson is scored."""
        return self._get_rated_user("sales").partner_id

    def _get_rated_user(self, role):
        """Return the `res.users` whom a role's score is about, left or not."""
        self.ensure_one()
        customer = self.customer_id.sudo()
        return customer.user_id if role == "sales" else customer.service_user_id

    # ACTIONS

    def action_log_attempt(
        self,
        outcome=None,
        note=None,
        call_back_at=None,
        sales_rating=None,
        service_rating=None,
        score_declined=None,
    ):
        """Log the result of dialling, and plan what follows from it.

        What is not given is taken from what was typed on the call (`result_note`,
        `call_back_at`, `sales_score`, `service_score`, `score_declined`); the
        outcome may come by the context key `care_outcome` of a button. Everything is
        checked before anything is written, so that a refused result loses nothing.

        :param outcome: one of the outcomes of `broker.care.call.attempt`
        :param call_back_at: naive UTC `datetime`, for the outcome 'call_back'
        :param sales_rating: 1 to 5, only with the outcome 'reached'
        :param service_rating: 1 to 5, only with the outcome 'reached'
        :param score_declined: the customer was asked and gave no score
        :raise UserError: for a result that is missing, wrong or contradictory
        """
        self.ensure_one()
        self.check_access("write")
        call = self.sudo()
        call.lock_for_update(allow_referencing=True)
        call.invalidate_recordset(["state", "attempt_count"])
        outcome = outcome or self.env.context.get("care_outcome")
        call_back_at = fields.Datetime.to_datetime(call_back_at or call.call_back_at)
        scores = {
            "sales": call._check_score(sales_rating, call.sales_score, "sales"),
            "service": call._check_score(service_rating, call.service_score, "service"),
        }
        scores = {role: score for role, score in scores.items() if score}
        if score_declined is None:
            score_declined = call.score_declined
        self._check_result(outcome, call_back_at, scores, score_declined)

        asked = call.ask_rating and outcome == "reached"
        now = fields.Datetime.now()
        self.env["broker.care.call.attempt"].sudo().create(
            {
                "call_id": call.id,
                "user_id": self.env.uid,
                "date": now,
                "outcome": outcome,
                "phone": call.phone,
                "call_back_at": outcome == "call_back" and call_back_at,
                "note": note or call.result_note,
            }
        )
        call._save_ratings(scores)
        call.write(
            {
                "attempt_count": call.attempt_count + 1,
                "last_outcome": outcome,
                "rating_asked": asked,
                "date_reached": outcome == "reached" and now,
                "result_note": False,
                "call_back_at": False,
                "sales_score": "0",
                "service_score": "0",
                "score_declined": False,
            }
        )
        call._follow_up(outcome, call_back_at)
        return True

    def action_next(self):
        """Open the next callable call of the officer's queue."""
        following = self.search(
            Domain("user_id", "=", self.env.uid)
            & Domain("state", "=", "planned")
            & Domain("next_attempt_at", "<=", fields.Datetime.now())
            & Domain("id", "not in", self.ids),
            limit=1,
        )
        if not following:
            return self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_care_call_action")
        return following._get_form_action()

    def action_cancel(self):
        """Cancel planned calls by hand; the cadence goes on from today."""
        self.check_access("write")
        calls = self.filtered(lambda call: call.state == "planned")
        calls.sudo()._close("cancelled", "by_hand")
        return True

    def action_open_customer(self):
        """Open the customer file."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "broker.customer",
            "res_id": self.customer_id.id,
            "view_mode": "form",
        }

    def _get_form_action(self):
        """Return the action that shows one call."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Care Call"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    # BUSINESS: the result of a call

    def _check_score(self, given, typed, role):
        """Return a score from 1 to 5, or 0 when none was given.

        :param given: what a caller passed, None when the typed one counts
        :param typed: the value of the form's field, '0' when empty
        """
        if given is None or given is False:
            return int(typed or 0)
        try:
            score = int(given)
            valid = 1 <= score <= 5 and score == float(given)
        except (TypeError, ValueError):
            valid = False
        if not valid:
            roles = dict(self.env["rating.rating"]._fields["broker_role"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "A score is a whole number from 1 to 5; %(score)s for the %(role)s is not. Nothing was logged.",
                    score=given,
                    role=roles[role],
                )
            )
        return score

    def _check_result(self, outcome, call_back_at, scores, score_declined):
        """Refuse a result that says nothing, too much or the impossible."""
        self.ensure_one()
        outcomes = dict(self.env["broker.care.call.attempt"]._fields["outcome"]._description_selection(self.env))
        if not outcome:
            raise UserError(
                self.env._(
                    "Say how the call to %(customer)s ended: choose one of %(outcomes)s. What you typed is kept.",
                    customer=self.name,
                    outcomes=", ".join(outcomes.values()),
                )
            )
        if outcome not in outcomes:
            raise UserError(
                self.env._(
                    "%(outcome)s is no outcome of a call: choose one of %(outcomes)s.",
                    outcome=outcome,
                    outcomes=", ".join(outcomes.values()),
                )
            )
        if self.state != "planned":
            raise UserError(
                self.env._(
                    "The call to %(customer)s is already closed. Plan another call on the customer file.",
                    customer=self.name,
                )
            )
        if outcome == "call_back" and (not call_back_at or call_back_at <= fields.Datetime.now()):
            raise UserError(
                self.env._(
                    "Say when to call %(customer)s back: fill in a day and hour to come under Call Back At.",
                    customer=self.name,
                )
            )
        if scores and outcome != "reached":
            raise UserError(
                self.env._(
                    "Scores belong to the outcome %(reached)s. Choose it, or remove the stars.",
                    reached=outcomes["reached"],
                )
            )
        if scores and not self.ask_rating:
            raise UserError(
                self.env._(
                    "%(customer)s was asked for scores lately and is not to be asked "
                    "before %(date)s. Log the call without scores.",
                    customer=self.name,
                    date=fields.Date.to_string(self.ask_rating_from) or "-",
                )
            )
        if outcome == "reached" and self.ask_rating and not scores and not score_declined:
            raise UserError(
                self.env._(
                    "Give the scores of %(customer)s for sales or service, or tick No "
                    "Score Given. What you typed is kept.",
                    customer=self.name,
                )
            )

    def _save_ratings(self, scores):
        """Keep scores as ratings of those who serve the customer now."""
        self.ensure_one()
        model_id = self.env["ir.model"]._get_id(self._name)
        self.env["rating.rating"].sudo().create(
            [
                {
                    "res_model_id": model_id,
                    "res_id": self.id,
                    "broker_role": role,
                    "rating": score,
                    "partner_id": self.partner_id.id,
                    "rated_partner_id": self._get_rated_user(role).partner_id.id,
                    "is_internal": True,
                    "consumed": True,
                }
                for role, score in scores.items()
            ]
        )

    def _follow_up(self, outcome, call_back_at):
        """Close the call or plan its next attempt, and tell who has to act."""
        self.ensure_one()
        if outcome in ("reached", "refused"):
            self._close("done", "result")
            return
        if outcome == "wrong_number":
            self._ask_for_number()
        if outcome == "call_back":
            # Agreed with the customer: that counts against no limit.
            self._postpone(call_back_at)
        elif self.attempt_count >= self.rule_id.max_attempts:
            self._close("missed", "attempts")
            self._tell_manager()
        elif outcome == "wrong_number":
            tomorrow = self.company_id._get_broker_today() + timedelta(days=1)
            self._postpone(self.rule_id._get_opening(self.company_id, tomorrow))
        else:
            self._postpone(self._get_next_attempt(fields.Datetime.now()))

    def _postpone(self, moment):
        """Set the next attempt; the window stays open at least until then."""
        day = self.company_id._get_broker_date(moment)
        self.write(
            {
                "next_attempt_at": moment,
                "date_deadline": max(self.date_deadline, day),
            }
        )

    def _get_next_attempt(self, moment):
        """Return when to try again: the other half of a working day, after the gap.

        :param moment: naive UTC `datetime` of the attempt that reached nobody
        :return: naive UTC `datetime`
        """
        self.ensure_one()
        company = self.company_id
        zone = timezone(company._get_broker_tz())
        local = UTC.localize(moment).astimezone(zone)
        earliest = local + timedelta(hours=self.rule_id.minimum_gap_hours)
        was_morning = local.time() < NOON
        calendar = company._get_broker_calendar()
        spans = []
        if calendar:
            for start, stop, _meta in calendar._work_intervals_batch(earliest, earliest + timedelta(days=14))[False]:
                start, stop = start.astimezone(zone), stop.astimezone(zone)
                noon = zone.localize(datetime.combine(start.date(), NOON))
                spans += [(start, min(stop, noon)), (max(start, noon), stop)]
        spans = [start for start, stop in spans if start < stop]
        chosen = next(
            (start for start in spans if (start.time() < NOON) != was_morning),
            spans[0] if spans else earliest,
        )
        return chosen.astimezone(UTC).replace(tzinfo=None)

    def _close(self, state, close_reason):
        """Close calls and plan what their customers' cadence wants next.

        :param state: 'done', 'missed' or 'cancelled'
        :param close_reason: a value of `close_reason`
        """
        if not self:
            return
        self.write(
            {
                "state": state,
                "close_reason": close_reason,
                "date_done": fields.Datetime.now(),
                "next_attempt_at": False,
            }
        )
        if close_reason != "merged":
            for company, calls in self.grouped("company_id").items():
                self._plan(company, calls.customer_id)

    def _ask_for_number(self):
        """Ask the salesperson, or whoever stands in, for a number that works."""
        self.ensure_one()
        customer = self.customer_id.sudo()
        salesperson = customer.user_id.filtered("active")
        customer.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=(salesperson or self._get_manager()).id,
            summary=self.env._("Mend the phone number"),
            note=self.env._(
                "%(phone)s does not reach %(contact)s.",
                phone=self.phone or self.env._("The number on file"),
                contact=self.partner_id.name or self.name,
            ),
        )

    def _tell_manager(self):
        """Give the manager a to-do about a customer whom nobody could reach."""
        self.ensure_one()
        manager = self._get_manager()
        if manager:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=manager.id,
                summary=self.env._("Customer not reached"),
                note=self.env._(
                    "%(count)s attempts did not reach %(customer)s. Try another way.",
                    count=self.attempt_count,
                    customer=self.name,
                ),
            )

    def _get_manager(self):
        """Return who answers for this customer in the management.

        The sponsor if the customer has one, else who the company names in its
        settings, else the first manager.
        """
        self.ensure_one()
        company = self.company_id
        manager = (self.customer_id.sudo().sponsor_user_id | company.broker_care_manager_id).filtered("active")
        return (manager or self._get_users("group_manager", company))[:1]

    @api.model
    def _get_users(self, group, company):
        """Return a group's active users who work in a company."""
        return (
            self.env["res.users"]
            .sudo()
            .search(
                Domain(
                    "all_group_ids",
                    "in",
                    self.env.ref(f"print_broker_crm.{group}").ids,
                )
                & Domain("company_ids", "in", company.ids)
                & Domain("share", "=", False),
                order="id",
            )
        )

    # BUSINESS: planning

    @api.model
    def _plan(self, company, customers=None):
        """Plan the calls that a company's rules want, and close what is over.

        Safe to run at any time and twice; commits nothing.

        :param company: the `res.company`
        :param customers: only these `broker.customer` files, all when None
        :return: how many events were looked at
        """
        return sum(self._plan_steps(company, customers))

    @api.model
    def _plan_steps(self, company, customers=None):
        """Do the planning in bounded batches, yielding after each what it handled.

        Every batch leaves a state from which the next run goes on.
        """
        self = self._prepare_planning(company)
        scope = None if customers is None else tuple(customers.ids)
        yield from self._miss_expired(company, scope)
        for rule in self.env["broker.care.rule"]._get_rules(company):
            finder = getattr(self, f"_find_{rule.reason}_events", None)
            if finder:
                yield from self._plan_rule(company, rule, finder, scope)
        yield from self._refresh_planned(company, scope)
        yield from self._replace_officers(company, scope)

    @api.model
    def _prepare_planning(self, company):
        """Return the model as the night uses it: for all, in bulk, without mails."""
        return (
            self.sudo()
            .with_company(company)
            .with_context(
                tracking_disable=True,
                mail_create_nosubscribe=True,
                mail_create_nolog=True,
                broker_care_planned=True,
            )
        )

    @api.model
    def _plan_rule(self, company, rule, finder, scope):
        """Plan the calls of one rule, batch by batch along the ids."""
        last_id = 0
        while True:
            self.env.flush_all()
            rows = self.env.execute_query(finder(company, rule, scope, last_id))
            if rows:
                last_id = rows[-1][0]
                self._plan_events(company, rule, self._prepare_events(company, rule, rows))
                yield len(rows)
            if len(rows) < BATCH_SIZE:
                return

    def _prepare_events(self, company, rule, rows):
        """Turn found rows into events with a window.

        :param rows: tuples (key, customer id, order id, date, interval in days,
            whether the customer was ever called); an interval is given by the
            cadence only
        :return: list of dicts: customer_id, order_id, date_event, start, deadline,
            interval_days
        """
        today = company._get_broker_today()
        window = timedelta(days=rule.window_days)
        events = []
        for _key, customer_id, order_id, date_event, interval, called in rows:
            if interval:
                start = date_event + timedelta(days=interval)
                if start < today and not called:
                    # Nobody called these yet, as in the first night: spread over a
                    # cadence instead of all in one morning.
                    start = today + timedelta(days=customer_id % interval)
            else:
                start = rule._get_due_date(company, date_event)
                if start + window < today:
                    # Too late for this reason; the cadence goes on.
                    continue
            start = max(start, today)
            events.append(
                {
                    "customer_id": customer_id,
                    "order_id": order_id,
                    "date_event": date_event,
                    "start": start,
                    "deadline": start + window,
                    "interval_days": interval,
                }
            )
        return events

    @api.model
    def _plan_events(self, company, rule, events, defer=True):
        """Give every event a call: the customer's open one, or a new one.

        Where the windows meet the call moves into what they share; where they do
        not, the earlier window counts, and an event whose window begins after the
        open call's waits until that is closed.

        :param company: the `res.company` of all the customers
        :param rule: the `broker.care.rule` that wants the calls
        :param events: what `_prepare_events` returns
        :param defer: let later events wait; otherwise they prolong the open call
        :return: the calls that got a reason
        """
        customers = self.env["broker.customer"].browse({event["customer_id"] for event in events})
        open_calls = {
            call.customer_id.id: call
            for call in self.search(Domain("customer_id", "in", customers.ids) & Domain("state", "=", "planned"))
        }
        new_vals = {}
        lines = []
        for event in events:
            customer_id = event["customer_id"]
            call = open_calls.get(customer_id)
            if call:
                if defer and event["start"] > call.date_deadline:
                    continue
                call._merge_event(rule, event)
            elif customer_id in new_vals:
                vals = new_vals[customer_id]
                vals["order_id"] = event["order_id"] or vals["order_id"]
                vals["date_planned"] = max(vals["date_planned"], event["start"])
                vals["date_deadline"] = max(
                    min(vals["date_deadline"], event["deadline"]),
                    vals["date_planned"],
                )
            else:
                customer = customers.browse(customer_id)
                new_vals[customer_id] = {
                    "customer_id": customer_id,
                    "rule_id": rule.id,
                    "order_id": event["order_id"],
                    "date_planned": event["start"],
                    "date_deadline": event["deadline"],
                    "tier_rank": customer._get_care_tier_rank(),
                    "user_id": False,
                }
            lines.append(event)
        created = self.create(list(new_vals.values()))
        open_calls.update({call.customer_id.id: call for call in created})
        self._add_reasons(rule, lines, open_calls)
        self._assign_officers(created, company)
        return self.browse({open_calls[line["customer_id"]].id for line in lines})

    def _merge_event(self, rule, event):
        """Take one more reason into an open call."""
        self.ensure_one()
        vals = {}
        if rule.urgency > self.urgency:
            vals.update(rule_id=rule.id, urgency=rule.urgency)
        if event["order_id"]:
            vals["order_id"] = event["order_id"]
        if not self.attempt_count:
            start, deadline = event["start"], event["deadline"]
            if start <= self.date_deadline and self.date_planned <= deadline:
                start = max(start, self.date_planned)
                deadline = min(deadline, self.date_deadline)
            vals.update(date_planned=start, date_deadline=deadline)
        else:
            # Attempts go on as they were planned, long enough for the new reason.
            vals["date_deadline"] = max(event["deadline"], self.date_deadline)
        self.write(vals)

    def _bring_forward(self, day):
        """Make an open call callable from an earlier day."""
        self.ensure_one()
        self.write(
            {
                "date_planned": day,
                "date_deadline": min(self.date_deadline, day + timedelta(days=self.rule_id.window_days)),
            }
        )

    @api.model
    def _plan_leavers(self, company, customers):
        """Plan the calls that follow when the customers' salespeople leave.

        :param company: the `res.company` of all the customers
        :param customers: `broker.customer` files that lose their salesperson
        """
        self = self._prepare_planning(company)
        today = company._get_broker_today()
        for rule in self.env["broker.care.rule"]._get_rules(company, "salesperson_left"):
            start = rule._get_due_date(company, today)
            events = [
                {
                    "customer_id": customer.id,
                    "order_id": None,
                    "date_event": today,
                    "start": start,
                    "deadline": start + timedelta(days=rule.window_days),
                    "interval_days": 0,
                }
                for customer in customers
            ]
            for batch in split_every(BATCH_SIZE, events):
                self._plan_events(company, rule, list(batch), defer=False)

    def _add_reasons(self, rule, events, call_by_customer):
        """Write the reason lines of events whose calls are known."""
        Reason = self.env["broker.care.call.reason"]
        calls = self.concat(*call_by_customer.values())
        # A reason without a job is on a call at most once.
        present = {
            (call.id, reason)
            for call, reason in Reason._read_group(
                Domain("call_id", "in", calls.ids) & Domain("order_id", "=", False),
                ["call_id", "reason"],
            )
        }
        vals_list = []
        for event in events:
            call = call_by_customer[event["customer_id"]]
            if not event["order_id"]:
                if (call.id, rule.reason) in present:
                    continue
                present.add((call.id, rule.reason))
            vals_list.append(
                {
                    "call_id": call.id,
                    "rule_id": rule.id,
                    "reason": rule.reason,
                    "order_id": event["order_id"],
                    "date_event": event["date_event"],
                    "interval_days": event["interval_days"],
                }
            )
        Reason.create(vals_list)

    # Which events a reason has. A finder returns the SQL of one batch, ordered by
    # its first column, which the next batch goes on from.

    @api.model
    def _find_receipt_events(self, company, rule, scope, last_id):
        """Jobs that the customer received and that no call answered yet."""
        return self._find_order_events(
            company,
            rule,
            scope,
            last_id,
            date=SQL("orders.broker_receipt_date"),
            condition=SQL("TRUE"),
        )

    @api.model
    def _find_first_order_events(self, company, rule, scope, last_id):
        """First jobs of customers that no call answered yet."""
        return self._find_order_events(
            company,
            rule,
            scope,
            last_id,
            date=SQL("orders.date_order"),
            condition=SQL(
                """NOT EXISTS (
                    SELECT 1 FROM sale_order AS earlier
                     WHERE earlier.broker_customer_id = orders.broker_customer_id
                       AND earlier.state = 'sale'
                       AND (earlier.date_order, earlier.id)
                         < (orders.date_order, orders.id)
                )"""
            ),
        )

    @api.model
    def _find_order_events(self, company, rule, scope, last_id, date, condition):
        """Select jobs by a date of theirs, as far back as a call is still useful."""
        days = rule.delay_days
        if rule.delay_unit == "working_days":
            # Generous, weekends and a long holiday included; the exact day is
            # counted in the calendar for what is found.
            days = 2 * days + 14
        since = datetime.combine(
            company._get_broker_today() - timedelta(days=days + rule.window_days + 1),
            time.min,
        )
        return SQL(
            """
            SELECT orders.id, customer.id, orders.id, %(day)s, 0, TRUE
              FROM sale_order AS orders
              JOIN broker_customer AS customer
                ON customer.id = orders.broker_customer_id
             WHERE orders.id > %(last_id)s
               AND orders.company_id = %(company)s
               AND customer.company_id = %(company)s
               AND orders.state = 'sale'
               AND %(date)s >= %(since)s
               AND %(condition)s
               AND %(callable)s
               AND NOT EXISTS (
                    SELECT 1 FROM broker_care_call_reason AS served
                     WHERE served.order_id = orders.id AND served.reason = %(reason)s
               )
             ORDER BY orders.id
             LIMIT %(limit)s
            """,
            day=self._sql_day(company, date),
            last_id=last_id,
            company=company.id,
            date=date,
            since=since,
            condition=condition,
            callable=self._sql_callable(scope),
            reason=rule.reason,
            limit=BATCH_SIZE,
        )

    @api.model
    def _find_cadence_events(self, company, rule, scope, last_id):
        """Customers without an open call, since their last one."""
        return SQL(
            """
            SELECT customer.id, customer.id, NULL::int,
                   COALESCE(%(last_day)s, customer.date_opened),
                   %(interval)s,
                   last.moment IS NOT NULL
              FROM broker_customer AS customer
         LEFT JOIN broker_tier AS tier ON tier.id = customer.tier_id
         LEFT JOIN LATERAL (
                    SELECT max(closed.date_done) AS moment
                      FROM broker_care_call AS closed
                     WHERE closed.customer_id = customer.id
                       AND closed.state != 'planned'
                   ) AS last ON TRUE
             WHERE customer.id > %(last_id)s
               AND customer.company_id = %(company)s
               AND %(callable)s
               AND NOT EXISTS (
                    SELECT 1 FROM broker_care_call AS planned
                     WHERE planned.customer_id = customer.id
                       AND planned.state = 'planned'
               )
             ORDER BY customer.id
             LIMIT %(limit)s
            """,
            last_day=self._sql_day(company, SQL("last.moment")),
            interval=self._sql_interval(rule),
            last_id=last_id,
            company=company.id,
            callable=self._sql_callable(scope),
            limit=BATCH_SIZE,
        )

    @api.model
    def _sql_day(self, company, moment):
        """Return the SQL of the company's day of a stored moment."""
        return SQL(
            "(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date",
            moment,
            company._get_broker_tz(),
        )

    @api.model
    def _sql_interval(self, rule):
        """Return the SQL of a customer's days between two calls."""
        return SQL("COALESCE(NULLIF(tier.call_cadence_days, 0), %s)", rule.delay_days)

    @api.model
    def _sql_callable(self, scope):
        """Return the SQL condition on customers whom the care line may call."""
        wanted = SQL("customer.id IN %s", scope) if scope else SQL("TRUE")
        if scope is not None and not scope:
            wanted = SQL("FALSE")
        return SQL("%s AND customer.active AND customer.do_not_call IS NOT TRUE", wanted)

    @api.model
    def _get_open_domain(self, company, scope):
        """Return the `Domain` of the open calls that a run looks at."""
        domain = Domain("company_id", "=", company.id) & Domain("state", "=", "planned")
        if scope is not None:
            domain &= Domain("customer_id", "in", scope)
        return domain

    @api.model
    def _miss_expired(self, company, scope):
        """Close planned calls whose window has ended."""
        domain = self._get_open_domain(company, scope) & Domain("date_deadline", "<", company._get_broker_today())
        while calls := self.search(domain, limit=BATCH_SIZE, order="id"):
            # The next call is planned by the steps that follow.
            calls.write(
                {
                    "state": "missed",
                    "close_reason": "window",
                    "date_done": fields.Datetime.now(),
                    "next_attempt_at": False,
                }
            )
            yield len(calls)

    @api.model
    def _refresh_planned(self, company, scope):
        """Follow tiers that changed: the place in the queue, and the cadence."""
        rule = self.env["broker.care.rule"]._get_rules(company, "cadence")[:1]
        today = company._get_broker_today()
        last_id = 0
        while True:
            self.env.flush_all()
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT call.id, %(rank)s, line.id, %(interval)s
                      FROM broker_care_call AS call
                      JOIN broker_customer AS customer ON customer.id = call.customer_id
                 LEFT JOIN broker_tier AS tier ON tier.id = customer.tier_id
                 LEFT JOIN broker_care_call_reason AS line
                        ON line.call_id = call.id AND line.reason = 'cadence'
                     WHERE call.id > %(last_id)s
                       AND call.company_id = %(company)s
                       AND call.state = 'planned'
                       AND %(callable)s
                       AND (call.tier_rank IS DISTINCT FROM %(rank)s
                            OR line.interval_days != %(interval)s)
                     ORDER BY call.id
                     LIMIT %(limit)s
                    """,
                    rank=SQL("COALESCE(tier.rank, 0)"),
                    interval=(self._sql_interval(rule) if rule else SQL("line.interval_days")),
                    last_id=last_id,
                    company=company.id,
                    callable=self._sql_callable(scope),
                    limit=BATCH_SIZE,
                )
            )
            for call_id, rank, line_id, interval in rows:
                call = self.browse(call_id)
                line = self.env["broker.care.call.reason"].browse(line_id or [])
                call.tier_rank = rank
                if not line or line.interval_days == interval:
                    continue
                line.interval_days = interval
                if call.date_planned > today and len(call.reason_ids) == 1:
                    start = max(line.date_event + timedelta(days=interval), today)
                    call.write(
                        {
                            "date_planned": start,
                            "date_deadline": start + timedelta(days=rule.window_days),
                        }
                    )
            if rows:
                last_id = rows[-1][0]
                yield len(rows)
            if len(rows) < BATCH_SIZE:
                return

    # BUSINESS: officers

    @api.model
    def _replace_officers(self, company, scope):
        """Give the open calls of nobody, or of somebody who left, an officer."""
        last_id = 0
        domain = self._get_open_domain(company, scope) & (
            Domain("user_id", "=", False) | Domain("user_id.active", "=", False)
        )
        while calls := self.search(domain & Domain("id", ">", last_id), limit=BATCH_SIZE, order="id"):
            last_id = calls[-1].id
            self._assign_officers(calls, company)
            yield len(calls)

    @api.model
    def _assign_officers(self, calls, company, leaving=None):
        """Give calls to the customers' care officers.

        A customer without an officer who can take it goes to the one with the
        fewest open calls, and stays there. Nobody calls a customer whom they sell
        to or serve. In a firm without officers the managers call.

        :param calls: open `broker.care.call` records of one company
        :param leaving: `res.users` who are about to leave and get nothing more
        """
        if not calls:
            return
        leaving = leaving or self.env["res.users"]
        managers = self._get_users("group_manager", company) - leaving
        officers = self._get_users("group_care_officer", company) - leaving
        pool = (officers - managers) or managers
        load = dict.fromkeys(pool.ids, 0)
        for user, count in self._read_group(
            Domain("company_id", "=", company.id) & Domain("state", "=", "planned") & Domain("user_id", "in", pool.ids),
            ["user_id"],
            ["__count"],
        ):
            load[user.id] = count
        calls_by_user = defaultdict(self.browse)
        customers_by_user = defaultdict(self.env["broker.customer"].browse)
        for call in calls:
            customer = call.customer_id
            concerned = customer.user_id + customer.service_user_id
            officer = customer.care_user_id
            if officer not in officers - concerned:
                free = [user for user in pool if user not in concerned] or [
                    user for user in managers if user not in concerned
                ]
                officer = min(
                    free,
                    key=lambda user: (load.get(user.id, 0), user.id),
                    default=self.env["res.users"],
                )
                if officer:
                    customers_by_user[officer] += customer
            load[officer.id] = load.get(officer.id, 0) + 1
            calls_by_user[officer] += call
        for officer, assigned in calls_by_user.items():
            assigned.write({"user_id": officer.id})
        for officer, assigned in customers_by_user.items():
            assigned.with_context(broker_assignment_reason=self.env._("Balanced over the care line")).write(
                {"care_user_id": officer.id}
            )

    # FIGURES

    @api.model
    def _get_summary(self, company, date_from=None, date_to=None):
        """Return the care line's figures of a company.

        :param date_from: only calls and scores from this moment, naive UTC
        :param date_to: only calls and scores before this moment, naive UTC
        :return: dict of done, missed and planned calls (numbers) and the average
            `sales_rating` and `service_rating` (1 to 5, 0.0 without any score)
        """
        call_domain = Domain("company_id", "=", company.id)
        rating_domain = (
            Domain("res_model", "=", self._name)
            & Domain("broker_company_id", "=", company.id)
            & Domain("broker_role", "in", RATED_ROLES)
            & Domain("consumed", "=", True)
        )
        for moment, operator in ((date_from, ">="), (date_to, "<")):
            if moment:
                call_domain &= Domain("state", "=", "planned") | Domain("date_done", operator, moment)
                rating_domain &= Domain("rated_on", operator, moment)
        counts = dict(self.sudo()._read_group(call_domain, ["state"], ["__count"]))
        averages = dict(self.env["rating.rating"].sudo()._read_group(rating_domain, ["broker_role"], ["rating:avg"]))
        return {
            "done": counts.get("done", 0),
            "missed": counts.get("missed", 0),
            "planned": counts.get("planned", 0),
            "cancelled": counts.get("cancelled", 0),
            "sales_rating": averages.get("sales", 0.0),
            "service_rating": averages.get("service", 0.0),
        }

    # CRON

    @api.model
    def _cron_plan_calls(self):
        """Plan the calls of all companies at night, committing batch by batch.

        Stops when the time of a run is over; the next one goes on, because what is
        planned is not found again.
        """
        Cron = self.env["ir.cron"]
        companies = self.env["res.company"].sudo().search([])
        for company in companies:
            for handled in self._plan_steps(company):
                if not Cron._commit_progress(handled, remaining=1):
                    return
                self.env.invalidate_all()
        Cron._commit_progress(remaining=0)
