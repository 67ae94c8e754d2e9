from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

# What people log themselves; the rest is known only by a document.
HAND_CHANNELS = ("phone", "wechat", "visit", "email", "message", "meeting")
# What a person may say of a contact, and correct.
_TOLD_FIELDS = frozenset({"channel", "direction", "date", "partner_id", "note"})
_OWN_FIELDS = frozenset({"user_id", "role", "company_id", "is_gathered", "res_model", "res_id"})
# A phone's clock and the server's need not agree to the second.
_CLOCK_TOLERANCE = timedelta(minutes=5)


class BrokerContact(models.Model):
    """One touch between a person of the firm and a customer.

    Logged by hand with a tap, or gathered at night from what Odoo knows, each with the
    row that proves it. What was logged by hand may be corrected by who logged it for a
    while, then it stands; what was gathered follows its evidence and nobody edits it.
    What the care line did is not for those it asks the customer about.
    """

    _name = "broker.contact"
    _inherit = ["broker.contact.gather.mixin", "broker.month.source.mixin"]
    _description = "Contact with a Customer"
    _order = "date desc, id desc"
    _rec_names_search = ["customer_id", "partner_id", "note"]
    _check_company_auto = True
    _allow_sudo_commands = False

    customer_id = fields.Many2one("broker.customer", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="customer_id.company_id", store=True, precompute=True)
    commercial_partner_id = fields.Many2one(related="customer_id.partner_id", string="Commercial Contact")
    user_id = fields.Many2one(
        "res.users",
        string="Person of the Firm",
        index="btree_not_null",
        ondelete="restrict",
        default=lambda self: self.env.user,
        readonly=True,
        help="Empty where nobody can be named: an order, or a message that the customer wrote.",
    )
    role = fields.Selection(
        [
            ("sales", "Salesperson"),
            ("service", "Service Agent"),
            ("care", "Care Line"),
            ("sponsor", "Sponsor"),
            ("other", "Colleague"),
        ],
        readonly=True,
        help="What the person was for the customer on that day.",
    )
    channel = fields.Selection(
        [
            ("phone", "Phone"),
            ("wechat", "WeChat"),
            ("visit", "Visit"),
            ("email", "E-mail"),
            ("message", "Message"),
            ("meeting", "Meeting"),
            ("order", "Order"),
            ("handoff", "Handoff"),
            ("call", "Care Call"),
        ],
        required=True,
    )
    direction = fields.Selection(
        [("out", "From us"), ("in", "From the customer"), ("both", "Both ways")],
        required=True,
        default="out",
    )
    date = fields.Datetime(string="When", required=True, default=lambda self: fields.Datetime.now())
    partner_id = fields.Many2one(
        "res.partner",
        string="With Whom",
        index="btree_not_null",
        ondelete="set null",
        domain="[('commercial_partner_id', '=', commercial_partner_id)]",
        help="The person at the customer.",
    )
    note = fields.Text()
    is_gathered = fields.Boolean(
        string="Gathered", readonly=True, help="Found in what Odoo knows; the others were logged by hand."
    )
    res_model = fields.Char(string="Document Model", readonly=True)
    res_id = fields.Many2oneReference(string="Document Id", model_field="res_model", readonly=True, aggregator=None)
    document = fields.Char(
        compute="_compute_document",
        help="What proves the contact, or what it was about, as far as you may read it.",
    )
    can_correct = fields.Boolean(compute="_compute_can_correct")

    _customer_date_idx = models.Index("(customer_id, date)")
    _proof_uniq = models.UniqueIndex(
        "(res_model, res_id, customer_id, COALESCE(user_id, 0)) WHERE is_gathered",
        "This document was gathered as a contact already.",
    )
    _gathered_has_proof = models.Constraint(
        "CHECK (is_gathered IS NOT TRUE OR (res_model IS NOT NULL AND res_id IS NOT NULL))",
        "A gathered contact must name the document that proves it.",
    )

    @api.depends("channel", "customer_id", "user_id")
    def _compute_display_name(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for contact in self:
            names = [channels.get(contact.channel), contact.customer_id.display_name, contact.user_id.name]
            contact.display_name = " · ".join(name for name in names if name)

    @api.depends("res_model", "res_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_document(self):
        """Name the documents that the reader may read, one query per model."""
        targets = self._get_targets()
        for contact in self:
            contact.document = targets[contact].display_name if contact in targets else False

    @api.depends("user_id", "is_gathered", "company_id")
    @api.depends_context("uid")
    def _compute_can_correct(self):
        for contact in self:
            contact.can_correct = not contact.id or contact._is_correctable()

    # CHECKS

    @api.constrains("date")
    def _check_date(self):
        limit = fields.Datetime.now() + _CLOCK_TOLERANCE
        if any(not contact.is_gathered and contact.date > limit for contact in self):
            raise ValidationError(self.env._("A contact is logged when it took place, not ahead of it."))

    @api.constrains("partner_id", "customer_id")
    def _check_partner(self):
        for contact in self.sudo():
            if (
                not contact.is_gathered
                and contact.partner_id
                and contact.partner_id.commercial_partner_id != contact.customer_id.partner_id
            ):
                raise ValidationError(
                    self.env._("Choose a person of %(customer)s.", customer=contact.customer_id.display_name)
                )

    @api.constrains("channel", "is_gathered")
    def _check_channel(self):
        if any(not contact.is_gathered and contact.channel not in HAND_CHANNELS for contact in self):
            raise ValidationError(self.env._("Orders, handoffs and care calls are contacts by themselves."))

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            for vals in vals_list:
                self.env["broker.customer"]._check_links_visible(self, vals)
                self._check_told(vals)
            self = self.env["broker.customer"]._drop_defaults(self, _OWN_FIELDS)
        contacts = super().create(vals_list)
        if not self.env.su:
            contacts._check_not_long_ago()
        contacts._set_roles()
        contacts._tell()
        return contacts

    def write(self, vals):
        if not self.env.su:
            self._check_correction(vals)
        result = super().write(vals)
        if not self.env.su and "date" in vals:
            self._check_not_long_ago()
        if "date" in vals:
            self._set_roles()
        if {"channel", "date", "direction"} & set(vals):
            self._tell()
        return result

    def unlink(self):
        customers = self.sudo().filtered(lambda contact: not contact.is_gathered).customer_id
        result = super().unlink()
        if customers:
            customers._after_contact(self.sudo().browse())
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_standing(self):
        if not self.env.su:
            self._check_correction({})

    @api.model
    def _check_told(self, vals):
        """Refuse what nobody says of a contact by hand."""
        names = _OWN_FIELDS & set(vals)
        if names - {"user_id"} or vals.get("user_id", self.env.uid) != self.env.uid:
            raise UserError(
                self.env._(
                    "A contact is logged by who had it, and only that: channel, direction, when, with whom and a note."
                )
            )

    def _check_correction(self, vals):
        """Refuse a correction by others, of something else, or too late."""
        if set(vals) - _TOLD_FIELDS:
            raise UserError(
                self.env._(
                    "Only channel, direction, when, with whom and the note of a contact are corrected. "
                    "If it was another customer, delete it and log it there."
                )
            )
        for contact in self:
            if contact.is_gathered:
                raise UserError(
                    self.env._("This contact was gathered from a document; it follows the document and is not edited.")
                )
            if not contact._is_correctable():
                raise UserError(
                    self.env._(
                        "A contact is corrected by who logged it, within %(hours)s hours. After that it stands.",
                        hours=contact.company_id.sudo().broker_contact_correct_hours,
                    )
                )

    def _is_correctable(self):
        self.ensure_one()
        if self.is_gathered or self.user_id != self.env.user or not self.create_date:
            return False
        hours = self.company_id.sudo().broker_contact_correct_hours
        return self.create_date + timedelta(hours=hours) > fields.Datetime.now()

    def _check_not_long_ago(self):
        for contact in self:
            days = contact.company_id.sudo().broker_contact_back_days
            if contact.date < contact.company_id.sudo()._get_broker_day_start(days):
                raise ValidationError(
                    self.env._("A contact is logged within %(days)s days: what is older is forgotten.", days=days)
                )

    # ACTIONS

    def action_open(self):
        """Open what proves the contact: its document, or itself where it was logged by hand."""
        self.ensure_one()
        self.check_access("read")
        if not self.is_gathered:
            return self._get_open_action(self)
        return self.action_open_document()

    def action_open_document(self):
        """Open the document of the contact, within what the reader may read.

        :raises UserError: when it is gone or not the reader's to read
        """
        self.ensure_one()
        self.check_access("read")
        target = self._get_targets().get(self)
        if not target:
            raise UserError(self.env._("The document behind this contact is gone, or is not yours to read."))
        return self._get_open_action(target)

    @api.model
    def _get_open_action(self, record):
        return {
            "type": "ir.actions.act_window",
            "name": record.display_name,
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
        }

    # BUSINESS

    def _get_targets(self):
        """Return {contact: the document to open} of those that the reader may read.

        A message or an activity is opened where it was written.
        """
        wanted = {}
        for contact in self:
            if contact.res_model in self.env and contact.res_id:
                wanted.setdefault(contact.res_model, {})[contact] = contact.res_id
        targets = {}
        for model, ids in wanted.items():
            records = self.env[model].sudo().browse(ids.values()).exists()
            if model == "mail.message":
                places = {record.id: (record.model, record.res_id) for record in records}
            elif model == "mail.activity":
                places = {record.id: (record.res_model, record.res_id) for record in records}
            else:
                places = {record.id: (model, record.id) for record in records}
            for contact, record_id in ids.items():
                if record_id in places:
                    targets[contact] = places[record_id]
        by_model = {}
        for model, record_id in targets.values():
            if model in self.env and record_id:
                by_model.setdefault(model, set()).add(record_id)
        readable = {}
        for model, ids in by_model.items():
            records = self.env[model].browse(ids).exists()
            readable.update({(model, record.id): record for record in records._filtered_access("read")})
        return {contact: readable[place] for contact, place in targets.items() if place in readable}

    def _tell(self):
        """Let the rooms know of contacts logged by hand at once."""
        by_hand = self.sudo().filtered(lambda contact: not contact.is_gathered)
        if by_hand:
            by_hand.customer_id._after_contact(by_hand)

    @api.model
    def _get_of_care_domain(self):
        """Return which contacts are the care line's own."""
        return Domain("role", "=", "care") | Domain("res_model", "=", "broker.care.call")
