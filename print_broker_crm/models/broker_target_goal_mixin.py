from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_amount
from odoo.tools.misc import formatLang

from .broker_target_event_query_mixin import MEASURES, PRESENT_KINDS, SUM

_MANAGER = "print_broker_crm.group_manager"


class BrokerTargetGoalMixin(models.AbstractModel):
    """A person's target in a period: counted from rows that can be opened.

    Odoo lets people write the value of their own goals, and leaves a value as it was when
    nothing counts any more or the end has passed. A target is worked out for everybody at
    once and written by nobody else; a manager may say what is to be reached.
    """

    _name = "broker.target.goal.mixin"
    _description = "Target: Goal"

    broker_company_id = fields.Many2one(
        "res.company",
        string="Counts in",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="cascade",
        help="What happens in this company counts.",
    )
    broker_currency_id = fields.Many2one(related="broker_company_id.currency_id")
    broker_row_count = fields.Integer(
        string="Rows", readonly=True, copy=False, aggregator="sum", help="How many rows the value is made of."
    )
    broker_own_target = fields.Boolean(
        string="Set for This Person",
        readonly=True,
        copy=False,
        help="A manager changed what this person is to reach; it goes on in the next period.",
    )

    @api.depends("broker_kind")
    @api.depends_context("lang")
    def _compute_broker_explanation(self):
        explanations = self._get_broker_explanations()
        for goal in self:
            goal.broker_explanation = explanations.get(goal.broker_kind, False)

    @api.depends("current", "target_goal", "broker_row_count", "definition_id")
    @api.depends_context("lang")
    def _compute_broker_score(self):
        for goal in self:
            has_value = goal.broker_row_count or MEASURES.get(goal.broker_kind) == SUM
            goal.broker_score = self.env._(
                "%(value)s of %(target)s",
                value=goal._format_broker(goal.current) if has_value else "–",
                target=goal._format_broker(goal.target_goal, unit=True),
            )

    @api.depends("current", "target_goal", "broker_row_count", "state")
    def _compute_broker_progress(self):
        for goal in self:
            if not goal.broker_row_count or goal.target_goal <= 0:
                goal.broker_progress = 100.0 if goal.state == "reached" else 0.0
            elif goal.definition_id.condition == "lower":
                # Twice the hours allowed is half of the way.
                share = goal.target_goal / goal.current if goal.current > goal.target_goal else 1
                goal.broker_progress = 100 * share
            else:
                goal.broker_progress = 100 * min(max(goal.current / goal.target_goal, 0), 1)

    def _get_broker_explanations(self):
        """Return {kind: what counts, in words}."""
        return {
            "new_customer": self.env._("Customers whose first job was confirmed."),
            "margin": self.env._("What the invoices of your customers left, less credit notes."),
            "handoff": self.env._("Of the handoffs that service answered: those that never came back."),
            "leg": self.env._("Of the legs you finished: those in time, without the time waited for others."),
            "answer": self.env._("Working hours until a case got its first answer, on average."),
            "solved": self.env._("Cases that you solved and that were not opened again."),
            "satisfaction": self.env._("Your published average of what customers answered, 1 to 5."),
            "repeat_margin": self.env._("What the invoices of your customers' repeat orders left, less credit notes."),
            "call": self.env._("Of the calls that were to be made: those made within their window."),
            "coverage": self.env._("Of your customers: those with whom the firm is in touch as their tier wants."),
            "recovered": self.env._("Customers of yours who were lost and buy again, once for each loss."),
        }

    def _format_broker(self, value, unit=False):
        """Return a value of this goal as people read it, with its unit or without."""
        self.ensure_one()
        definition = self.definition_id
        if definition.monetary and self.broker_currency_id:
            return format_amount(self.env, value, self.broker_currency_id)
        digits = 0 if value == int(value) else 1
        text = formatLang(self.env, value, digits=digits)
        return f"{text} {definition.suffix}" if unit and definition.suffix else text

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            written = {"current", "state", "closed", "broker_row_count", "broker_company_id", "broker_own_target"}
            self = self.env["broker.customer"]._drop_defaults(self, written)
            kinds = self._get_broker_definitions().ids
            vals_list = [
                {name: value for name, value in vals.items() if name not in written}
                if vals.get("definition_id") in kinds
                else vals
                for vals in vals_list
            ]
        goals = super().create(vals_list)
        if not self.env.su:
            # One by hand has nothing to be drafted: it counts at once.
            by_hand = goals.filtered("broker_kind").sudo()
            by_hand.state = "inprogress"
            by_hand._update_broker_goals()
        return goals

    def write(self, vals):
        """Let nobody write how far somebody is; a manager says what is to be reached.

        :raises UserError: for anything else, of the targets of a print broker
        """
        targets = self.sudo().filtered("broker_kind")
        if self.env.su or not (targets or vals.get("definition_id") in self._get_broker_definitions().ids):
            return super().write(vals)
        if set(vals) != {"target_goal"} or not self.env.user.has_group(_MANAGER):
            raise UserError(
                self.env._(
                    "How far somebody is with a target is counted from its rows, and cannot be entered. "
                    "A manager may change what is to be reached."
                )
            )
        self.check_access("write")
        result = super().write(vals)
        targets.with_context(no_remind_goal=True).broker_own_target = True
        targets.update_goal()
        return result

    @api.model
    def _get_broker_definitions(self):
        return self.env["gamification.goal.definition"].sudo().search(Domain("broker_kind", "!=", False))

    # ACTIONS

    def update_goal(self):
        targets = self.filtered("broker_kind")
        if targets:
            targets.check_access("read")
            targets.sudo()._update_broker_goals()
        return super(BrokerTargetGoalMixin, self - targets).update_goal()

    def get_action(self):
        if self.broker_kind:
            return self.action_broker_rows()
        return super().get_action()

    def action_broker_rows(self):
        """Open the rows that the target is made of."""
        self.ensure_one()
        self.check_access("read")
        first, last = self._get_broker_days()
        kind = self.broker_kind
        domain = (
            Domain("kind", "=", kind)
            & Domain("user_id", "=", self.user_id.id)
            & Domain("company_id", "=", self.broker_company_id.id)
        )
        if first:
            domain &= Domain("date", ">=", first)
        if last:
            domain &= Domain("date", "<=", last)
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_target_event_action"),
            "name": self.definition_id.name,
            "display_name": self.definition_id.name,
            "domain": list(domain),
            "context": {
                "broker_target_kind": kind,
                "broker_target_from": fields.Date.to_string(first) if first else False,
                "broker_target_until": fields.Date.to_string(last) if last else False,
                "broker_target_is_sum": MEASURES[kind] == SUM,
            },
        }

    @api.model
    def action_broker_mine(self):
        """Count the present user's targets anew, and open them."""
        running = Domain("user_id", "=", self.env.uid) & self._get_broker_running_domain()
        self.search(running).update_goal()
        return self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.gamification_goal_action_mine")

    @api.model
    def action_broker_team(self):
        """Count the targets that the present user may see anew, and open them."""
        self.search(self._get_broker_running_domain()).update_goal()
        return self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.gamification_goal_action_team")

    # BUSINESS

    @api.model
    def _get_broker_running_domain(self):
        """Return the `Domain` of the targets that still move."""
        return Domain("broker_kind", "!=", False) & Domain("closed", "=", False) & Domain("state", "!=", "draft")

    def _get_broker_company(self):
        """Return the company whose events count: the challenge's, else the person's own."""
        self.ensure_one()
        return self.challenge_id.broker_company_id or self.user_id.company_id

    def _get_broker_days(self):
        """Return the first and the last day that count; what is known of today alone is
        looked at today."""
        self.ensure_one()
        if self.broker_kind in PRESENT_KINDS:
            return None, None
        return self.start_date, self.end_date

    def _get_broker_value(self):
        """Return how far this target is: what Odoo's own goals ask, one by one."""
        self.ensure_one()
        first, last = self._get_broker_days()
        company = self.broker_company_id or self._get_broker_company()
        totals = self.env["broker.target.event"]._get_totals(company, [self.broker_kind], self.user_id, first, last)
        return self._get_broker_measure(totals)[0]

    def _get_broker_measure(self, totals):
        """Return (value, number of rows) of this target.

        :param totals: what `broker.target.event._get_totals` returns
        """
        self.ensure_one()
        total, average, count = totals.get((self.broker_kind, self.user_id.id), (0, 0, 0))
        value = total if MEASURES[self.broker_kind] == SUM else average
        return round(float(value or 0), 2), count

    def _update_broker_goals(self):
        """Count these targets anew: those of a company and period in one query."""
        running = self.filtered(lambda goal: not goal.closed and goal.state != "draft")
        for goal in running.filtered(lambda goal: not goal.broker_company_id):
            goal.broker_company_id = goal._get_broker_company()
        for (company, days), goals in running.grouped(
            lambda goal: (goal.broker_company_id, goal._get_broker_days())
        ).items():
            totals = self.env["broker.target.event"]._get_totals(
                company, set(goals.mapped("broker_kind")), goals.user_id, *days
            )
            today = company._get_broker_today()
            for goal in goals:
                goal._take_broker_measure(*goal._get_broker_measure(totals), today)

    def _take_broker_measure(self, value, count, today):
        """Write how far this target is, and what that means.

        :param value: what was counted
        :param count: number of rows it is made of
        :param today: the company's day
        """
        self.ensure_one()
        is_over = bool(self.end_date) and today > self.end_date
        if is_over and self.broker_kind in PRESENT_KINDS:
            value, count = self.current, self.broker_row_count
        is_sum = MEASURES[self.broker_kind] == SUM
        if self.definition_id.condition == "lower":
            reached = value <= self.target_goal
        else:
            reached = value >= self.target_goal
        # Nothing to judge is neither good nor bad.
        reached = reached and bool(count or is_sum)
        grace = timedelta(days=self.broker_company_id.broker_target_close_days)
        closed = is_over and today > self.end_date + grace
        if reached:
            state = "reached"
        elif closed:
            state = "failed" if count or is_sum else "canceled"
        else:
            state = "inprogress"
        vals = {"current": value, "broker_row_count": count, "state": state, "closed": closed}
        changed = {name: new for name, new in vals.items() if self[name] != new}
        if changed:
            self.write(changed)

    def _end_broker_goals(self):
        """Close running targets early: whoever has them stops, they stay as they stand."""
        running = self.sudo().filtered(lambda goal: goal.broker_kind and not goal.closed)
        running._update_broker_goals()
        for goal in running.filtered(lambda goal: not goal.closed):
            goal.write({"closed": True, "state": "reached" if goal.state == "reached" else "canceled"})

    @api.model
    def _follow_broker_lines(self, lines):
        """Let running targets follow what their challenge wants, but where a manager set
        something else for the person.

        :param lines: `gamification.challenge.line` whose target was changed
        """
        goals = self.sudo().search(
            self._get_broker_running_domain()
            & Domain("line_id", "in", lines.ids)
            & Domain("broker_own_target", "=", False)
        )
        for line, of_line in goals.grouped("line_id").items():
            of_line.write({"target_goal": line.target_goal})
        goals._update_broker_goals()
