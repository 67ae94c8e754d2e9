from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_list

_MANAGER_GROUP = "print_broker_crm.group_manager"
# Written by the actions alone, whoever asks.
_ACTION_FIELDS = frozenset({"name", "state", "collected_at", "confirmed_at", "confirmed_by_id", "is_archived_first"})
# Fixed once the change is confirmed.
_DRAFT_FIELDS = frozenset({"company_id", "mode", "user_id", "last_day", "customer_ids", "fallback_user_id"})


class BrokerStaffChange(models.Model):
    """Customers that go from one person of the firm to others.

    Because the person leaves (the customers are then inherited) or because they give
    some away (transferred). As long as it is a draft it is a dry run: nothing outside
    the document is written. Confirming moves the customers and their open work in one
    transaction; what stays with the person for a while moves on its day, at night.
    """

    _name = "broker.staff.change"
    _description = "Staff Change"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "broker.staff.change.collect.mixin",
        "broker.staff.change.propose.mixin",
        "broker.staff.change.move.mixin",
    ]
    _order = "id desc"
    _check_company_auto = True

    # Lines that move in one transaction of the cron.
    _due_batch = 200

    name = fields.Char(string="Number", readonly=True, copy=False)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    mode = fields.Selection(
        [("leaving", "Leaving"), ("rebalancing", "Giving Customers Away")],
        required=True,
        default="leaving",
        tracking=True,
        help="Leaving: the customers are inherited. Giving away: they are transferred, and only those chosen.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Person",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        ondelete="restrict",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Who leaves or gives away.",
    )
    last_day = fields.Date(
        string="From Day",
        required=True,
        tracking=True,
        default=lambda self: self.env.company._get_broker_today(),
        help="From this day on the customers are the successors', unless a line says otherwise.",
    )
    reason = fields.Char(tracking=True, help="Kept in the ledger of every customer.")
    state = fields.Selection(
        [("draft", "Dry Run"), ("confirmed", "Confirmed"), ("done", "Done"), ("cancelled", "Cancelled")],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
    )
    customer_ids = fields.Many2many(
        "broker.customer",
        string="Customers to Give",
        copy=False,
        check_company=True,
        domain="[('company_id', '=', company_id), '|', '|', '|', ('user_id', '=', user_id), "
        "('service_user_id', '=', user_id), ('care_user_id', '=', user_id), ('sponsor_user_id', '=', user_id)]",
    )
    line_ids = fields.One2many("broker.staff.change.line", "change_id", string="Customers")
    fallback_user_id = fields.Many2one(
        "res.users",
        string="Everything Else Goes To",
        check_company=True,
        ondelete="restrict",
        domain="[('share', '=', False), ('company_ids', 'in', company_id), ('id', '!=', user_id)]",
        help="Takes over what the leaver holds beside the customers below: prospects and their opportunities, "
        "and work on customers of others.",
    )
    notify_customers = fields.Boolean(
        string="Write to Customers", default=True, help="Customers get a message that introduces their new contact."
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        string="Message",
        domain="[('model', '=', 'broker.staff.change.line')]",
        default=lambda self: self.env.ref(
            "print_broker_crm.mail_template_staff_change_introduction", raise_if_not_found=False
        ),
        ondelete="restrict",
    )
    archive_user = fields.Boolean(
        string="Archive the User", help="When nothing stays with them any more, not before the day of the change."
    )
    is_archived_first = fields.Boolean(
        string="Opened by Archiving",
        readonly=True,
        copy=False,
        help="The user was archived without a staff change; this one was opened to name successors.",
    )
    collected_at = fields.Datetime(string="Figures as of", readonly=True, copy=False)
    confirmed_at = fields.Datetime(readonly=True, copy=False)
    confirmed_by_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not self.env.su:
                self._check_write(set(vals) - _DRAFT_FIELDS)
            company_id = vals.get("company_id") or self.env.company.id
            sequence = self.env["ir.sequence"].sudo().with_company(company_id)
            vals["name"] = sequence.next_by_code("broker.staff.change") or self.env._("New")
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._check_write(set(vals))
        return super().write(vals)

    def _check_write(self, names):
        """Guard what the actions write, and what is fixed once confirmed."""
        if names & _ACTION_FIELDS:
            raise UserError(self.env._("A staff change moves by Collect, Confirm and Cancel only."))
        if names & _DRAFT_FIELDS:
            self._check_draft()

    def _check_draft(self):
        """Raise unless all of these changes are still dry runs."""
        fixed = self.filtered(lambda change: change.state != "draft")
        if fixed:
            raise UserError(
                self.env._(
                    "%(changes)s is no dry run any more. Open a new staff change for what is still to move.",
                    changes=format_list(self.env, fixed.mapped("name")),
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_confirmed(self):
        if any(change.confirmed_at or change.is_archived_first for change in self):
            raise UserError(
                self.env._("A confirmed staff change, or one that says when somebody left, is history and is kept.")
            )

    # ACTIONS

    def action_collect(self):
        """Fill or refresh the lines, their figures and the successors proposed.

        What was chosen by hand stays. Nothing outside the document is written.
        """
        self._check_manager()
        self._check_draft()
        for change in self:
            change.sudo()._collect()
        return True

    def action_view_lines(self):
        """Open the lines as a list, to set successors for a selection."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_staff_change_line_action")
        action["domain"] = [("change_id", "=", self.id)]
        return action

    def action_confirm(self):
        """Move the customers and their open work, in this transaction.

        :raise AccessError: for anybody but a manager
        :raise UserError: when it was confirmed already, names the lines without a
            successor, or tells that figures are out of date
        """
        self._check_manager()
        self.lock_for_update()
        self._check_draft()
        for change in self:
            change.sudo()._confirm()
        return True

    def action_apply_due(self):
        """Move now what is due, without waiting for the night."""
        self._check_manager()
        for change in self.sudo():
            change._apply(change._get_due_lines())
            change._finish()
        return True

    def action_cancel(self):
        """Give up a dry run, or what still waits in a confirmed change."""
        self._check_manager()
        for change in self.sudo():
            if change.state in ("done", "cancelled"):
                raise UserError(self.env._("%(change)s is closed already.", change=change.name))
            change.line_ids.filtered(lambda line: line.state in ("draft", "waiting", "blocked")).state = "cancelled"
            change.state = "cancelled"
            change.activity_unlink(["mail.mail_activity_data_todo"])
            if change.mode == "leaving":
                self.env["broker.commission.entry"]._settle_leaver(change.user_id, change.company_id)
        return True

    @api.model
    def action_give_away(self, customers):
        """Open a dry run that gives the chosen customers away.

        :param customers: `broker.customer` files with one and the same salesperson
        """
        self._check_manager()
        if len(customers.company_id) != 1 or len(customers.user_id) != 1 or not all(customers.mapped("user_id")):
            raise UserError(
                self.env._(
                    "Choose customers of one salesperson and one company. These have: %(people)s",
                    people=format_list(self.env, customers.user_id.mapped("name")) or "-",
                )
            )
        change = self.create(
            {
                "mode": "rebalancing",
                "company_id": customers.company_id.id,
                "user_id": customers.user_id.id,
                "customer_ids": customers.ids,
            }
        )
        change.action_collect()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": change.id,
            "view_mode": "form",
        }

    # CONFIRMING

    def _check_manager(self):
        if not self.env.user.has_group(_MANAGER_GROUP):
            raise AccessError(self.env._("Only a manager moves customers from one person to others."))
        self.check_access("write")

    def _confirm(self):
        """Check everything, then move what is due; see `action_confirm`."""
        self.ensure_one()
        self._check_complete()
        self.line_ids._check_successors()
        self._check_archive()
        self.write(
            {
                "state": "confirmed",
                "confirmed_at": fields.Datetime.now(),
                "confirmed_by_id": self.env.uid,
            }
        )
        self.line_ids.state = "waiting"
        self._apply(self._get_due_lines())
        self._finish()

    def _check_complete(self):
        """Raise when the dry run does not show what would be moved."""
        if not self.line_ids and (self.mode == "rebalancing" or not self.collected_at):
            raise UserError(self.env._("There is nothing on the list yet: collect the customers first."))
        if self.mode == "rebalancing":
            return
        known = {(line.customer_id, line.role) for line in self.line_ids}
        missing = [
            customer.display_name
            for customer, roles in self._find_held_roles().items()
            if any((customer, role) not in known for role in roles)
        ]
        if missing:
            raise UserError(
                self.env._(
                    "%(person)s also has %(customers)s, who are not on the list. Collect again before confirming.",
                    person=self.user_id.name,
                    customers=format_list(self.env, missing),
                )
            )
        if not self.fallback_user_id and self._count_rest():
            raise UserError(
                self.env._(
                    "%(person)s also holds work beside these customers. Say who takes it over: "
                    "Everything Else Goes To.",
                    person=self.user_id.name,
                )
            )

    def _check_archive(self):
        """Refuse to archive an administrator by somebody who is none."""
        if (
            self.archive_user
            and self.user_id.has_group("base.group_system")
            and not self.env.user.has_group("base.group_system")
        ):
            raise UserError(
                self.env._(
                    "%(person)s is an administrator. Ask another administrator to archive this user.",
                    person=self.user_id.name,
                )
            )

    # THE SECOND ROPE

    @api.model
    def _open_for_leaver(self, user, customers):
        """Open a dry run per company for somebody who is archived with customers.

        A change that already says who follows them goes on.

        :param user: the `res.users` about to be archived
        :param customers: the `broker.customer` files in which they have a role
        :return: {change: number of customers}
        """
        counts = {}
        for company, files in customers.grouped("company_id").items():
            change = self.search(
                Domain("user_id", "=", user.id)
                & Domain("company_id", "=", company.id)
                & Domain("mode", "=", "leaving")
                & Domain("state", "in", ("draft", "confirmed")),
                limit=1,
            ) or self.with_company(company).create(
                {
                    "company_id": company.id,
                    "user_id": user.id,
                    "last_day": company._get_broker_today(),
                    "reason": self.env._("Archived without a staff change"),
                    "is_archived_first": True,
                }
            )
            if change.state == "draft":
                change._collect()
            counts[change] = len(files)
        return counts

    @api.model
    def _get_leaving_days(self, users, companies):
        """Return when people left companies, in order.

        :return: defaultdict of (user, company) to a list of `date`, today the latest
        """
        days = defaultdict(list)
        for change in self.search(
            Domain("mode", "=", "leaving")
            & Domain("user_id", "in", users.ids)
            & Domain("company_id", "in", companies.ids)
            & Domain("state", "!=", "cancelled")
            & (Domain("state", "in", ("confirmed", "done")) | Domain("is_archived_first", "=", True)),
            order="last_day, id",
        ):
            if change.last_day <= change.company_id._get_broker_today():
                days[change.user_id, change.company_id].append(change.last_day)
        return days

    # CRON

    @api.model
    def _cron_apply_due(self):
        """Move what stayed with a leaver until today, batch by batch."""
        Line = self.env["broker.staff.change.line"].sudo()
        Cron = self.env["ir.cron"]
        for company in self.env["res.company"].sudo().search(Domain.TRUE):
            while due := Line._get_due(company, limit=self._due_batch):
                lines = due.try_lock_for_update()
                for change, group in lines.grouped("change_id").items():
                    change._apply(group)
                    change._finish()
                if not Cron._commit_progress(len(lines), remaining=1):
                    # No time is left: the next run goes on.
                    return
                if len(lines) < len(due):
                    # Somebody is at the others; the next night finds them again.
                    break
            for change in self.sudo().search(
                Domain("company_id", "=", company.id)
                & Domain("state", "=", "confirmed")
                & Domain("last_day", "<=", company._get_broker_today())
            ):
                change._finish()
            self.sudo()._close_settled(company)
        Cron._commit_progress(remaining=0)

    @api.model
    def _close_settled(self, company):
        """Close the lists that archiving opened, where somebody else has every customer."""
        for change in self.search(
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "draft")
            & Domain("is_archived_first", "=", True)
        ):
            if not any(line._is_held() for line in change.line_ids) and not change._find_memberships():
                change.line_ids.state = "skipped"
                change.state = "done"
                change.activity_feedback(["mail.mail_activity_data_todo"])

    @api.model
    def _get_role_group(self, role):
        """Return the group whose members can have a role."""
        name = {"sales": "salesperson", "service": "service_agent", "care": "care_officer", "sponsor": "manager"}[role]
        return self.env.ref(f"print_broker_crm.group_{name}").sudo()
