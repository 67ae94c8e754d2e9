import hashlib
from datetime import timedelta
from math import sqrt

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_amount
from odoo.tools.misc import format_date

# The normal deviate of 95 of 100 cases.
_Z = 1.959964


def get_wilson_interval(hits, size):
    """Return the bounds between which a share lies, in 95 of 100 cases.

    The score interval of Wilson (1927), "Probable inference, the law of succession, and
    statistical inference", Journal of the American Statistical Association 22: 209-212.

    :param hits: how many of them did it
    :param size: how many there are, one at least
    """
    share = hits / size
    centre = 2 * hits + _Z**2
    spread = _Z * sqrt(_Z**2 + 4 * hits * (1 - share))
    divisor = 2 * (size + _Z**2)
    return (centre - spread) / divisor, (centre + spread) / divisor


def get_difference_interval(hits, size, held_hits, held_size):
    """Return the bounds between which the difference of two shares lies, in 95 of 100 cases.

    Method 10 of Newcombe (1998), "Interval estimation for the difference between independent
    proportions: comparison of eleven methods", Statistics in Medicine 17: 873-890: it holds
    for small groups, and where nobody did it.
    """
    share, held_share = hits / size, held_hits / held_size
    low, high = get_wilson_interval(hits, size)
    held_low, held_high = get_wilson_interval(held_hits, held_size)
    difference = share - held_share
    return (
        difference - sqrt((share - low) ** 2 + (held_high - held_share) ** 2),
        difference + sqrt((high - share) ** 2 + (held_share - held_low) ** 2),
    )


