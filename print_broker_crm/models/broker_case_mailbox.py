from odoo import fields, models
from odoo.fields import Domain


class BrokerCaseMailbox(models.Model):
    """An e-mail address of the firm at which cases come in.

    Each e-mail opens one case of the customer who wrote it; what a stranger writes waits
    in a list of its own, see `broker.case.request`.
    """

    _name = "broker.case.mailbox"
    _description = "Case Mailbox"
    _inherit = ["mail.alias.mixin"]
    _order = "company_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(string="Mailbox", required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    kind = fields.Selection(
        selection=lambda self: self.env["broker.case"]._fields["kind"]._description_selection(self.env),
        string="Opens",
        required=True,
        default="enquiry",
        help="What kind of case an e-mail to this address is, until somebody says otherwise.",
    )
    alias_id = fields.Many2one(help="The address; an e-mail to it opens a case.")
    case_count = fields.Integer(string="Cases", compute="_compute_case_count", compute_sudo=True)

    def _compute_case_count(self):
        counts = dict(
            self.env["broker.case"]._read_group(Domain("mailbox_id", "in", self.ids), ["mailbox_id"], ["__count"])
        )
        for mailbox in self:
            mailbox.case_count = counts.get(mailbox._origin, 0)

    # ACTIONS

    def action_view_cases(self):
        """Open the cases that came in by this address."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_case_action")
        action["domain"] = [("mailbox_id", "=", self.id)]
        action["context"] = {}
        return action

    # BUSINESS

    def _alias_get_creation_values(self):
        """Let the alias open cases, and say by which mailbox."""
        values = super()._alias_get_creation_values()
        values["alias_model_id"] = self.env["ir.model"]._get_id("broker.case")
        if self.id:
            values["alias_defaults"] = repr({"mailbox_id": self.id})
        return values
