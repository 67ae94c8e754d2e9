from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_list

OPEN_STATES = ("draft", "submitted", "returned")
# Written by the actions alone, whoever asks.
ACTION_FIELDS = frozenset(
    {
        "name",
        "company_id",
        "customer_id",
        "lead_id",
        "order_id",
        "order_ids",
        "state",
        "submitted_at",
        "first_submitted_at",
        "accept_deadline",
        "accepted_at",
        "acceptance_hours",
        "returned_at",
        "return_count",
        "return_reason",
        "escalated_at",
    }
)
ACCEPT_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_accept"
RETURN_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_return"
LATE_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_late"


class BrokerHandoff(models.Model):
    """The packet with which sales hands a won job over to service.

    The salesperson fills and submits it, the service agent accepts or returns it, and
    a clock in the firm's working hours runs from the submission. The state is written
    by the actions alone.
    """

    _name = "broker.handoff"
    _description = "Handoff"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "accept_deadline, id desc"
    _check_company_auto = True

    # Late handoffs escalated in one transaction of the cron.
    _escalation_batch = 100

    name = fields.Char(string="Number", required=True, readonly=True, copy=False)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    customer_id = fields.Many2one(
        "broker.customer",
        required=True,
        readonly=True,
        index=True,
        check_company=True,
        ondelete="restrict",
    )
    customer_name = fields.Char(string="Customer Name", related="customer_id.partner_id.display_name")
    lead_id = fields.Many2one(
        "crm.lead",
        string="Opportunity",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        ondelete="set null",
    )
    order_ids = fields.One2many("sale.order", "broker_handoff_id", string="Jobs", readonly=True)
    order_id = fields.Many2one(
        "sale.order",
        string="Main Job",
        compute="_compute_order_id",
        store=True,
        help="The first job that is not cancelled.",
    )
    sender_id = fields.Many2one(
        "res.users",
        string="Salesperson",
        required=True,
        index=True,
        tracking=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    receiver_id = fields.Many2one(
        "res.users",
        string="Service Agent",
        index="btree_not_null",
        tracking=True,
        domain=lambda self: [
            ("share", "=", False),
            ("all_group_ids", "in", self._get_agent_group().ids),
        ],
        help="Left empty, any service agent may take the handoff.",
    )
    state = fields.Selection(
        [
            ("draft", "To Submit"),
            ("submitted", "To Accept"),
            ("returned", "Returned"),
            ("accepted", "Accepted"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
    )
    submitted_at = fields.Datetime(string="Submitted", readonly=True, copy=False)
    first_submitted_at = fields.Datetime(string="First Submitted", readonly=True, copy=False)
    accept_deadline = fields.Datetime(
        string="Accept by",
        readonly=True,
        copy=False,
        help="Counted in the company's working hours from the submission.",
    )
    accepted_at = fields.Datetime(string="Accepted", readonly=True, copy=False)
    acceptance_hours = fields.Float(
        string="Hours to Acceptance",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="Working hours between the first submission and the acceptance, returns included.",
    )
    returned_at = fields.Datetime(string="Last Returned", readonly=True, copy=False)
    return_count = fields.Integer(string="Returns", readonly=True, copy=False)
    return_reason = fields.Text(string="Reason of the Last Return", readonly=True, copy=False)
    escalated_at = fields.Datetime(
        string="Escalated",
        readonly=True,
        copy=False,
        help="When the managers were told that the handoff is late.",
    )
    is_late = fields.Boolean(string="Late", compute="_compute_is_late", search="_search_is_late")
    item_ids = fields.One2many("broker.handoff.item", "handoff_id", string="Checklist")
    gap_count = fields.Integer(string="Gaps", compute="_compute_gap_count", compute_sudo=True)
    can_submit = fields.Boolean(compute="_compute_can")
    can_receive = fields.Boolean(compute="_compute_can")

    # The packet: what only the salesperson knows.
    buying_reason = fields.Text(string="Why They Buy")
    promises = fields.Text(string="What Was Promised")
    not_sold = fields.Text(help="What the customer may expect, but has not bought.")
    still_open = fields.Text()

    # The facts of the contract, read where they live.
    contact_id = fields.Many2one("res.partner", compute="_compute_facts", compute_sudo=True)
    contact_phone = fields.Char(string="Phone", compute="_compute_facts", compute_sudo=True)
    contact_email = fields.Char(string="E-mail", compute="_compute_facts", compute_sudo=True)
    expected_revenue = fields.Monetary(
        currency_field="currency_id",
        compute="_compute_facts",
        compute_sudo=True,
        help="Of the opportunity, in the company's currency.",
    )
    amount_untaxed = fields.Monetary(
        string="Jobs, Untaxed",
        currency_field="currency_id",
        compute="_compute_facts",
        compute_sudo=True,
        help="Sum of the jobs that are not cancelled, in the company's currency at the rate of each job's date.",
    )
    delivery_date = fields.Datetime(compute="_compute_facts", compute_sudo=True)
    payment_term_id = fields.Many2one("account.payment.term", compute="_compute_facts", compute_sudo=True)
    cost_known = fields.Boolean(compute="_compute_facts", compute_sudo=True)

    _open_lead_uniq = models.UniqueIndex(
        "(lead_id, company_id) WHERE lead_id IS NOT NULL AND state IN ('draft', 'submitted', 'returned')",
        "This opportunity already has an open handoff.",
    )
    _late_idx = models.Index("(accept_deadline) WHERE state = 'submitted' AND escalated_at IS NULL")

    @api.depends("order_ids.state")
    def _compute_order_id(self):
        for handoff in self:
            handoff.order_id = handoff.order_ids.filtered(lambda order: order.state != "cancel").sorted("id")[:1]

    @api.depends("state", "accept_deadline")
    def _compute_is_late(self):
        now = fields.Datetime.now()
        for handoff in self:
            handoff.is_late = bool(
                handoff.state == "submitted" and handoff.accept_deadline and handoff.accept_deadline < now
            )

    @api.model
    def _search_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = Domain("state", "=", "submitted") & Domain("accept_deadline", "<", fields.Datetime.now())
        domain = Domain.FALSE
        if True in value:
            domain |= late
        if False in value:
            # Written out, because a handoff without a deadline is not late either.
            domain |= (
                Domain("state", "!=", "submitted")
                | Domain("accept_deadline", "=", False)
                | Domain("accept_deadline", ">=", fields.Datetime.now())
            )
        return domain

    @api.depends("item_ids.gap_reason")
    def _compute_gap_count(self):
        for handoff in self:
            handoff.gap_count = len(handoff.item_ids.filtered("gap_reason"))

    @api.depends_context("uid")
    @api.depends("state", "sender_id", "receiver_id")
    def _compute_can(self):
        for handoff in self:
            handoff.can_submit = handoff._is_sender()
            handoff.can_receive = handoff._is_receiver()

    @api.depends("lead_id", "order_ids")
    def _compute_facts(self):
        cost_failures = self._get_check_failures("cost_known")
        for handoff in self:
            orders = handoff._get_checked_orders()
            handoff.contact_id = handoff.lead_id.partner_id or orders[:1].partner_id or handoff.customer_id.partner_id
            handoff.contact_phone = handoff.contact_id.phone or handoff.lead_id.phone
            handoff.contact_email = handoff.contact_id.email or handoff.lead_id.email_from
            handoff.expected_revenue = handoff.lead_id.expected_revenue
            handoff.amount_untaxed = sum(
                order.currency_id._convert(
                    order.amount_untaxed,
                    handoff.company_id.currency_id,
                    handoff.company_id,
                    order.date_order or fields.Date.today(),
                )
                for order in orders
            )
            handoff.delivery_date = orders[:1].commitment_date
            handoff.payment_term_id = orders[:1].payment_term_id
            handoff.cost_known = handoff not in cost_failures

    @api.constrains("receiver_id", "company_id")
    def _check_receiver(self):
        agents = self._get_agent_group().sudo().all_user_ids
        for handoff in self:
            receiver = handoff.receiver_id
            if not receiver:
                continue
            if receiver not in agents:
                raise ValidationError(
                    self.env._(
                        "%(user)s cannot receive %(handoff)s: only a service agent "
                        "can. Choose another one, or ask a manager to give "
                        "%(user)s that role.",
                        user=receiver.name,
                        handoff=handoff.name,
                    )
                )
            if handoff.company_id not in receiver.sudo().company_ids:
                raise ValidationError(
                    self.env._(
                        "%(user)s does not work for %(company)s and cannot receive %(handoff)s.",
                        user=receiver.name,
                        company=handoff.company_id.name,
                        handoff=handoff.name,
                    )
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        self._fill_names(vals_list)
        self._fill_receivers(vals_list)
        handoffs = super().create(vals_list)
        handoffs._add_items()
        return handoffs

    def write(self, vals):
        if not self.env.su:
            self._check_write(set(vals))
        result = super().write(vals)
        if "receiver_id" in vals:
            self._move_accept_activity()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        kept = self.filtered(lambda handoff: handoff.state != "draft")
        if kept:
            raise UserError(
                self.env._(
                    "Only a handoff that was never submitted can be deleted; cancel %(handoffs)s instead.",
                    handoffs=format_list(self.env, kept.mapped("name")),
                )
            )

    # ACTIONS

    def action_submit(self):
        """Hand the packet to the service agent and start the clock.

        :raise UserError: names every gap of every handoff; nothing is changed then
        """
        self._check_sender()
        self._check_state("draft", "returned")
        self._check_no_gap()
        now = fields.Datetime.now()
        handoffs = self.sudo()
        deadlines = handoffs._get_accept_deadlines(now)
        for handoff in handoffs:
            handoff.write(
                {
                    "state": "submitted",
                    "submitted_at": now,
                    "first_submitted_at": handoff.first_submitted_at or now,
                    "accept_deadline": deadlines[handoff],
                    "escalated_at": False,
                }
            )
        handoffs.item_ids.filtered("is_returned").write({"is_returned": False})
        handoffs.activity_feedback([RETURN_ACTIVITY])
        # Where the same person sells and serves there is nobody to wait for.
        own = self.filtered(lambda handoff: handoff.sender_id == handoff.receiver_id)
        (handoffs - own.sudo())._schedule_acceptance()
        own._accept()
        return True

    def action_accept(self):
        """Take the job over: the receiver becomes the customer's service agent.

        :raise UserError: when the list has a gap at this moment, or somebody else is
            to receive the handoff
        """
        self._check_receiver_role()
        self._check_state("submitted")
        self._accept()
        return True

    def action_open_return(self):
        """Open the dialog that asks what is missing."""
        self.ensure_one()
        self._check_receiver_role()
        self._check_state("submitted")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Return %(handoff)s", handoff=self.name),
            "res_model": "broker.handoff.return",
            "view_mode": "form",
            "target": "new",
            "context": {"default_handoff_id": self.id},
        }

    @api.private
    def action_return(self, gaps=None, reason=""):
        """Give the packet back to the sender; it counts against the sender.

        :param gaps: `broker.handoff.item` records that are not good enough
        :param reason: what is wrong in words; one of the two is needed
        """
        self.ensure_one()
        self._check_receiver_role()
        self._check_state("submitted")
        gaps = gaps or self.env["broker.handoff.item"]
        reason = (reason or "").strip()
        if not gaps and not reason:
            raise UserError(
                self.env._(
                    "Say why %(handoff)s goes back: choose what is missing or write the reason.",
                    handoff=self.name,
                )
            )
        if gaps.handoff_id - self:
            raise UserError(
                self.env._(
                    "The items chosen belong to another handoff than %(handoff)s.",
                    handoff=self.name,
                )
            )
        lines = gaps.mapped("display_name") + ([reason] if reason else [])
        handoff = self.sudo()
        handoff.write(
            {
                "state": "returned",
                "returned_at": fields.Datetime.now(),
                "return_count": handoff.return_count + 1,
                "return_reason": "\n".join(lines),
                "accept_deadline": False,
            }
        )
        # What a person vouched for must be answered anew; the system's checks speak
        # for themselves.
        gaps.sudo().write({"is_returned": True, "answer": False, "settle_by": False})
        handoff.activity_feedback([ACCEPT_ACTIVITY])
        handoff.activity_unlink([LATE_ACTIVITY])
        handoff.message_post(
            body=self.env._("Returned: %(reasons)s", reasons=format_list(self.env, lines)),
            subtype_xmlid="mail.mt_note",
        )
        handoff._schedule(
            RETURN_ACTIVITY,
            {handoff: handoff.sender_id},
            {handoff: handoff.company_id._get_broker_today()},
            lambda env: env._("Complete the returned handoff"),
        )
        return True

    def action_cancel(self):
        """Withdraw the handoff; its jobs are free for another one."""
        self._check_sender()
        self._check_state(*OPEN_STATES)
        self._cancel()
        return True

    # RIGHTS

    @api.model
    def _get_agent_group(self):
        return self.env.ref("print_broker_crm.group_service_agent")

    def _is_manager(self):
        return self.env.is_superuser() or self.env.user.has_group("print_broker_crm.group_manager")

    def _is_closed(self):
        return self.state in ("accepted", "cancelled")

    def _is_sender(self):
        """Tell whether the present user may fill and submit this packet."""
        self.ensure_one()
        handoff = self.sudo()
        return self._is_manager() or self.env.user in (handoff.sender_id + handoff.customer_id.user_id)

    def _is_receiver(self):
        """Tell whether the present user may accept or return this packet."""
        self.ensure_one()
        receiver = self.sudo().receiver_id
        if self._is_manager() or receiver == self.env.user:
            return True
        return not receiver and self.env.user.has_group("print_broker_crm.group_service_agent")

    def _check_sender(self):
        """Raise unless the present user may fill and submit these handoffs."""
        self.check_access("write")
        refused = self.filtered(lambda handoff: not handoff._is_sender())
        if refused:
            raise UserError(
                self.env._(
                    "Only the salesperson or a manager can do this with %(handoffs)s.",
                    handoffs=format_list(self.env, refused.mapped("name")),
                )
            )

    def _check_receiver_role(self):
        """Raise unless the present user may accept or return these handoffs."""
        self.check_access("write")
        refused = self.filtered(lambda handoff: not handoff._is_receiver())
        if refused:
            raise UserError(
                self.env._(
                    "Only the service agent who receives %(handoffs)s, or a manager, can accept or return it.",
                    handoffs=format_list(self.env, refused.mapped("name")),
                )
            )

    def _check_state(self, *states):
        wrong = self.filtered(lambda handoff: handoff.state not in states)
        if wrong:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "This cannot be done any more with %(handoffs)s.",
                    handoffs=format_list(
                        self.env,
                        [f"{handoff.name} ({labels[handoff.state]})" for handoff in wrong],
                    ),
                )
            )

    def _check_open_for_change(self):
        """Raise when one of the handoffs is accepted or cancelled."""
        closed = self.filtered(lambda handoff: handoff._is_closed())
        if closed:
            raise UserError(
                self.env._(
                    "%(handoffs)s is closed and stays as it was agreed. Write what has changed since then as a note.",
                    handoffs=format_list(self.env, closed.mapped("name")),
                )
            )

    def _check_write(self, names):
        """Guard the fields of the handoff against forms, imports and RPC.

        :param names: set of the field names about to be written
        """
        names = names - set(self.env["mail.thread"]._fields) - set(self.env["mail.activity.mixin"]._fields)
        if not names:
            return
        if names & ACTION_FIELDS:
            raise UserError(
                self.env._(
                    "A handoff moves by Submit, Accept, Return and Cancel only; %(fields)s cannot be written.",
                    fields=format_list(self.env, sorted(names & ACTION_FIELDS)),
                )
            )
        self._check_open_for_change()
        if self._is_manager():
            return
        if "sender_id" in names:
            raise UserError(self.env._("Only a manager can give a handoff to another salesperson."))
        if "receiver_id" in names and any(h.state == "submitted" for h in self):
            raise UserError(
                self.env._("The handoff is with the service agent: ask a manager to give it to another one.")
            )
        # The checklist is guarded by its own model: the receiver may answer there.
        if names - {"item_ids"} and not all(h._is_sender() for h in self):
            raise UserError(self.env._("Only the salesperson or a manager can change the packet."))

    # CHECKS OF THE SYSTEM

    def _get_checked_orders(self):
        """Return the jobs of the handoff, or what is quoted as long as there is none."""
        self.ensure_one()
        jobs = self.order_ids
        jobs = jobs.filtered(lambda order: order.state != "cancel").with_prefetch(jobs._prefetch_ids)
        if jobs:
            return jobs
        quotations = self.lead_id.order_ids
        return quotations.filtered(
            lambda order: order.state in ("draft", "sent") and order.company_id == self.company_id
        ).with_prefetch(quotations._prefetch_ids)

    def _get_check_failures(self, check_method):
        """Look whether the system's own checks pass.

        A further value of `check_method` on the requirement needs a method
        `_get_check_failure_<value>` that returns the reason of one handoff or False.

        :param check_method: a value of the requirement's `check_method`
        :return: {handoff: why the check fails}; those that pass are left out
        """
        check = f"_get_check_failure_{check_method}"
        failures = {}
        for handoff in self:
            reason = getattr(handoff.sudo(), check)()
            if reason:
                failures[handoff] = reason
        return failures

    def _get_check_failure_contact_reachable(self):
        contact = self.lead_id.partner_id or self.customer_id.partner_id
        if any(
            (
                contact.phone,
                contact.email,
                self.customer_id.phone,
                self.customer_id.email,
                self.lead_id.phone,
                self.lead_id.email_from,
            )
        ):
            return False
        return self.env._("%(contact)s has neither a phone nor an e-mail", contact=contact.name)

    def _get_check_failure_order_confirmed(self):
        if any(order.state == "sale" for order in self.order_ids):
            return False
        return self.env._("no order is confirmed yet")

    def _get_check_failure_delivery_date(self):
        orders = self._get_checked_orders()
        missing = orders.filtered(lambda order: not order.commitment_date)
        if missing:
            return self.env._(
                "%(orders)s has no delivery date",
                orders=format_list(self.env, missing.mapped("name")),
            )
        return not orders and self.env._("there is no order yet")

    def _get_check_failure_payment_terms(self):
        orders = self._get_checked_orders()
        missing = orders.filtered(lambda order: not order.payment_term_id)
        if missing:
            return self.env._(
                "%(orders)s has no payment terms",
                orders=format_list(self.env, missing.mapped("name")),
            )
        return not orders and self.env._("there is no order yet")

    def _get_check_failure_cost_known(self):
        orders = self._get_checked_orders()
        lines = orders.order_line.filtered(lambda line: not line.display_type and not line.is_downpayment)
        missing = lines.filtered(lambda line: line.purchase_price <= 0)
        if missing:
            return self.env._(
                "no cost on %(lines)s",
                lines=format_list(
                    self.env,
                    [f"{line.order_id.name}: {line.product_id.display_name}" for line in missing],
                ),
            )
        return not lines and self.env._("there is no order line yet")

    def _get_check_failure_promises(self):
        return not self.promises and self.env._("write what was promised, or mark it as not applicable")

    def _get_check_failure_not_sold(self):
        return not self.not_sold and self.env._("write what was not sold, or mark it as not applicable")

    def _get_check_failure_still_open(self):
        return not self.still_open and self.env._("write what is still open, or mark it as not applicable")

    def _get_gaps(self):
        """Return the `broker.handoff.item` records that hold these handoffs up now."""
        # The orders may have changed in this very transaction.
        self.item_ids.invalidate_recordset(["status", "check_failure", "gap_reason"])
        return self.item_ids.filtered("gap_reason")

    def _check_no_gap(self):
        """Raise one message that names every gap of every handoff."""
        gaps = self._get_gaps()
        if not gaps:
            return
        blocks = []
        for handoff, items in gaps.grouped("handoff_id").items():
            lines = [f"- {item.display_name}: {item.gap_reason}" for item in items]
            blocks.append("\n".join([f"{handoff.name}, {handoff.customer_name}", *lines]))
        raise UserError(
            self.env._(
                "The handoff is not complete. Answer these first, or mark them as "
                "not applicable or as unknown with a date:\n%(gaps)s",
                gaps="\n\n".join(blocks),
            )
        )

    # CLOCK

    def _get_accept_hours(self):
        """Hook: return the working hours the receiver has to accept this handoff."""
        self.ensure_one()
        return self.company_id.broker_handoff_accept_hours

    def _get_accept_deadlines(self, start):
        """Return {handoff: until when it is to be accepted}.

        :param start: naive UTC `datetime` of the submission
        """
        known = {}
        deadlines = {}
        for handoff in self:
            key = (handoff.company_id, handoff._get_accept_hours())
            if key not in known:
                known[key] = self._plan_hours(*key, start)
            deadlines[handoff] = known[key]
        return deadlines

    @api.model
    def _plan_hours(self, company, hours, start):
        """Return the time that lies some working hours of a company after another.

        A company without working hours counts every hour.
        """
        calendar = company._get_broker_calendar()
        planned = calendar and calendar.plan_hours(hours, start, compute_leaves=True)
        return planned or start + timedelta(hours=hours)

    @api.model
    def _count_hours(self, company, start, end):
        """Return the working hours of a company between two naive UTC times."""
        calendar = company._get_broker_calendar()
        if calendar.attendance_ids:
            return calendar.get_work_hours_count(start, end)
        return (end - start).total_seconds() / 3600

    # BUSINESS

    @api.model
    def _get_desk_domain(self, user):
        """Return which handoffs have their customer on a user's desk: open ones they
        sent or are to receive, those waiting for anybody of the service desk, and those
        they accepted whose job the customer has not received yet.

        :param user: `res.users`
        """
        desk = Domain("state", "in", OPEN_STATES) & (
            Domain("sender_id", "=", user.id) | Domain("receiver_id", "=", user.id)
        )
        desk |= (
            Domain("state", "=", "accepted")
            & Domain("receiver_id", "=", user.id)
            & (Domain("order_id", "=", False) | Domain("order_id.broker_receipt_date", "=", False))
        )
        if self._get_agent_group().id in user._get_group_ids():
            desk |= Domain("receiver_id", "=", False) & Domain("state", "=", "submitted")
        return desk

    @api.model
    def _open_for_leads(self, leads):
        """Open the handoffs of leads that enter the Service Handoff stage.

        A lead that already has one in its company, open or accepted, gets no second.

        :param leads: `crm.lead` records
        :return: the leads' handoffs in sudo, found and opened
        :raise UserError: when a lead has no customer
        """
        without_customer = leads.filtered(lambda lead: not lead.partner_id)
        if without_customer:
            raise UserError(
                self.env._(
                    "Set the customer on these opportunities before they are handed over to service: %(leads)s",
                    leads=format_list(self.env, without_customer.mapped("name")),
                )
            )
        leads = leads.sudo()
        handoffs = self.sudo().search(Domain("lead_id", "in", leads.ids) & Domain("state", "!=", "cancelled"))
        known = {(handoff.lead_id, handoff.company_id) for handoff in handoffs}
        vals_list = []
        for company, company_leads in leads.grouped(lambda lead: lead._get_broker_company()).items():
            missing = company_leads.filtered(lambda lead, company=company: (lead, company) not in known)
            vals_list += self._prepare_handoffs(missing, company)
        handoffs += self.sudo().create(vals_list)
        self._attach_orders(leads.order_ids.filtered(lambda order: order.state == "sale"))
        return handoffs

    @api.model
    def _prepare_handoffs(self, leads, company):
        """Return the values of the handoffs of some leads of one company."""
        if not leads:
            return []
        customers = self.env["broker.customer"]._open_for_partners(
            leads.partner_id, company, {lead.partner_id: lead.user_id for lead in leads}
        )
        customer_by_partner = {customer.partner_id: customer for customer in customers}
        vals_list = []
        for lead in leads:
            customer = customer_by_partner[lead.partner_id.commercial_partner_id]
            sender = lead.user_id.filtered("active") or customer.user_id.filtered("active") or self.env.user
            vals_list.append(
                {
                    "company_id": company.id,
                    "customer_id": customer.id,
                    "lead_id": lead.id,
                    "sender_id": sender.id,
                }
            )
        return vals_list

    @api.model
    def _attach_orders(self, orders):
        """Link confirmed orders to the handoff of their opportunity.

        :param orders: confirmed `sale.order` records; those that have a handoff, no
            opportunity, or an opportunity not yet handed over are left alone
        """
        orders = orders.sudo().filtered(lambda order: order.opportunity_id and not order.broker_handoff_id)
        if not orders:
            return
        handoffs = self.sudo().search(
            Domain("lead_id", "in", orders.opportunity_id.ids) & Domain("state", "!=", "cancelled"),
            order="id",
        )
        by_lead = {}
        # An open handoff, of which there is one, comes before those accepted.
        for handoff in handoffs.sorted(lambda handoff: not handoff._is_closed()):
            by_lead[handoff.lead_id, handoff.company_id] = handoff
        for order in orders:
            handoff = by_lead.get((order.opportunity_id, order.company_id))
            if handoff:
                order.broker_handoff_id = handoff

    def _accept(self):
        """Accept without looking at who asks; gaps are looked at again."""
        if not self:
            return
        self._check_no_gap()
        now = fields.Datetime.now()
        handoffs = self.sudo()
        for handoff in handoffs:
            handoff.item_ids._freeze()
            handoff.write(
                {
                    "state": "accepted",
                    "accepted_at": now,
                    "acceptance_hours": self._count_hours(handoff.company_id, handoff.first_submitted_at, now),
                    "receiver_id": (handoff.receiver_id or self.env.user).id,
                }
            )
        handoffs.activity_feedback([ACCEPT_ACTIVITY])
        handoffs.activity_unlink([LATE_ACTIVITY, RETURN_ACTIVITY])
        for receiver, received in handoffs.grouped("receiver_id").items():
            customers = received.customer_id.filtered(
                lambda customer, receiver=receiver: customer.service_user_id != receiver
            )
            if customers:
                customers.with_context(
                    broker_assignment_reason=self.env._(
                        "Accepted %(handoffs)s",
                        handoffs=format_list(
                            self.env,
                            received.filtered(
                                lambda handoff, customers=customers: handoff.customer_id in customers
                            ).mapped("name"),
                        ),
                    )
                ).service_user_id = receiver
        handoffs._after_accept()

    def _after_accept(self):
        """Hook: tell the other rooms that service has taken over."""
        self.env["broker.commission.split"]._fill_payees(self.order_ids.filtered(lambda order: order.state == "sale"))

    def _cancel(self):
        """Cancel without looking at who asks."""
        handoffs = self.sudo()
        handoffs.order_ids.broker_handoff_id = False
        handoffs.write({"state": "cancelled", "accept_deadline": False})
        handoffs.activity_unlink([ACCEPT_ACTIVITY, LATE_ACTIVITY, RETURN_ACTIVITY])

    @api.model
    def _merge_leads(self, head, tail):
        """Bring the handoffs of merged leads under the one that remains.

        Of the open handoffs of a company the one that got furthest stays open; the
        others are cancelled, kept for reading, and give it their jobs and words.

        :param head: the `crm.lead` that remains
        :param tail: the `crm.lead` records that disappear
        """
        handoffs = self.sudo().search(Domain("lead_id", "in", (head + tail).ids), order="id")
        rank = {"submitted": 0, "returned": 1, "draft": 2}
        open_handoffs = handoffs.filtered(lambda handoff: not handoff._is_closed())
        for rivals in open_handoffs.grouped("company_id").values():
            kept, *others = rivals.sorted(lambda handoff: rank[handoff.state])
            kept._absorb(self.sudo().concat(*others))
        # The index allows one open handoff per lead at every moment.
        handoffs.flush_recordset()
        handoffs.filtered(lambda handoff: handoff.lead_id in tail).lead_id = head

    def _absorb(self, others):
        """Take over jobs and words of handoffs that are given up for this one."""
        self.ensure_one()
        if not others:
            return
        orders = others.order_ids
        others._cancel()
        orders.broker_handoff_id = self
        for name in ("buying_reason", "promises", "not_sold", "still_open"):
            if not self[name]:
                self[name] = others.filtered(name)[:1][name]
        others._message_log_batch(
            bodies={
                other.id: self.env._(
                    "The opportunity was merged; %(handoff)s goes on in its place.",
                    handoff=self.name,
                )
                for other in others
            }
        )

    @api.model
    def _fill_names(self, vals_list):
        """Number new handoffs by the company's sequence, drawn once for the batch."""
        by_company = defaultdict(list)
        for vals in vals_list:
            if not vals.get("name"):
                by_company[vals.get("company_id") or self.env.company.id].append(vals)
        for company_id, company_vals in by_company.items():
            sequence = (
                self.env["ir.sequence"]
                .sudo()
                .search(
                    Domain("code", "=", "broker.handoff") & Domain("company_id", "in", [company_id, False]),
                    order="company_id",
                    limit=1,
                )
            )
            for vals, name in zip(
                company_vals,
                self._draw_names(sequence, len(company_vals)),
                strict=True,
            ):
                vals["name"] = name

    @api.model
    def _draw_names(self, sequence, count):
        """Return the next numbers of a sequence, in one query where it allows that."""
        if not sequence:
            return [self.env._("New")] * count
        if sequence.implementation != "standard" or sequence.use_date_range:
            return [sequence.next_by_id() for _index in range(count)]
        numbers = self.env.execute_query(
            SQL(
                "SELECT nextval(%s) FROM generate_series(1, %s)",
                f"ir_sequence_{sequence.id:03d}",
                count,
            )
        )
        return [sequence.get_next_char(number) for (number,) in numbers]

    @api.model
    def _fill_receivers(self, vals_list):
        """Choose the service agents of new handoffs.

        The customer's own service agent comes first; a sender who serves too keeps
        the job; then the agent with the fewest open handoffs, the one who waited
        longest among equals. Without any agent a manager who sells serves as well;
        otherwise the receiver stays empty.
        """
        missing = [vals for vals in vals_list if "receiver_id" not in vals]
        queues = {}
        for vals in missing:
            company = self.env["res.company"].browse(vals.get("company_id") or self.env.company.id)
            if company not in queues:
                queues[company] = self._get_agent_queue(company)
            receiver = self._pick_receiver(
                *queues[company],
                self.env["broker.customer"].sudo().browse(vals["customer_id"]).service_user_id,
                self.env["res.users"].browse(vals.get("sender_id") or self.env.uid),
            )
            vals["receiver_id"] = receiver.id if receiver else False

    @api.model
    def _pick_receiver(self, able, queue, service_user, sender):
        """Return who receives the next handoff, or None, and move the queue on.

        :param able: `res.users` who can receive
        :param queue: dict as returned by `_get_agent_queue`; changed in place
        :param service_user: the customer's present service agent, or none
        :param sender: the salesperson
        """
        if service_user in able:
            receiver = service_user
        elif sender in queue or (not queue and sender in able):
            receiver = sender
        else:
            receiver = min(queue, key=queue.get, default=None)
        if receiver in queue:
            open_count, _last_id, user_id = queue[receiver]
            queue[receiver] = (open_count + 1, float("inf"), user_id)
        return receiver

    @api.model
    def _pass_on(self, users):
        """Give the open handoffs of agents who leave to those who stay.

        :param users: the `res.users` about to be archived
        """
        handoffs = self.sudo().search(Domain("receiver_id", "in", users.ids) & Domain("state", "in", OPEN_STATES))
        for company, left in handoffs.grouped("company_id").items():
            able, queue = self._get_agent_queue(company, leaving=users)
            for handoff in left:
                receiver = self._pick_receiver(able, queue, handoff.customer_id.service_user_id, handoff.sender_id)
                handoff.receiver_id = receiver or False

    @api.model
    def _get_agent_queue(self, company, leaving=()):
        """Return who can receive in a company, and who waits for the next handoff.

        :param company: `res.company`
        :param leaving: users who are not asked any more
        :return: the able users, managers included; and {agent: (open handoffs, id of
            the last handoff received, user id)} of those who are no managers
        """
        able = (
            self._get_agent_group()
            .sudo()
            .all_user_ids.filtered(
                lambda user: user.active and not user.share and user not in leaving and company in user.company_ids
            )
        )
        managers = self.env.ref("print_broker_crm.group_manager").sudo().all_user_ids
        agents = able - managers
        domain = Domain("company_id", "=", company.id) & Domain("receiver_id", "in", agents.ids)
        Handoff = self.sudo()
        last_ids = dict(Handoff._read_group(domain, ["receiver_id"], ["id:max"]))
        counts = dict(
            Handoff._read_group(
                domain & Domain("state", "in", OPEN_STATES),
                ["receiver_id"],
                ["__count"],
            )
        )
        return able, {agent: (counts.get(agent, 0), last_ids.get(agent, 0), agent.id) for agent in agents}

    def _add_items(self):
        """Put the requirements of each handoff's company on its list."""
        requirements = (
            self.env["broker.handoff.requirement"]
            .sudo()
            .search(Domain("company_id", "in", self.company_id.ids + [False]))
        )
        self.env["broker.handoff.item"].sudo().create(
            [
                {"handoff_id": handoff.id, "requirement_id": requirement.id}
                for handoff in self
                for requirement in requirements
                if not requirement.company_id or requirement.company_id == handoff.company_id
            ]
        )

    # ACTIVITIES

    def _schedule(self, activity_xmlid, users, deadlines, get_summary):
        """Give people a to-do on these handoffs, each in their language.

        :param activity_xmlid: of the `mail.activity.type`
        :param users: {handoff: `res.users`, any number of them}
        :param deadlines: {handoff: date}
        :param get_summary: function of an environment that returns the text
        """
        if self.env.context.get("mail_activity_automation_skip"):
            return
        activity_type = self.env.ref(activity_xmlid)
        model = self.env["ir.model"]._get(self._name)
        self.env["mail.activity"].sudo().create(
            [
                {
                    "activity_type_id": activity_type.id,
                    "automated": True,
                    "date_deadline": deadlines[handoff],
                    "res_id": handoff.id,
                    "res_model_id": model.id,
                    "summary": get_summary(self.with_context(lang=user.lang or self.env.lang).env),
                    "user_id": user.id,
                }
                for handoff in self
                for user in users[handoff]
            ]
        )

    def _schedule_acceptance(self):
        """Tell the receivers of submitted handoffs until when to accept."""
        self._schedule(
            ACCEPT_ACTIVITY,
            {handoff: handoff.receiver_id for handoff in self},
            {handoff: handoff._get_deadline_day() for handoff in self},
            lambda env: env._("Accept or return the handoff"),
        )

    def _get_deadline_day(self):
        """Return the day of the deadline where the firm works."""
        self.ensure_one()
        return fields.Datetime.context_timestamp(
            self.with_context(tz=self.company_id._get_broker_tz()),
            self.accept_deadline or fields.Datetime.now(),
        ).date()

    def _move_accept_activity(self):
        """Let the to-do of a submitted handoff follow its receiver."""
        submitted = self.sudo().filtered(lambda handoff: handoff.state == "submitted")
        if submitted:
            submitted.activity_unlink([ACCEPT_ACTIVITY])
            submitted._schedule_acceptance()

    # CRON

    @api.model
    def _cron_escalate_late(self):
        """Tell the managers once of each handoff that was not accepted in time."""
        domain = (
            Domain("state", "=", "submitted")
            & Domain("accept_deadline", "<", fields.Datetime.now())
            & Domain("escalated_at", "=", False)
        )
        self.env["ir.cron"]._commit_progress(remaining=self.search_count(domain))
        while True:
            handoffs = self.search(domain, limit=self._escalation_batch)
            handoffs = handoffs.try_lock_for_update().filtered_domain(domain)
            if not handoffs:
                break
            handoffs._escalate()
            if not self.env["ir.cron"]._commit_progress(len(handoffs)):
                break

    def _escalate(self):
        """Mark late handoffs and give every manager of their company a to-do."""
        self.write({"escalated_at": fields.Datetime.now()})
        managers = (
            self.env.ref("print_broker_crm.group_manager")
            .sudo()
            .all_user_ids.filtered(lambda user: user.active and not user.share)
        )
        today = {company: company._get_broker_today() for company in self.company_id}
        self._schedule(
            LATE_ACTIVITY,
            {
                handoff: managers.filtered(lambda user, handoff=handoff: handoff.company_id in user.company_ids)
                for handoff in self
            },
            {handoff: today[handoff.company_id] for handoff in self},
            lambda env: env._("Handoff not accepted in time"),
        )

    # FIGURES

    @api.model
    def _get_summary(self, company):
        """Return a company's handoffs in figures.

        :param company: `res.company`
        :return: dict with `accepted`, `returned` (number of returns) and
            `median_hours`: working hours to acceptance, None without any. Handoffs of
            a person to themselves are accepted, but say nothing about waiting.
        """
        self.flush_model()
        [(accepted, returned, median_hours)] = self.env.execute_query(
            SQL(
                """
                SELECT COUNT(*) FILTER (WHERE state = 'accepted'),
                       COALESCE(SUM(return_count), 0),
                       PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY acceptance_hours)
                           FILTER (
                               WHERE state = 'accepted' AND sender_id != receiver_id
                           )
                  FROM broker_handoff
                 WHERE company_id = %s
                """,
                company.id,
            )
        )
        return {
            "accepted": accepted,
            "returned": returned,
            "median_hours": median_hours,
        }
