from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

# Documents about which people are in touch
_SOURCES = ("crm.lead", "sale.order")


class BrokerContactLog(models.TransientModel):
    """Asks by which channel a customer was met; a tap on one logs the contact.

    Everything else is filled in: with whom it was last time, from us to the customer,
    now.
    """

    _name = "broker.contact.log"
    _description = "Log a Contact"

    customer_id = fields.Many2one("broker.customer", required=True, ondelete="cascade")
    commercial_partner_id = fields.Many2one(related="customer_id.partner_id", string="Invoiced To")
    partner_id = fields.Many2one(
        "res.partner",
        string="With Whom",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        domain="[('commercial_partner_id', '=', commercial_partner_id)]",
    )
    direction = fields.Selection(
        selection=[("out", "We to them"), ("in", "They to us")],
        required=True,
        default="out",
    )
    date = fields.Datetime(string="When", required=True, default=lambda self: fields.Datetime.now())
    note = fields.Text()
    res_model = fields.Char(string="About a Document of")
    res_id = fields.Many2oneReference(string="About the Document", model_field="res_model")
    last_contact_ids = fields.Many2many("broker.contact", compute="_compute_last_contact_ids", string="Before")

    @api.depends("customer_id")
    def _compute_partner_id(self):
        for log in self:
            log.partner_id = log.customer_id and log.customer_id._get_last_contact_partner(self.env.user)

    @api.depends("customer_id")
    def _compute_last_contact_ids(self):
        for log in self:
            log.last_contact_ids = self.env["broker.contact"].search(
                Domain("customer_id", "=", log.customer_id.id), limit=3
            )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self.env["broker.customer"]._check_links_visible(self, vals)
        return super().create(vals_list)

    # ACTIONS

    def action_phone(self):
        """Log a call."""
        return self._log("phone")

    def action_wechat(self):
        """Log a word on WeChat."""
        return self._log("wechat")

    def action_visit(self):
        """Log a visit, to the customer or of the customer."""
        return self._log("visit")

    def action_email(self):
        """Log an e-mail that Odoo does not know."""
        return self._log("email")

    def action_message(self):
        """Log a text message."""
        return self._log("message")

    # BUSINESS

    def _log(self, channel):
        """Write the contact down and say so."""
        self.ensure_one()
        source = self._get_source()
        contact = self.env["broker.contact"].create(
            {
                "customer_id": self.customer_id.id,
                "partner_id": self.partner_id.id,
                "channel": channel,
                "direction": self.direction,
                "date": self.date,
                "note": self.note,
            }
        )
        if source:
            contact.sudo().write({"res_model": source._name, "res_id": source.id})
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Logged: %(contact)s", contact=contact.display_name),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _get_source(self):
        """Return the document that the contact was about, or nothing.

        :raises AccessError: when it is not the user's to read, or of another customer
        """
        if not self.res_id or self.res_model not in _SOURCES:
            return None
        source = self.env[self.res_model].browse(self.res_id)
        source.check_access("read")
        if source.broker_customer_id != self.customer_id:
            raise AccessError(self.env._("The contact is about a document of another customer."))
        return source
