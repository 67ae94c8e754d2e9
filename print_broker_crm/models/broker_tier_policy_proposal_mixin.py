from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from .broker_tier_dimension import DIMENSIONS

SHARES = ("share_2", "share_3", "share_4", "share_5")


class BrokerTierPolicyProposalMixin(models.AbstractModel):
    """What a manager sees of a policy before it is in force: who would move, and which
    thresholds would suit the firm's own customers.

    Apart from the policy, because nothing here is needed to judge anybody.
    """

    _name = "broker.tier.policy.proposal.mixin"
    _description = "5A Policy: Proposal"

    share_2 = fields.Float(
        string="2A and Above (%)",
        default=90,
        digits=(5, 2),
        help="When thresholds are proposed, this part of the customers stands at 2A or above in each dimension.",
    )
    share_3 = fields.Float(string="3A and Above (%)", default=65, digits=(5, 2))
    share_4 = fields.Float(string="4A and Above (%)", default=35, digits=(5, 2))
    share_5 = fields.Float(string="5A (%)", default=10, digits=(5, 2))

    @api.constrains(*SHARES)
    def _check_shares(self):
        for policy in self:
            shares = [100, *(policy[name] for name in SHARES), 0]
            if any(upper <= lower for upper, lower in zip(shares, shares[1:], strict=False)):
                raise ValidationError(
                    self.env._(
                        "In the policy “%(policy)s” the parts of the customers must fall from 2A to 5A, between 100 "
                        "and 0 %%, but they are %(values)s.",
                        policy=policy.name,
                        values=", ".join(f"{value:g} %" for value in shares[1:-1]),
                    )
                )

    # ACTIONS

    def action_view_effect(self):
        """Show who would move under this policy, before it is put in force."""
        self.ensure_one()
        self.check_access("write")
        self._check_has_company()
        self._check_complete()
        return self.env["broker.tier.effect"]._open(self)

    def action_propose_thresholds(self):
        """Propose thresholds from the firm's own distribution, with their effect.

        :raises UserError: when there are too few customers to propose anything
        """
        self.ensure_one()
        self.check_access("write")
        self._check_has_company()
        self._check_complete()
        thresholds = self._get_proposed_thresholds()
        if not thresholds:
            raise UserError(
                self.env._(
                    "The figures of %(company)s's customers are too few or too alike to tell five steps apart. Let "
                    "some months pass, or set the thresholds by hand.",
                    company=self.company_id.name,
                )
            )
        return self.env["broker.tier.effect"]._open(self, thresholds)

    # BUSINESS

    def _check_has_company(self):
        for policy in self.filtered(lambda policy: not policy.company_id):
            raise UserError(
                self.env._(
                    "“%(policy)s” belongs to no company: make a new version of it and activate that.",
                    policy=policy.name,
                )
            )

    def _get_proposed_thresholds(self):
        """Return thresholds at which the wanted parts of the customers stand, in two
        digits: nobody remembers a threshold of 83,417.22.

        :return: {dimension code: four thresholds}; a dimension whose customers are too
            alike for four different numbers is left out
        """
        self.ensure_one()
        score = self.env["broker.tier.score"].sudo()
        score._flush_sources()
        fractions = [1 - self[name] / 100 for name in SHARES]
        row = self.env.execute_query(
            SQL(
                "SELECT %s FROM (%s) AS judged",
                SQL(", ").join(
                    SQL(
                        "PERCENTILE_CONT(%s::float8[]) WITHIN GROUP (ORDER BY %s)",
                        fractions,
                        SQL.identifier(code),
                    )
                    for code in DIMENSIONS
                ),
                score._get_preview_query(self.sudo(), self.company_id._get_broker_today()),
            )
        )[0]
        found = {}
        for code, values in zip(DIMENSIONS, row, strict=True):
            rounded = [float(f"{value:.2g}") for value in values or []]
            if rounded and all(lower < upper for lower, upper in zip(rounded, rounded[1:], strict=False)):
                found[code] = rounded
        return found
