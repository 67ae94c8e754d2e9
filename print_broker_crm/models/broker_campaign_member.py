from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain


class BrokerCampaignMember(models.Model):
    """One customer of a campaign: how it was turned to, and what came of it."""

    _name = "broker.campaign.member"
    _description = "Customer of a Campaign"
    _inherit = ["broker.campaign.member.withdrawal.mixin", "broker.customer.link.mixin"]
    _order = "id"
    _rec_name = "customer_id"
    _check_company_auto = True
    _allow_sudo_commands = False

    campaign_id = fields.Many2one("broker.campaign", required=True, index=True, ondelete="cascade")
    campaign_state = fields.Selection(related="campaign_id.state", string="Status of the Campaign")
    company_id = fields.Many2one(related="campaign_id.company_id", store=True, index=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    customer_id = fields.Many2one("broker.customer", required=True, index=True, ondelete="cascade", check_company=True)
    commercial_partner_id = fields.Many2one(related="customer_id.partner_id", string="Commercial Contact")
    partner_id = fields.Many2one(
        "res.partner",
        string="Write To",
        index="btree_not_null",
        domain="[('commercial_partner_id', '=', commercial_partner_id)]",
        help="Who ordered last, as far as there is an e-mail address.",
    )
    tier_id = fields.Many2one(related="customer_id.tier_id")
    tier_color = fields.Integer(related="customer_id.tier_color")
    salesperson_id = fields.Many2one(related="customer_id.user_id", string="Salesperson")
    note = fields.Char()
    bought_date = fields.Date(string="Bought on", readonly=True, help="The last such job of the season asked for.")
    bought_amount = fields.Monetary(
        string="Bought for", readonly=True, help="What such jobs of the season asked for came to, without taxes."
    )
    state = fields.Selection(
        [("open", "To Be Turned To"), ("taken", "Turned To"), ("held", "Held Back")],
        string="Status",
        required=True,
        readonly=True,
        default="open",
        copy=False,
        index=True,
    )
    channel = fields.Selection(
        [("call", "Care Call"), ("mail", "E-Mail"), ("todo", "To-Do")], string="Way", readonly=True, copy=False
    )
    taken_at = fields.Datetime(readonly=True, copy=False)
    date_taken = fields.Date(string="Turned To on", readonly=True, copy=False)
    drawn_at = fields.Datetime(
        string="Drawn on",
        readonly=True,
        copy=False,
        help="When the lot said whether the customer is addressed or held back. Empty: no lot was drawn for it.",
    )
    skip_reason = fields.Selection(
        [
            ("resting", "Rests from another campaign"),
            ("do_not_call", "Wants no calls"),
            ("no_mail", "No e-mail address"),
            ("refused", "Refused e-mails"),
            ("nobody", "Served by nobody"),
            ("withdrawn", "Not begun when it was closed"),
        ],
        string="Left Out Because",
        readonly=True,
        copy=False,
        help="Of the last try; another way may do.",
    )
    activity_id = fields.Many2one(
        "mail.activity", string="To-Do", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    call_id = fields.Many2one("broker.care.call", string="Care Call", compute="_compute_call_id")
    call_state = fields.Selection(related="call_id.state", string="Status of the Call")
    job_count = fields.Integer(
        string="Jobs",
        compute="_compute_result",
        help="Jobs that the customer confirmed afterwards, in the days counted.",
    )
    order_amount = fields.Monetary(
        string="Ordered", compute="_compute_result", help="The price of these jobs without taxes."
    )
    margin = fields.Monetary(
        compute="_compute_result",
        help="The price of these jobs less their cost; lines without a known cost are left out.",
    )
    revenue = fields.Monetary(compute="_compute_result", help="What was invoiced for these jobs, without taxes.")

    _campaign_customer_uniq = models.UniqueIndex(
        "(campaign_id, customer_id)", "This customer is in the campaign already."
    )
    _waiting_call_idx = models.Index("(company_id, date_taken) WHERE channel = 'call'")
    _customer_taken_idx = models.Index("(customer_id, taken_at) WHERE taken_at IS NOT NULL")

    # What a person says of a customer in a list; the rest is written by the campaign.
    _OPEN_FIELDS = frozenset({"campaign_id", "customer_id", "partner_id", "note"})

    @api.depends("state", "channel")
    def _compute_call_id(self):
        calls = {reason.event_key: reason.call_id for reason in self._origin._get_reasons()}
        for member in self:
            member.call_id = calls.get(str(member._origin.id), False)

    @api.depends("state", "taken_at", "drawn_at")
    def _compute_result(self):
        # Of those held back stands what they bought without being turned to.
        held = self._origin.filtered(lambda member: member.state == "held")
        results = self.env["broker.campaign"]._get_results(self._origin - held)
        if held:
            results.update(held.campaign_id._get_results(held, since="drawn_at"))
        for member in self:
            result = results.get(member._origin.id, {})
            member.margin = result.get("margin", 0.0)
            member.job_count = len(result.get("orders", ()))
            member.order_amount = result.get("amount", 0.0)
            member.revenue = result.get("revenue", 0.0)

    @api.constrains("partner_id", "customer_id")
    def _check_partner(self):
        for member in self.sudo():
            if member.partner_id and member.partner_id.commercial_partner_id != member.customer_id.partner_id:
                raise ValidationError(
                    self.env._(
                        "Write to a contact person of %(customer)s, or to the customer itself.",
                        customer=member.customer_id.display_name,
                    )
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        names = set(self._fields) - self._OPEN_FIELDS
        if not self.env.su:
            for vals in vals_list:
                self._check_guarded(vals)
        self = self.env["broker.customer"]._drop_defaults(self, names)
        members = super().create(vals_list)
        members._check_campaign_open()
        members.sudo().filtered(lambda member: not member.partner_id)._fill_addressee()
        return members

    def write(self, vals):
        if not self.env.su:
            self._check_guarded(vals)
            if {"campaign_id", "customer_id"} & set(vals) and any(
                name in vals and vals[name] != member[name].id
                for member in self
                for name in ("campaign_id", "customer_id")
            ):
                raise UserError(self.env._("A customer stays in its campaign. Add it to the other one as well."))
        return super().write(vals)

    def unlink(self):
        """Take customers out of the campaign, with what nobody has begun for them."""
        self.check_access("unlink")
        self._withdraw()
        return super().unlink()

    @api.model
    def _check_guarded(self, vals):
        if set(vals) - self._OPEN_FIELDS:
            raise UserError(
                self.env._(
                    "How a customer was turned to is not typed in. Use the buttons of the campaign: they call, write "
                    "or give to-dos."
                )
            )

    def _check_campaign_open(self):
        for campaign in self.campaign_id:
            campaign._check_running()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_taken(self):
        if not self.env.su and any(member.state == "taken" for member in self):
            raise UserError(self.env._("A customer whom the campaign turned to stays in its list: it is history."))
        if not self.env.su and any(member.state == "held" for member in self):
            raise UserError(self.env._("A customer held back stays in the list: the others are compared with it."))
        # Without those who did not buy, the others would look better than they are.
        if not self.env.su and any(member.drawn_at for member in self):
            raise UserError(
                self.env._("A customer chosen by lot stays in the list: those held back are compared with it.")
            )

    def _fill_addressee(self):
        """Say whom to write to, for customers who were added by hand."""
        for campaign, members in self.grouped("campaign_id").items():
            facts = campaign._get_selection_facts(members.customer_id.ids)
            for member in members:
                member.write(facts[member.customer_id.id])

    # ACTIONS

    def action_give_to_care_line(self):
        """Give these customers to the care line."""
        return self._give_to_care_line()

    def action_write_mails(self):
        """Write one e-mail to these customers."""
        return self._write_mails()

    def action_give_to_people(self):
        """Give these customers to whoever serves them."""
        return self._give_to_people()

    def action_view_jobs(self):
        """Open the jobs that the customer confirmed afterwards."""
        return self.env["broker.campaign"]._get_jobs_action(self)

    # BUSINESS

    def _get_campaign(self):
        """Return the one campaign of these customers, whom the user may turn to."""
        self.check_access("write")
        if len(self.campaign_id) != 1:
            raise UserError(self.env._("Choose customers of one campaign."))
        campaign = self.campaign_id
        campaign.check_access("write")
        campaign._check_running()
        return campaign

    def _give_to_care_line(self):
        """Let the care line call these customers, by its own rules: who wants no calls gets
        none, and whoever is about to be called anyway is called once."""
        campaign = self._get_campaign()
        Call = self.env["broker.care.call"]
        if not self.env["broker.care.rule"]._get_rules(campaign.company_id, "campaign"):
            raise UserError(self.env._("No care rule is for campaigns. Add one in the care line's configuration."))
        members = self.sudo().filtered(lambda member: member.state == "open")
        silenced = members.filtered(lambda member: member.customer_id.do_not_call)
        silenced.write({"skip_reason": "do_not_call"})
        taken = campaign._take(members - silenced, "call")
        Call._plan_campaign(campaign.company_id, taken.customer_id)
        return self._get_outcome_notice(taken)

    def _write_mails(self):
        """Open Odoo's composer for one e-mail to these customers."""
        campaign = self._get_campaign()
        members = self.filtered(lambda member: member.state == "open")
        # Whoever left the customer since the list was made is not written to.
        members.sudo().filtered(lambda member: not member._is_reachable())._fill_addressee()
        missing = members.filtered(lambda member: not member.sudo()._is_reachable())
        missing.sudo().write({"skip_reason": "no_mail"})
        if not members - missing:
            raise UserError(self.env._("None of these customers is left who has an e-mail address."))
        return campaign._get_mail_composer(members - missing)

    def _is_reachable(self):
        """Return whether the person to write to has an address, and is with the customer."""
        self.ensure_one()
        person = self.partner_id
        return bool(
            person.active
            and person.email_normalized
            and person.commercial_partner_id == self.customer_id.partner_id
            and self.customer_id.active
        )

    def _get_never_held(self):
        """Return those of these customers who are always turned to: people meet about them
        already, or they are key customers who decline. What a comparison would tell is not
        worth losing one."""
        reviewed = (
            self.env["broker.review"]
            .sudo()
            .search(Domain("customer_id", "in", self.customer_id.ids) & Domain("state", "!=", "closed"))
            .customer_id
        )
        return self.filtered(
            lambda member: (
                member.customer_id in reviewed
                or (member.customer_id.tier_id.is_key and member.customer_id.trend in ("declining", "lost"))
            )
        )

    def _give_to_people(self):
        """Give whoever serves these customers a to-do each."""
        campaign = self._get_campaign()
        members = self.sudo().filtered(lambda member: member.state == "open")
        served = members.filtered(lambda member: campaign.sudo()._get_todo_user(member.customer_id))
        (members - served).write({"skip_reason": "nobody"})
        taken = campaign._take(served, "todo")
        campaign.sudo()._create_todos(taken)
        return self._get_outcome_notice(taken)

    def _get_outcome_notice(self, taken):
        """Return what the user is told: how many were turned to, and how many not."""
        held = self.filtered(lambda member: member.state == "held")
        left = len(self) - len(taken) - len(held)
        message = self.env._("Turned to %(count)s customers.", count=len(taken))
        if left:
            message = self.env._(
                "Turned to %(count)s customers; %(left)s were left out, the list says why.",
                count=len(taken),
                left=left,
            )
        if held:
            message = self.env._("%(message)s %(count)s are held back.", message=message, count=len(held))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if left else "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
