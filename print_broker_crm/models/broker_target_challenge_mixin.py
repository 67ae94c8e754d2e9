from dateutil.relativedelta import MO, relativedelta
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.fields import Domain

_MANAGER = "print_broker_crm.group_manager"


class BrokerTargetChallengeMixin(models.AbstractModel):
    """A challenge with targets of a print broker: who has which, in which period.

    Odoo counts the goals of those alone who are at their screens, names periods by the
    server's day, and deletes the past of whoever leaves. Targets are counted for all, in
    the company's own days, and stay what they were.
    """

    _name = "broker.target.challenge.mixin"
    _description = "Target: Challenge"

    broker_company_id = fields.Many2one(
        "res.company",
        string="Counts in",
        index="btree_not_null",
        ondelete="cascade",
        help="What happens in this company counts, for those who work there. "
        "Left empty, everybody's own company counts.",
    )

    @api.depends("line_ids.definition_id.broker_kind")
    def _compute_broker_is_target(self):
        for challenge in self:
            challenge.broker_is_target = any(challenge.line_ids.definition_id.mapped("broker_kind"))

    def _search_broker_is_target(self, operator, value):
        if operator != "in":
            return NotImplemented
        targets = Domain("line_ids.definition_id.broker_kind", "!=", False)
        domain = Domain.FALSE
        if True in value:
            domain |= targets
        if False in value:
            domain |= ~targets
        return domain

    @api.model
    def _get_broker_managed_domain(self, user, path=""):
        """Return which challenges a manager of ours may set up: those with targets of a print
        broker and nothing else, and what they have begun themselves. Whom another group lets
        write challenges, as Odoo's own administrators, may write all as before.

        :param user: the `res.users`
        :param path: name of the field that leads to the challenge, where a rule is for another model
        """
        grants = (
            self.env["ir.model.access"]
            .sudo()
            .search(Domain("model_id.model", "=", "gamification.challenge") & Domain("perm_write", "=", True))
        )
        others = grants.filtered(lambda grant: grant.group_id != self.env.ref(_MANAGER))
        if any(not grant.group_id or grant.group_id in user.sudo().all_group_ids for grant in others):
            return Domain.TRUE
        foreign = Domain("line_ids", "any!", Domain("definition_id.broker_kind", "=", False))
        begun = Domain("line_ids", "=", False) & Domain("create_uid", "=", user.id)
        domain = (Domain("line_ids", "!=", False) & ~foreign) | begun
        return Domain(path, "any!", domain) if path else domain

    # CRUD

    def write(self, vals):
        result = super().write(vals)
        targets = self.filtered("broker_is_target")
        if vals.get("state") == "done":
            targets._get_broker_goals()._end_broker_goals()
        return result

    # ACTIONS

    def action_check(self):
        """Count anew; what is there stays."""
        targets = self.filtered("broker_is_target")
        if targets:
            targets._update_broker_targets()
        others = self - targets
        return super(BrokerTargetChallengeMixin, others).action_check() if others else True

    def action_broker_stop(self):
        """End the running targets: they stay as they stand."""
        return self.write({"state": "done"})

    def action_broker_goals(self):
        """Open the targets of everybody in the challenge."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.gamification_goal_action_team")
        return {**action, "display_name": self.name, "domain": [("challenge_id", "=", self.id)]}

    # BUSINESS

    def _get_broker_goals(self):
        """Return the running targets of these challenges, in sudo."""
        Goal = self.env["gamification.goal"].sudo()
        return Goal.search(Goal._get_broker_running_domain() & Domain("challenge_id", "in", self.ids))

    def _update_broker_targets(self):
        """Count the targets of these challenges, end those of people who left, and give
        everybody the ones of the present period."""
        self._recompute_challenge_users()
        self._generate_goals_from_challenge()
        self._get_broker_goals().update_goal()

    def _update_all(self):
        targets = self.filtered("broker_is_target")
        if targets:
            targets._get_broker_goals().update_goal()
        return super()._update_all()

    def _check_challenge_reward(self, force=False):
        # Nobody gets an e-mail about a challenge that neither reports nor rewards.
        rewards = ("reward_id", "reward_first_id", "reward_second_id", "reward_third_id")
        quiet = self.filtered(
            lambda challenge: (
                challenge.broker_is_target
                and challenge.report_message_frequency == "never"
                and not any(challenge[name] for name in rewards)
            )
        )
        return super(BrokerTargetChallengeMixin, self - quiet)._check_challenge_reward(force=force)

    def _generate_goals_from_challenge(self):
        targets = self.filtered("broker_is_target")
        for challenge in targets.filtered(lambda challenge: challenge.state == "inprogress"):
            challenge._give_broker_goals()
        return super(BrokerTargetChallengeMixin, self - targets)._generate_goals_from_challenge()

    def _give_broker_goals(self):
        """Give every participant the targets of the present period, once; those of people
        who take part no longer end and are kept."""
        self.ensure_one()
        Goal = self.env["gamification.goal"].sudo()
        participants = self.sudo().user_ids.filtered("active")
        if self.broker_company_id:
            participants = participants.filtered(lambda user: self.broker_company_id in user.company_ids)
        self._get_broker_goals().filtered(lambda goal: goal.user_id not in participants)._end_broker_goals()
        vals_list = []
        for company, users in participants.grouped(lambda user: self.broker_company_id or user.company_id).items():
            first, last = self._get_broker_period(company.sudo())
            given = Goal.search(
                Domain("line_id", "in", self.line_ids.ids)
                & Domain("user_id", "in", users.ids)
                & (Domain("start_date", "=", first) if first else Domain.TRUE)
            )
            # Somebody who is back goes on.
            today = company._get_broker_today()
            back = given.filtered(lambda goal, today=today: goal.closed and (goal.end_date or today) >= today)
            back.write({"closed": False, "state": "inprogress"})
            known = {(goal.line_id, goal.user_id) for goal in given}
            wanted = self._get_own_targets(users)
            vals_list += [
                {
                    "definition_id": line.definition_id.id,
                    "line_id": line.id,
                    "user_id": user.id,
                    "broker_company_id": company.id,
                    "start_date": first,
                    "end_date": last,
                    "target_goal": wanted.get((line, user), line.target_goal),
                    "broker_own_target": (line, user) in wanted,
                    "state": "inprogress",
                }
                for line in self.line_ids
                for user in users
                if (line, user) not in known
            ]
        try:
            with self.env.cr.savepoint():
                goals = Goal.create(vals_list)
        except UniqueViolation:
            # Somebody else gives them at this moment; what is missing then is given with the next count.
            return
        goals.update_goal()

    def _get_own_targets(self, users):
        """Return {(line, user): what a manager last set for that person alone}."""
        goals = (
            self.env["gamification.goal"]
            .sudo()
            .search(
                Domain("line_id", "in", self.line_ids.ids) & Domain("user_id", "in", users.ids),
                order="start_date, id",
            )
        )
        last = {(goal.line_id, goal.user_id): goal for goal in goals}
        return {key: goal.target_goal for key, goal in last.items() if goal.broker_own_target}

    def _get_broker_period(self, company):
        """Return the first and the last day of the present period, by a company's day."""
        self.ensure_one()
        today = company._get_broker_today()
        if self.period == "daily":
            return today, today
        if self.period == "weekly":
            start = today + relativedelta(weekday=MO(-1))
            return start, start + relativedelta(days=6)
        if self.period == "monthly":
            start = today.replace(day=1)
            return start, start + relativedelta(months=1, days=-1)
        if self.period == "yearly":
            return fields.Date.start_of(today, "year"), fields.Date.end_of(today, "year")
        return self.start_date, self.end_date