class BrokerCampaignHoldbackMixin(models.AbstractModel):
    """Whether a campaign made a difference: some customers are held back, and bought or not
    without it.

    Who is held back is drawn at the moment in which the customer would have been turned to,
    after everything that stands in the way of that: the groups differ by chance alone.
    Whoever was drawn to be addressed counts as addressed, also where the campaign was closed
    before anybody began. Who is never held back took no part in the draw, and stands on
    neither side.
    """

    _name = "broker.campaign.holdback.mixin"
    _description = "Campaign: Customers Held Back"

    holdback_percent = fields.Integer(
        string="Hold Back (%)",
        compute="_compute_holdback_percent",
        store=True,
        readonly=False,
        precompute=True,
        help="So many of 100 customers, chosen by lot, are left alone by this campaign, so that you see whether it "
        "makes a difference. 0: nobody.",
    )
    held_count = fields.Integer(string="Held Back", compute="_compute_holdback")
    holdback_verdict = fields.Selection(
        [
            ("more", "More Buy"),
            ("less", "Fewer Buy"),
            ("small", "Too Few to Tell"),
            ("none", "Nothing to Compare"),
        ],
        string="What It Changed",
        compute="_compute_holdback",
    )
    holdback_shares = fields.Char(string="Addressed and Held Back", compute="_compute_holdback")
    holdback_explanation = fields.Char(string="What the Comparison Says", compute="_compute_holdback")

    _holdback_percent_range = models.Constraint(
        "CHECK (holdback_percent BETWEEN 0 AND 90)", "Between 0 and 90 of 100 customers are held back."
    )

    @api.depends("company_id")
    def _compute_holdback_percent(self):
        for campaign in self:
            campaign.holdback_percent = (campaign.company_id or self.env.company).broker_campaign_holdback_percent

    @api.depends("member_ids.state", "member_ids.drawn_at", "follow_days")
    @api.depends_context("lang")
    def _compute_holdback(self):
        Member = self.env["broker.campaign.member"]
        drawn = Member.search(Domain("campaign_id", "in", self._origin.ids) & Domain("drawn_at", "!=", False))
        results = self._get_results(drawn, since="drawn_at")
        of_campaigns = drawn.grouped("campaign_id")
        for campaign in self:
            members = of_campaigns.get(campaign._origin, Member)
            held = members.filtered(lambda member: member.state == "held")
            campaign.held_count = len(held)
            campaign._judge_holdback(members - held, held, results)

    def _judge_holdback(self, addressed, held, results):
        """Say what the comparison of two groups shows.

        :param addressed: `broker.campaign.member` drawn to be turned to
        :param held: those drawn to be held back
        :param results: what `_get_results` returned for all of them
        """
        self.ensure_one()
        self.holdback_verdict = self.holdback_shares = self.holdback_explanation = False
        if not addressed or not held:
            if self.holdback_percent and (addressed or held):
                self.holdback_verdict = "none"
                self.holdback_explanation = self.env._(
                    "So far all of them are on one side: there is nothing to compare with."
                )
            return
        sizes = len(addressed), len(held)
        buyers = [sum(member.id in results for member in group) for group in (addressed, held)]
        margins = [
            sum(results[member.id]["margin"] for member in group if member.id in results) / len(group)
            for group in (addressed, held)
        ]
        self.holdback_shares = self.env._(
            "%(bought)s of %(size)s addressed bought (%(share)s %%), %(held_bought)s of %(held)s held back "
            "(%(held_share)s %%). Margin per customer: %(margin)s against %(held_margin)s.",
            bought=buyers[0],
            size=sizes[0],
            share=round(100 * buyers[0] / sizes[0]),
            held_bought=buyers[1],
            held=sizes[1],
            held_share=round(100 * buyers[1] / sizes[1]),
            margin=format_amount(self.env, margins[0], self.currency_id),
            held_margin=format_amount(self.env, margins[1], self.currency_id),
        )
        low, high = get_difference_interval(buyers[0], sizes[0], buyers[1], sizes[1])
        if low > 0:
            self.holdback_verdict = "more"
            text = self.env._(
                "It makes a difference: of 100 customers %(low)s to %(high)s more buy.",
                low=round(100 * low),
                high=round(100 * high),
            )
        elif high < 0:
            self.holdback_verdict = "less"
            text = self.env._(
                "It does harm: of 100 customers %(low)s to %(high)s fewer buy.",
                low=round(-100 * high),
                high=round(-100 * low),
            )
        else:
            self.holdback_verdict = "small"
            text = self.env._(
                "Too few to tell, it may be chance: anything from %(low)s fewer to %(high)s more buyers of 100 fits.",
                low=round(-100 * low),
                high=round(100 * high),
            )
        last = max((addressed | held).mapped("drawn_at")) + timedelta(days=self.follow_days)
        if last > fields.Datetime.now():
            text = self.env._(
                "%(verdict)s Counted until %(day)s.",
                verdict=text,
                day=format_date(self.env, self.company_id._get_broker_date(last)),
            )
        if waiting := len(addressed.filtered(lambda member: member.state == "open")):
            text = self.env._(
                "%(verdict)s With %(count)s of those addressed nobody had begun when it was closed; they count.",
                verdict=text,
                count=waiting,
            )
        self.holdback_explanation = text

    # CRUD

    def write(self, vals):
        if "holdback_percent" in vals and any(
            campaign.holdback_percent != vals["holdback_percent"]
            and campaign.sudo().member_ids.filtered(lambda member: member.state != "open" or member.drawn_at)
            for campaign in self
        ):
            raise UserError(
                self.env._("How many are held back is said before the first customer is turned to, and stays.")
            )
        return super().write(vals)

    # ACTIONS

    def action_view_held(self):
        """Open the customers held back."""
        self.ensure_one()
        return self._get_members_action(Domain("state", "=", "held"))

    def action_view_compared(self):
        """Open both groups, one under the other."""
        self.ensure_one()
        return self._get_members_action(Domain("drawn_at", "!=", False), {"search_default_group_by_state": 1})

    # BUSINESS

    def _draw(self, members):
        """Draw lots among customers about to be turned to.

        :param members: `broker.campaign.member` of this campaign, in sudo
        :return: those to be held back; on all who took part stands when they were drawn
        """
        self.ensure_one()
        if not self.holdback_percent:
            return members.browse()
        drawn = members - members._get_never_held()
        drawn.filtered(lambda member: not member.drawn_at).write({"drawn_at": fields.Datetime.now()})
        return drawn.filtered(lambda member: self._is_lot_held(member.customer_id))

    def _is_lot_held(self, customer):
        """Return whether the lot holds a customer back: the same whenever it is asked, another
        in each campaign, and no matter who was found first."""
        self.ensure_one()
        text = f"{self.id}:{customer.id}"
        # 32 bits make percents of the same size, as near as nobody can see.
        lot = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        return lot * 100 < self.holdback_percent * 2**32
