from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerCareCall(models.Model):
    """A call of the care line to a customer, on the firm's own account.

    A customer has at most one open call; it serves every reason that falls into its
    window. Nobody but the care line and the managers reads calls, attempts and
    scores: they are about the salesperson and the service agent.
    """

    _name = "broker.care.call"
    _description = "Care Call"
    _inherit = [
        "broker.customer.link.mixin",
        "broker.care.call.rating.mixin",
        "rating.mixin",
        "mail.thread",
        "mail.activity.mixin",
        "broker.care.call.planning.mixin",
        "broker.care.call.finder.mixin",
        "broker.care.call.officer.mixin",
        "broker.care.call.result.mixin",
        "broker.care.call.retry.mixin",
        "broker.care.call.hours.mixin",
        "broker.care.call.writing.mixin",
        "broker.care.call.question.mixin",
        "broker.care.call.case.mixin",
        "broker.care.call.playbook.mixin",
        "broker.care.call.campaign.mixin",
        "broker.care.call.withdrawal.mixin",
        "broker.month.source.mixin",
    ]
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
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("done", "Done"),
            ("missed", "Missed"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
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
            ("written", "Written To Instead"),
            ("window", "Window Ended"),
            ("do_not_call", "Do Not Call"),
            ("archived", "Customer Archived"),
            ("merged", "Contacts Merged"),
            ("withdrawn", "Reason Withdrawn"),
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
    call_back_at = fields.Datetime(copy=False)
    sales_score = fields.Selection(selection="_selection_score", string="Sales", default="0", copy=False)
    service_score = fields.Selection(selection="_selection_score", string="Service", default="0", copy=False)
    score_declined = fields.Boolean(string="No Score Given", copy=False)

    notes = fields.Text(copy=False)
    needs_heard = fields.Text(copy=False, help="What the customer wants next, in the customer's words.")

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

    @api.depends("rule_id")
    def _compute_urgency(self):
        for call in self:
            call.urgency = call.rule_id.sudo().urgency or "1"

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
            "company_id",
            "name",
            "reason",
            "state",
            "close_reason",
            "date_done",
            "date_reached",
            "attempt_count",
            "last_outcome",
            "rating_asked",
            "tier_rank",
            "step",
            "is_agreed",
            "check_order_id",
            "check_state",
            "check_result",
            "wish_lead_id",
        }
    )

    # What a call is about is said once: scores and the check of the job hang on it.
    _SUBJECT_FIELDS = frozenset({"customer_id", "order_id", "rule_id"})

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            for vals in vals_list:
                self._check_guarded(set(vals) - self._SUBJECT_FIELDS, vals)
        self = self.env["broker.customer"]._drop_defaults(self, self._GUARDED_FIELDS - self._SUBJECT_FIELDS)
        calls = super().create(vals_list)
        # A context comes with any call from outside; the night plans in sudo.
        if not (self.env.su and self.env.context.get("broker_care_planned")):
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
            for name in names & (self._GUARDED_FIELDS | self._SUBJECT_FIELDS)
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
                    "window_from": call.date_planned,
                    "window_to": call.date_deadline,
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

    # ACTIONS

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
