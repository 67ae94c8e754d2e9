from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .broker_customer_staff_mixin import ROLE_ORDER

# What a manager may still say of a line after the change was confirmed.
_OPEN_FIELDS = {"successor_id", "stays_until", "notify"}
# Messages rendered in one transaction of the cron.
_WRITE_BATCH = 100
_COUNTS = ("lead", "quotation", "job", "handoff", "call", "case", "activity", "meeting")


class BrokerStaffChangeLine(models.Model):
    """One role of one customer that goes to another person.

    The counts and amounts are the dry run's, as of the last time it was collected.
    What belongs to the customer as a whole (activities, meetings, unpaid invoices) is
    on the first of the customer's lines, so that sums count it once.
    """

    _name = "broker.staff.change.line"
    _description = "Staff Change Line"
    _order = "change_id desc, tier_rank desc, customer_id, role_rank, id"
    _rec_name = "customer_id"
    _check_company_auto = True

    change_id = fields.Many2one("broker.staff.change", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="change_id.company_id", store=True, index=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    mode = fields.Selection(related="change_id.mode")
    user_id = fields.Many2one(related="change_id.user_id", string="Predecessor")
    customer_id = fields.Many2one(
        "broker.customer",
        required=True,
        readonly=True,
        index=True,
        check_company=True,
        ondelete="cascade",
    )
    role = fields.Selection(
        selection=lambda self: self.env["broker.assignment"]._fields["role"]._description_selection(self.env),
        required=True,
        readonly=True,
    )
    role_rank = fields.Integer(compute="_compute_role_rank", store=True, precompute=True)
    tier_id = fields.Many2one("broker.tier", readonly=True, ondelete="set null")
    tier_color = fields.Integer(related="tier_id.color", string="Tier Color")
    tier_rank = fields.Integer(readonly=True, aggregator=None, help="1 for 1A to 5 for 5A, 0 without a tier.")

    lead_count = fields.Integer(string="Opportunities", readonly=True)
    quotation_count = fields.Integer(string="Quotations", readonly=True)
    job_count = fields.Integer(string="Open Jobs", readonly=True)
    handoff_count = fields.Integer(string="Handoffs", readonly=True)
    call_count = fields.Integer(string="Care Calls", readonly=True)
    case_count = fields.Integer(string="Cases", readonly=True)
    activity_count = fields.Integer(string="Activities", readonly=True)
    meeting_count = fields.Integer(string="Meetings", readonly=True)
    member_count = fields.Integer(
        string="Team Places", readonly=True, help="The person's places in the customer's account team."
    )
    open_count = fields.Integer(
        string="Open Items",
        compute="_compute_open_count",
        store=True,
        help="Opportunities, quotations, jobs, handoffs, calls, cases, activities and meetings that move.",
    )
    uncollected_amount = fields.Monetary(
        string="Uncollected", readonly=True, help="What the customer's posted invoices still have unpaid."
    )
    commission_earned = fields.Monetary(
        string="Earned", readonly=True, help="Commission the predecessor earned in this role on this customer."
    )
    commission_released = fields.Monetary(string="Released", readonly=True, help="The part of it that became payable.")
    commission_to_come = fields.Monetary(
        string="Still to Come",
        readonly=True,
        help="What the predecessor can still get: earned and not released, under the leaver policies of the "
        "plans the jobs were confirmed under.",
    )
    rule_id = fields.Many2one(
        "broker.commission.rule",
        string="Commission Rule",
        readonly=True,
        ondelete="set null",
        help="The first rule of the plan of that day that will match the customer's next job.",
    )
    split = fields.Char(related="rule_id.summary", string="Split After")

    successor_id = fields.Many2one(
        "res.users",
        check_company=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id), ('id', '!=', user_id), "
        "('all_group_ids', 'in', role_group_id)]",
        ondelete="restrict",
    )
    role_group_id = fields.Many2one("res.groups", compute="_compute_role_group_id", compute_sudo=True)
    successor_reason = fields.Selection(
        [
            ("near", "Same team or region"),
            ("load", "Fewest customers"),
            ("hand", "By hand"),
        ],
        string="Chosen for",
        readonly=True,
    )
    stays_until = fields.Date(
        help="The first day on which the customer is the successor's. Empty: the day of the change.",
    )
    date_due = fields.Date(
        string="Moves on",
        compute="_compute_date_due",
        store=True,
    )
    notify = fields.Boolean(
        string="Write to Customer",
        compute="_compute_notify",
        store=True,
        readonly=False,
        help="The customer gets the message that introduces the successor.",
    )
    is_to_write = fields.Boolean(
        string="Message Waits", readonly=True, copy=False, help="The message is written and queued within minutes."
    )
    date_written = fields.Datetime(string="Customer Written to at", readonly=True, copy=False)
    email = fields.Char(related="customer_id.partner_id.email")
    state = fields.Selection(
        [
            ("draft", "Proposed"),
            ("waiting", "Waiting"),
            ("blocked", "Needs a Successor"),
            ("done", "Moved"),
            ("skipped", "Not Held Any More"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        index=True,
        copy=False,
    )
    date_done = fields.Datetime(string="Moved at", readonly=True, copy=False)

    _customer_role_uniq = models.UniqueIndex(
        "(change_id, customer_id, role)", "This customer is already on the list in this role."
    )
    _to_write_idx = models.Index("(id) WHERE is_to_write")
    _due_idx = models.Index("(date_due) WHERE state = 'waiting'")

    @api.depends("customer_id", "role")
    def _compute_display_name(self):
        roles = dict(self._fields["role"]._description_selection(self.env))
        for line in self:
            line.display_name = self.env._(
                "%(customer)s (%(role)s)",
                customer=line.customer_id.display_name or "",
                role=roles.get(line.role, ""),
            )

    @api.depends("role")
    def _compute_role_rank(self):
        for line in self:
            line.role_rank = ROLE_ORDER.index(line.role) if line.role else 0

    @api.depends("role")
    def _compute_role_group_id(self):
        for line in self:
            # Anybody of the firm may visit a customer as its sponsor.
            line.role_group_id = (
                self.env.ref("base.group_user")
                if line.role == "sponsor"
                else self.env["broker.staff.change"]._get_role_group(line.role)
            )

    @api.depends(*(f"{name}_count" for name in _COUNTS))
    def _compute_open_count(self):
        for line in self:
            line.open_count = sum(line[f"{name}_count"] for name in _COUNTS)

    @api.depends("stays_until", "change_id.last_day")
    def _compute_date_due(self):
        for line in self:
            line.date_due = line.stays_until or line.change_id.last_day

    @api.depends("role")
    def _compute_notify(self):
        """The customer meets one face: only a new salesperson is introduced."""
        for line in self:
            line.notify = line.role == "sales"

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            self.env["broker.staff.change"].browse(vals["change_id"] for vals in vals_list)._check_draft()
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._check_write(set(vals))
        if "successor_id" in vals and "successor_reason" not in vals:
            vals = {**vals, "successor_reason": vals["successor_id"] and "hand"}
            blocked = self.filtered(lambda line: line.state == "blocked")
            if blocked and vals["successor_id"]:
                super(BrokerStaffChangeLine, blocked.sudo()).write({"state": "waiting"})
        return super().write(vals)

    def _check_write(self, names):
        """Guard the figures and the state of lines against forms, imports and RPC."""
        if names - _OPEN_FIELDS:
            raise UserError(
                self.env._(
                    "Of a line only the successor, the day and the message can be changed; "
                    "collect again to refresh its figures."
                )
            )
        closed = self.filtered(lambda line: line.state not in ("draft", "waiting", "blocked"))
        if closed:
            raise UserError(
                self.env._(
                    "%(customer)s was already settled in this change and stays as it is written.",
                    customer=closed[0].display_name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_confirmed(self):
        self.change_id._check_draft()

    # ACTIONS

    def action_preview_message(self):
        """Show the message the customer will get, in the customer's language."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Message to %(customer)s", customer=self.customer_id.display_name),
            "res_model": "broker.staff.change.preview",
            "view_mode": "form",
            "target": "new",
            "context": {"default_line_id": self.id},
        }

    def action_set_successor(self):
        """Ask for one successor of all these lines."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Set Successor"),
            "res_model": "broker.staff.change.successor",
            "view_mode": "form",
            "target": "new",
            "context": {"default_line_ids": self.ids},
        }

    # BUSINESS

    def _check_successors(self):
        """Raise unless every one of these lines can go to its successor.

        :raise UserError: names every line without a successor, then every successor who
            cannot take the role
        """
        missing = self.filtered(lambda line: not line.successor_id)
        if missing:
            raise UserError(
                self.env._(
                    "Choose a successor first. Nobody yet for: %(lines)s",
                    lines=", ".join(missing.mapped("display_name")),
                )
            )
        wrong = self - self._filter_able()
        if wrong:
            raise UserError(
                self.env._(
                    "These successors cannot take the role: they are archived, do not work for %(company)s, "
                    "miss the role in their access rights, are the one who gives, or have as many customers as a "
                    "sponsor can have. %(lines)s",
                    company=self.company_id[:1].name,
                    lines=", ".join(f"{line.display_name}: {line.successor_id.name}" for line in wrong),
                )
            )

    def _filter_able(self):
        """Return those of these lines whose successor can take over the role.

        A sponsor takes as many as there is room for, the first lines first.
        """
        rooms = self.env["broker.customer"]._get_sponsor_rooms(
            self.filtered(lambda line: line.role == "sponsor").successor_id, self.company_id
        )
        able = self.browse()
        for line in self._filter_fit():
            if line.role == "sponsor" and (line.successor_id, line.company_id) in rooms:
                if rooms[line.successor_id, line.company_id] <= 0:
                    continue
                rooms[line.successor_id, line.company_id] -= 1
            able += line
        return able

    def _filter_fit(self):
        """Return those of these lines whose successor may have the role at all."""
        Change = self.env["broker.staff.change"]
        members = {role: Change._get_role_group(role).all_user_ids for role in set(self.mapped("role")) - {"sponsor"}}
        return self.filtered(
            lambda line: (
                line.successor_id
                and line.successor_id.active
                and not line.successor_id.share
                and line.successor_id != line.user_id
                and line.company_id in line.successor_id.company_ids
                and (line.role == "sponsor" or line.successor_id in members[line.role])
            )
        )

    def _is_held(self):
        """Tell whether the giver, or nobody, still has the role."""
        self.ensure_one()
        holder = self.customer_id[self.customer_id._get_role_fields()[self.role]]
        return not holder or holder == self.user_id

    @api.model
    def _get_due(self, company, limit=None):
        """Return the waiting lines of a company whose day has come."""
        return self.search(
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "waiting")
            & Domain("date_due", "<=", company._get_broker_today()),
            order="date_due, id",
            limit=limit,
        )

    # CRON

    @api.model
    def _cron_write_to_customers(self):
        """Put the messages that introduce new contacts into the mail queue.

        Not when the change is confirmed: rendering hundreds of messages would keep the
        customers' records locked for as long.
        """
        Cron = self.env["ir.cron"]
        while waiting := self.sudo().search([("is_to_write", "=", True)], limit=_WRITE_BATCH, order="id"):
            lines = waiting.try_lock_for_update()
            lines._write_to_customers()
            left = self.sudo().search_count([("is_to_write", "=", True)])
            if not Cron._commit_progress(len(lines), remaining=left) or len(lines) < len(waiting):
                break

    def _write_to_customers(self):
        """Render these lines' messages into the mail queue, each once."""
        for template, lines in self.grouped(lambda line: line.change_id.mail_template_id).items():
            addressed = lines.filtered("email")
            if template and addressed:
                template.sudo().send_mail_batch(addressed.ids, force_send=False)
                addressed.date_written = fields.Datetime.now()
        self.is_to_write = False
