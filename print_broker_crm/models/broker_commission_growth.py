from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tools import format_date

_MANAGER_GROUP = "print_broker_crm.group_manager"
# What was seen when a bonus is confirmed must still be so.
_MEASURED = ("plan_id", "rate", "margin", "margin_before", "outcome", "bonus")


class BrokerCommissionGrowth(models.Model):
    """How much more margin a customer brought than in the same period a year before,
    and what its account team gets of it.

    A fall is listed for the review and deducts nothing from anybody. A confirmed row
    does not change any more; what its members get stands on their statements.
    """

    _name = "broker.commission.growth"
    _inherit = ["broker.commission.growth.measure.mixin"]
    _description = "Growth Bonus"
    _order = "date_to desc, bonus desc, id"
    _rec_name = "customer_id"
    _check_company_auto = True
    _allow_sudo_commands = False

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    currency_id = fields.Many2one(related="company_id.currency_id")
    customer_id = fields.Many2one(
        "broker.customer", required=True, readonly=True, index=True, check_company=True, ondelete="restrict"
    )
    date_from = fields.Date(string="From", required=True, readonly=True)
    date_to = fields.Date(string="Until", required=True, readonly=True, help="The last day.")
    plan_id = fields.Many2one("broker.commission.plan", required=True, readonly=True, index=True, ondelete="restrict")
    rate = fields.Float(
        string="Growth Bonus (%)", digits=(5, 2), readonly=True, aggregator=None, help="As the plan said it."
    )
    margin = fields.Monetary(
        readonly=True, help="Of the jobs' posted invoices and credit notes of the period: revenue less real cost."
    )
    margin_before = fields.Monetary(
        string="Margin a Year Before", readonly=True, help="The same of the same days a year before."
    )
    change = fields.Monetary(compute="_compute_change", store=True, help="Negative: a fall. It deducts nothing.")
    first_day = fields.Date(string="First Invoice", readonly=True)
    outcome = fields.Selection(
        [
            ("growth", "Growth"),
            ("none", "No growth"),
            ("fall", "Fall"),
            ("new", "New: no year of history"),
        ],
        readonly=True,
        required=True,
    )
    bonus = fields.Monetary(readonly=True, help="The growth × the rate. A loss a year before counts as nothing.")
    note = fields.Text(help="E.g. what the review found.")
    state = fields.Selection(
        [("draft", "Draft"), ("confirmed", "Confirmed")], required=True, readonly=True, default="draft"
    )
    calculated_at = fields.Datetime(string="Calculated on", readonly=True)
    confirmed_at = fields.Datetime(string="Confirmed on", readonly=True)
    confirmed_by_id = fields.Many2one("res.users", string="Confirmed by", readonly=True, ondelete="restrict")
    is_of_merged_file = fields.Boolean(
        string="Of a Merged File", readonly=True, help="Worked out before the customer was merged with another."
    )
    share_ids = fields.One2many("broker.commission.growth.share", "growth_id", string="Shares", readonly=True)
    explanation = fields.Text(compute="_compute_explanation")

    _customer_no_overlap = models.Constraint(
        """EXCLUDE USING gist (
            int4range(customer_id, customer_id, '[]') WITH &&,
            daterange(date_from, date_to, '[]') WITH &&
        ) WHERE (NOT is_of_merged_file)""",
        "This customer's growth was already worked out for some of these days.",
    )
    _period_order = models.Constraint("CHECK (date_to >= date_from)", "A period cannot end before it begins.")

    @api.depends("customer_id", "date_from", "date_to")
    def _compute_display_name(self):
        for growth in self:
            growth.display_name = self.env._(
                "%(customer)s, %(start)s to %(end)s",
                customer=growth.customer_id.sudo().display_name or "",
                start=growth.date_from and format_date(self.env, growth.date_from) or "",
                end=growth.date_to and format_date(self.env, growth.date_to) or "",
            )

    @api.depends("margin", "margin_before")
    def _compute_change(self):
        for growth in self:
            growth.change = growth.margin - growth.margin_before

    @api.depends("margin", "margin_before", "outcome", "rate", "bonus", "first_day")
    def _compute_explanation(self):
        for growth in self:
            growth.explanation = growth._get_explanation()

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse rows by hand: a period is worked out for all customers with a team."""
        if vals_list:
            raise UserError(self.env._("Growth is worked out for a period, not entered."))
        return super().create(vals_list)

    @api.model
    def _append(self, vals_list):
        """Write new rows; not to be had by RPC."""
        return super().create(vals_list)

    def write(self, vals):
        """Let a manager add a note to a draft, and nothing else."""
        self._check_draft()
        if set(vals) - {"note"}:
            raise UserError(self.env._("Growth is worked out for a period, not entered."))
        return super().write(vals)

    def _write_figures(self, vals):
        """Write what was worked out, and what confirming leaves; not to be had by RPC."""
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_confirmed(self):
        self._check_draft()

    def copy_data(self, default=None):
        raise UserError(self.env._("Growth is worked out for a period, not copied."))

    @api.model
    def load(self, fields, data):
        raise UserError(self.env._("Growth is worked out for a period, not imported."))

    # ACTIONS

    def action_refresh(self):
        """Work these drafts out again.

        :raises UserError: when one of them is confirmed
        """
        self._check_manager()
        self._check_draft()
        self._refresh()
        return True

    def action_confirm(self):
        """Confirm these drafts and put the members' shares on their balances.

        :raises UserError: when a period is not over, or its figures have changed since
        """
        self._check_manager()
        self.lock_for_update()
        self.invalidate_recordset()
        self._check_draft()
        self._check_current()
        growths = self.sudo()
        growths._write_figures(
            {
                "state": "confirmed",
                "confirmed_at": fields.Datetime.now(),
                "confirmed_by_id": self.env.uid,
            }
        )
        growths.share_ids._book()
        return True

    def action_view_invoices(self):
        """Open the invoices of the period."""
        self.ensure_one()
        return self._get_invoice_action(self.date_from, self.date_to)

    def action_view_invoices_before(self):
        """Open the invoices of the same period a year before."""
        self.ensure_one()
        return self._get_invoice_action(*self._get_year_before(self.date_from, self.date_to))

    # BUSINESS

    @api.model
    def _open_period(self, company, date_from, date_to):
        """Work out the growth of all customers with an account team in a period.

        Drafts of the same period are worked out again; what is confirmed stays.

        :param company: the `res.company`
        :param date_from: first day, a `date`
        :param date_to: last day, a `date`
        :return: the rows of the period
        :raises UserError: when the plan has no growth bonus, or days were worked out
            within another period
        """
        self._check_manager()
        plan = self._get_growth_plan(company, date_to)
        end = fields.Date.add(date_to, days=1)
        customers = (
            self.env["broker.customer"]
            .sudo()
            .with_context(active_test=False)
            .search(Domain("company_id", "=", company.id))
        )
        teams = self.env["broker.customer.member"].sudo()._get_during(customers, date_from, end)
        customers = customers.browse(teams)
        known = self.sudo().search(
            Domain("customer_id", "in", customers.ids)
            & Domain("is_of_merged_file", "=", False)
            & Domain("date_from", "<=", date_to)
            & Domain("date_to", ">=", date_from)
        )
        for other in known:
            if (other.date_from, other.date_to) != (date_from, date_to):
                raise UserError(
                    self.env._(
                        "%(growth)s was worked out already; the days would count twice. Choose the same period, or "
                        "delete that draft.",
                        growth=other.display_name,
                    )
                )
        missing = customers - known.customer_id
        created = self.sudo()._append(
            [
                {
                    "company_id": company.id,
                    "customer_id": customer.id,
                    "date_from": date_from,
                    "date_to": date_to,
                    "plan_id": plan.id,
                    "outcome": "none",
                }
                for customer in missing
            ]
        )
        (created + known.filtered(lambda growth: growth.state == "draft"))._refresh()
        return self.browse((created + known).ids)

    @api.model
    def _get_growth_plan(self, company, date_to):
        """Return the plan that holds at the end of a period, in sudo.

        :raises UserError: when it pays no growth bonus
        """
        plan = self.env["broker.commission.plan"]._get_plan(company, date_to)
        if not plan.growth_rate:
            raise UserError(
                self.env._(
                    "On %(day)s no plan of %(company)s pays a growth bonus. Set the growth bonus on a version of the "
                    "plan that holds on this day.",
                    day=format_date(self.env, date_to),
                    company=company.name,
                )
            )
        return plan

    def _refresh(self):
        """Work out these drafts again, and who shares in them; in sets."""
        for (company, date_from, date_to), group in (
            self.sudo().grouped(lambda row: (row.company_id, row.date_from, row.date_to)).items()
        ):
            plan = self._get_growth_plan(company, date_to)
            figures = self._measure(group.customer_id, date_from, date_to, plan)
            shares = self._prepare_shares(group, figures, plan)
            group.share_ids._drop()
            for growth in group:
                growth._write_figures(figures[growth.customer_id.id])
            self.env["broker.commission.growth.share"].sudo()._append(
                [{**vals, "growth_id": growth.id} for growth in group for vals in shares[growth.id]]
            )

    @api.model
    def _prepare_shares(self, growths, figures, plan):
        """Return {growth id: list of the values of its shares}.

        :param growths: rows of one company and period
        :param figures: {customer id: values}, see `_measure`
        """
        first = growths[:1]
        weights = {row.function: row.weight for row in plan.growth_weight_ids}
        teams = (
            self.env["broker.customer.member"]
            .sudo()
            ._get_during(growths.customer_id, first.date_from, fields.Date.add(first.date_to, days=1))
        )
        result = {}
        for growth in growths:
            members = teams.get(growth.customer_id.id, self.env["broker.customer.member"])
            days = self._get_days(members, growth.date_from, growth.date_to, weights)
            amounts = self._share_bonus(figures[growth.customer_id.id]["bonus"], days, growth.currency_id)
            result[growth.id] = [
                {
                    "user_id": user.id,
                    "days": days[user][0],
                    "weighted_days": days[user][1],
                    "amount": amount,
                    "member_ids": [Command.set(members.filtered(lambda row, user=user: row.user_id == user).ids)],
                }
                for user, amount in amounts.items()
            ]
        return result

    def _check_current(self):
        """Refuse to confirm what is not over yet, or not as it was seen.

        :raises UserError: naming the first such row
        """
        for (company, date_from, date_to), group in (
            self.sudo().grouped(lambda row: (row.company_id, row.date_from, row.date_to)).items()
        ):
            if date_to >= company._get_broker_today():
                raise UserError(
                    self.env._("%(growth)s is not over yet: confirm it afterwards.", growth=group[:1].display_name)
                )
            plan = self._get_growth_plan(company, date_to)
            figures = self._measure(group.customer_id, date_from, date_to, plan)
            shares = self._prepare_shares(group, figures, plan)
            for growth in group:
                now = figures[growth.customer_id.id]
                seen = {name: growth._fields[name].convert_to_write(growth[name], growth) for name in _MEASURED}
                amounts = {share.user_id.id: share.amount for share in growth.share_ids}
                if any(seen[name] != now[name] for name in _MEASURED) or amounts != {
                    vals["user_id"]: vals["amount"] for vals in shares[growth.id]
                }:
                    raise UserError(
                        self.env._(
                            "The figures of %(growth)s have changed since they were worked out. Work them out again "
                            "and look at them.",
                            growth=growth.display_name,
                        )
                    )

    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group(_MANAGER_GROUP):
            raise AccessError(self.env._("Only a manager works out and confirms growth bonuses."))
        self.check_access("write")

    def _check_draft(self):
        """Refuse to touch what is confirmed.

        :raises UserError: naming the first such row
        """
        for growth in self.sudo():
            if growth.state != "draft":
                raise UserError(
                    self.env._(
                        "%(growth)s is confirmed and stays as it is. Put a mistake right by an adjustment.",
                        growth=growth.display_name,
                    )
                )

    def _get_invoice_action(self, date_from, date_to):
        """Return the action that shows the customer's invoices of some days."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": list(self._get_invoice_domain(self.customer_id, date_from, date_to)),
            "context": {"create": False},
        }

    def _get_explanation(self):
        """Return the arithmetic in words."""
        self.ensure_one()
        money = self.currency_id.format
        if self.outcome == "new":
            if not self.first_day:
                return self.env._("Never invoiced: there is nothing to compare with.")
            return self.env._(
                "First invoiced on %(day)s: without a year of history there is no bonus.",
                day=format_date(self.env, self.first_day),
            )
        values = {
            "margin": money(self.margin),
            "before": money(self.margin_before),
            "change": money(self.change),
            "rate": f"{self.rate:g}",
            "bonus": money(self.bonus),
        }
        if self.outcome == "fall":
            return self.env._(
                "Margin %(margin)s after %(before)s a year before: %(change)s. A fall is for the review and deducts "
                "nothing.",
                **values,
            )
        if self.outcome == "none":
            return self.env._("Margin %(margin)s after %(before)s a year before: nothing grew.", **values)
        if self.margin_before < 0:
            return self.env._(
                "Margin %(margin)s after a loss of %(before)s a year before, which counts as nothing; "
                "× %(rate)s %% = bonus %(bonus)s",
                **values,
            )
        return self.env._(
            "Margin %(margin)s less %(before)s a year before = %(change)s; × %(rate)s %% = bonus %(bonus)s", **values
        )

    # MERGING

    @api.model
    def _make_room(self, sources, target):
        """Let the rows of files that are merged stand beside those of the target.

        Drafts go: they can be worked out again for both together.

        :param sources: the `broker.customer` files that disappear
        :param target: the `broker.customer` that remains
        """
        rows = self.sudo().search(Domain("customer_id", "in", (sources + target).ids))
        drafts = rows.filtered(lambda row: row.state == "draft")
        drafts.unlink()
        # What was confirmed for any of them stays for all: worked out again for both
        # together, it would be paid twice. Only for the same days one of two gives way.
        kept = (rows - drafts).filtered(lambda row: row.customer_id == target and not row.is_of_merged_file)
        for row in rows - drafts - kept:
            if any(row.date_from <= other.date_to and other.date_from <= row.date_to for other in kept):
                row._write_figures({"is_of_merged_file": True})
            elif not row.is_of_merged_file:
                kept += row
        self.flush_model()
