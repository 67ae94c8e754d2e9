from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class BrokerRelayStage(models.Model):
    """A stage of a job on its way through the firm: a column of the board.

    Stages without a company are those of every company. What the rooms must know by
    name has a code; a firm adds stages of its own without one.
    """

    _name = "broker.relay.stage"
    _description = "Job Stage"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index="btree_not_null", help="Leave empty for a stage of every company."
    )
    code = fields.Selection(
        [
            ("artwork", "Artwork"),
            ("proof", "Proof"),
            ("printing", "Printing"),
            ("delivery", "Delivery"),
            ("receipt", "Receipt"),
            ("reconciliation", "Reconciliation"),
            ("done", "Done"),
        ],
        string="Meaning",
        help="What the stage is to the system. Leave empty for a stage of your own.",
    )
    role = fields.Selection(
        [("sales", "Salesperson"), ("service", "Service agent"), ("care", "Care officer"), ("sponsor", "Sponsor")],
        string="Runs It",
        required=True,
        default="service",
        help="Who of the customer's people gets a job that enters the stage. Where the customer has nobody in that "
        "role, the service agent, then the salesperson.",
    )
    waits_for = fields.Selection(
        [("us", "Us"), ("customer", "The customer"), ("printing_house", "The printing house")],
        required=True,
        default="us",
        help="Whom a job in this stage usually waits for. It can be said otherwise on each job.",
    )
    hours = fields.Float(
        string="Working Hours",
        help="Working hours a job may stay in the stage, for customers of tiers not listed below. 0: no clock.",
    )
    tier_hour_ids = fields.One2many("broker.relay.stage.hour", "stage_id", string="Hours by Tier", copy=True)
    evidence = fields.Selection(
        [("none", "Nothing"), ("note", "A note"), ("file", "A file"), ("date", "A date")],
        string="To Finish It Takes",
        required=True,
        default="none",
        help="What must be given when a job leaves the stage for a later one.",
    )
    fold = fields.Boolean(string="Folded on the Board")

    _code_uniq = models.UniqueIndex(
        "(code, COALESCE(company_id, 0)) WHERE code IS NOT NULL AND active",
        "There is already a stage of this meaning.",
    )
    _hours_not_negative = models.Constraint("CHECK (hours >= 0)", "The hours of a stage cannot be negative.")

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self.env["broker.relay.leg"].sudo().search_count(Domain("stage_id", "in", self.ids), limit=1):
            raise UserError(self.env._("Jobs went through this stage: archive it instead."))

    # BUSINESS

    @api.model
    def _get_stages(self, company):
        """Return the stages of a company in their order, in sudo."""
        return self.sudo().search(Domain("company_id", "in", (company.id, False)))

    @api.model
    def _get_by_code(self, company, code):
        """Return a company's stage of a meaning, in sudo, or none."""
        return self._get_stages(company).filtered(lambda stage: stage.code == code)[:1]

    def _get_rank(self):
        """Return where the stage stands on the way, to be compared."""
        self.ensure_one()
        return self.sequence, self.id

    def _get_hours(self, tier):
        """Return the working hours that a customer's jobs may stay here.

        :param tier: `broker.tier` of the customer, or none
        """
        self.ensure_one()
        by_tier = self.tier_hour_ids.filtered(lambda row: row.tier_id == tier)
        return by_tier[:1].hours if by_tier else self.hours
