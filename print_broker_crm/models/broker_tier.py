from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class BrokerTier(models.Model):
    """One step of the 5A scale and what the firm owes a customer who stands on it.

    The scale is shared by all companies, so that a customer of two of them is spoken
    of in the same words; how a customer gets there is a company's own policy.
    """

    _name = "broker.tier"
    _description = "5A Tier"
    _order = "rank desc"

    name = fields.Char(required=True)
    rank = fields.Integer(
        required=True,
        help="1 is the lowest, 5 the highest. One tier per rank.",
    )
    color = fields.Integer()
    total_min = fields.Float(
        string="Total From",
        digits=(4, 2),
        required=True,
        help="The lowest weighted total (1.00 to 5.00) that gives this tier. "
        "The band ends just below the next tier's lowest total.",
    )
    total_max = fields.Float(
        string="Total Below",
        digits=(4, 2),
        compute="_compute_total_max",
        help="The next tier's lowest total; zero at the top of the scale.",
    )
    call_cadence_days = fields.Integer(
        string="Call Every (Days)",
        required=True,
        help="The care line calls a customer of this tier at least this often.",
    )
    sales_contact_days = fields.Integer(
        string="Salesperson in Touch Every (Days)",
        help="Sales is in touch with a customer of this tier at least this often. 0: as often as the company's "
        "settings say.",
    )
    silent_days = fields.Integer(
        string="Customer Silent After (Days)",
        help="A customer of this tier who neither ordered nor wrote for more days is silent. 0: as the company's "
        "settings say.",
    )
    accept_hours = fields.Float(
        string="Accept Handoff Within (Hours)",
        required=True,
        help="Working hours in which the service desk answers a handoff.",
    )
    first_contact_hours = fields.Float(
        string="First Word of the Agent Within (Hours)",
        required=True,
        default=8.0,
        help="Working hours after the acceptance in which a service agent who is new to the customer calls or writes.",
    )
    is_key = fields.Boolean(
        string="Key Account",
        help="Customers of this tier are key accounts: several people of the firm know them, and the management does.",
    )

    sponsor_visit_days = fields.Integer(
        string="Sponsor Visits Every (Days)",
        help="The sponsor visits a customer of this tier at least this often. 0: no visits fall due.",
    )

    sponsor_rank = fields.Char(
        string="Rank of the Sponsor",
        translate=True,
        help="Who of the management stands for a customer of this tier: the owner, a director.",
    )
    response_hours = fields.Float(
        string="Answer Within (Hours)", help="Working hours in which an enquiry or a complaint gets an answer."
    )
    resolution_hours = fields.Float(
        string="Resolve Within (Hours)", help="Working hours in which a complaint is resolved."
    )
    needs_service_agent = fields.Boolean(
        string="Service Agent in Contact", help="Customers of this tier know a service agent besides the salesperson."
    )
    needs_care_officer = fields.Boolean(
        string="Care Officer in Contact", help="Customers of this tier know an officer of the care line."
    )
    printing_house_min = fields.Integer(
        string="Printing Houses Asked",
        help="So many printing houses are asked for a price for a job of such a customer. 0: as you like.",
    )
    credit_note = fields.Char(
        string="Credit", translate=True, help="What such a customer may owe and how long, in words."
    )
    owed = fields.Text(string="What the Firm Owes", compute="_compute_owed")

    _rank_uniq = models.UniqueIndex("(rank)", "There is already a tier of this rank.")
    _rank_range = models.Constraint("CHECK (rank BETWEEN 1 AND 5)", "The rank of a tier is 1 to 5.")
    _call_cadence_positive = models.Constraint(
        "CHECK (call_cadence_days > 0)",
        "The days between two calls must be more than zero.",
    )
    _accept_hours_positive = models.Constraint(
        "CHECK (accept_hours > 0)",
        "The hours to accept a handoff must be more than zero.",
    )
    _coverage_days_not_negative = models.Constraint(
        "CHECK (COALESCE(sales_contact_days, 0) >= 0 AND COALESCE(silent_days, 0) >= 0)",
        "The days between two touches, and those after which a customer is silent, cannot be negative.",
    )

    _first_contact_hours_positive = models.Constraint(
        "CHECK (first_contact_hours > 0)",
        "The hours to the first word of a service agent must be more than zero.",
    )
    _owed_not_negative = models.Constraint(
        """CHECK (
            COALESCE(response_hours, 0) >= 0 AND COALESCE(resolution_hours, 0) >= 0
            AND COALESCE(printing_house_min, 0) >= 0
        )""",
        "Hours and numbers of printing houses cannot be negative.",
    )
    _sponsor_visit_days_not_negative = models.Constraint(
        "CHECK (sponsor_visit_days >= 0)",
        "The days between two visits of the sponsor cannot be negative.",
    )

    @api.depends("total_min", "rank")
    def _compute_total_max(self):
        above = {tier: upper for tier, _lower, upper in self._get_bands()}
        for tier in self:
            tier.total_max = above.get(tier._origin) or 0.0

    @api.depends_context("lang")
    @api.depends(
        "call_cadence_days",
        "sales_contact_days",
        "accept_hours",
        "first_contact_hours",
        "response_hours",
        "resolution_hours",
        "is_key",
        "needs_service_agent",
        "needs_care_officer",
        "sponsor_visit_days",
        "sponsor_rank",
        "printing_house_min",
        "credit_note",
    )
    def _compute_owed(self):
        for tier in self:
            tier.owed = "\n".join(tier._get_owed_lines())

    @api.constrains("total_min", "rank")
    def _check_bands_ascending(self):
        tiers = self.search(Domain.TRUE).sorted("rank")
        for lower, upper in zip(tiers, tiers[1:], strict=False):
            if lower.total_min >= upper.total_min:
                raise ValidationError(
                    self.env._(
                        "The bands of the tiers must ascend: %(lower)s begins at "
                        "%(lower_min).2f, so %(upper)s must begin above that, "
                        "not at %(upper_min).2f.",
                        lower=lower.name,
                        lower_min=lower.total_min,
                        upper=upper.name,
                        upper_min=upper.total_min,
                    )
                )

    def write(self, vals):
        result = super().write(vals)
        if "sponsor_visit_days" in vals:
            self.env["broker.customer"].sudo().search(
                Domain("tier_id", "in", self.ids) & Domain("sponsor_user_id", "!=", False)
            )._refresh_sponsor_visits()
        return result

    def _get_owed_lines(self):
        """Hook: return what the firm owes a customer of this tier, a sentence each."""
        self.ensure_one()
        lines = [
            self.env._("The care line calls every %(days)s days.", days=self.call_cadence_days),
            self.env._("A handoff is accepted within %(hours)g working hours.", hours=self.accept_hours),
            self.env._(
                "A new service agent calls or writes within %(hours)g working hours.", hours=self.first_contact_hours
            ),
        ]
        if self.sales_contact_days:
            lines.append(self.env._("Sales is in touch every %(days)s days.", days=self.sales_contact_days))
        if self.response_hours:
            lines.append(
                self.env._("An enquiry is answered within %(hours)g working hours.", hours=self.response_hours)
            )
        if self.resolution_hours:
            lines.append(
                self.env._("A complaint is resolved within %(hours)g working hours.", hours=self.resolution_hours)
            )
        if self.is_key:
            lines.append(self.env._("A key account: a sponsor and a project lead stand behind it."))
        if self.sponsor_visit_days:
            lines.append(self.env._("The sponsor visits every %(days)s days.", days=self.sponsor_visit_days))
        if self.sponsor_rank:
            lines.append(self.env._("The sponsor is: %(rank)s.", rank=self.sponsor_rank))
        if self.needs_service_agent:
            lines.append(self.env._("A service agent is in contact."))
        if self.needs_care_officer:
            lines.append(self.env._("An officer of the care line is in contact."))
        if self.printing_house_min > 1:
            lines.append(self.env._("%(count)s printing houses are asked for a price.", count=self.printing_house_min))
        if self.credit_note:
            lines.append(self.env._("Credit: %(credit)s", credit=self.credit_note))
        return lines

    @api.model
    def _get_bands(self):
        """Return the bands [min, max) of the weighted total, highest tier first.

        :return: list of (tier, min, max); the lowest has no min and the highest no
            max (None), so that every total falls into exactly one band
        """
        bands = []
        upper = None
        for tier in self.search(Domain.TRUE):
            bands.append((tier, tier.total_min, upper))
            upper = tier.total_min
        if bands:
            tier, _lower, upper = bands[-1]
            bands[-1] = (tier, None, upper)
        return bands
