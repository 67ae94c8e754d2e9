from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import email_normalize, parse_contact_from_email

# What the care line fills in; the rest is written by e-mails and by the steps.
ENTRY_FIELDS = frozenset({"customer_id", "is_contact_added"})


class BrokerCaseRequest(models.Model):
    """What somebody wrote to a case mailbox of whom the firm does not know which
    customer they are of.

    The care line says whose it is, and it becomes a case, or that it is nothing.
    """

    _name = "broker.case.request"
    _description = "E-mail of an Unknown Sender"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _primary_email = "email_from"
    _check_company_auto = True
    _allow_sudo_commands = False

    name = fields.Char(string="Subject", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    mailbox_id = fields.Many2one("broker.case.mailbox", readonly=True, index="btree_not_null", ondelete="set null")
    email_from = fields.Char(string="Sender", readonly=True)
    email_normalized = fields.Char(string="Address", readonly=True, index="btree_not_null")
    reason = fields.Selection(
        [
            ("unknown", "Nobody has this address"),
            ("no_customer", "A contact, but no customer"),
            ("several", "Several customers have this address"),
            ("colleague", "Passed on by a colleague"),
        ],
        required=True,
        readonly=True,
        help="Why it did not become a case by itself.",
    )
    state = fields.Selection(
        [("open", "Open"), ("assigned", "Became a Case"), ("dismissed", "Dismissed")],
        string="Status",
        required=True,
        readonly=True,
        default="open",
        index=True,
    )
    customer_id = fields.Many2one(
        "broker.customer", string="Is of the Customer", index="btree_not_null", ondelete="set null", check_company=True
    )
    is_contact_added = fields.Boolean(
        string="Remember the Address",
        default=True,
        help="The sender becomes a contact of the customer, so that the next e-mail opens its case by itself.",
    )
    case_id = fields.Many2one("broker.case", readonly=True, index="btree_not_null", ondelete="set null")
    handled_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    handled_at = fields.Datetime(readonly=True)

    # One that waits per address: whatever writes in a loop fills one row.
    _open_address_uniq = models.UniqueIndex(
        "(company_id, email_normalized) WHERE state = 'open' AND email_normalized IS NOT NULL",
        "An e-mail of this address waits already.",
    )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse rows by hand: they come by e-mail."""
        if vals_list and not self.env.su:
            raise UserError(self.env._("These come in by e-mail. Open a case instead."))
        return super().create(vals_list)

    def write(self, vals):
        names = set(vals) - set(self.env["mail.thread"]._fields)
        if names and not self.env.su:
            if names - ENTRY_FIELDS or any(request.state != "open" for request in self):
                raise UserError(
                    self.env._("An e-mail that came in stays as it is: say whose it is, open its case, or dismiss it.")
                )
            if vals.get("customer_id"):
                self.env["broker.customer"].browse(vals["customer_id"]).check_access("read")
        return super().write(vals)

    # ACTIONS

    def action_open_case(self):
        """Make it a case of the customer that was chosen, with all that was written."""
        self.ensure_one()
        self.check_access("write")
        self.lock_for_update()
        self.invalidate_recordset(["state"])
        self._check_open()
        if not self.customer_id:
            raise UserError(self.env._("Whose is it? Choose the customer first."))
        self.customer_id.check_access("read")
        request = self.sudo()
        contact = request._get_contact()
        cases = self.env["broker.case"].with_company(request.company_id)
        vals = cases._prepare_mail_case(
            request.name,
            request.email_from,
            request.customer_id,
            contact or request.customer_id.partner_id,
            request.mailbox_id,
        )
        if request.reason == "colleague":
            vals["is_on_portal"] = False
        case = cases._open([vals])
        if contact:
            # What a customer's contact wrote is the customer's word.
            request.message_ids.filtered(
                lambda message: (
                    not message.author_id and email_normalize(message.email_from) == request.email_normalized
                )
            ).author_id = contact
            case.message_subscribe(contact.ids)
        # With the case, so that whoever reads it reads what came with the e-mails.
        request.message_ids.attachment_ids.write({"res_model": case._name, "res_id": case.id})
        passed_on = request._get_passed_on()
        request.message_change_thread(case)
        # What a colleague wrote beside it is no word to the customer.
        passed_on.write({"subtype_id": self.env.ref("mail.mt_note").id, "is_internal": True})
        request._finish("assigned", case)
        return {
            "type": "ir.actions.act_window",
            "res_model": "broker.case",
            "res_id": case.id,
            "views": [(False, "form")],
        }

    def action_dismiss(self):
        """Say that it is nothing for a case: advertising, a wrong address."""
        self.check_access("write")
        self._check_open()
        self.sudo()._finish("dismissed")
        return True

    # BUSINESS

    def _check_open(self):
        for request in self:
            if request.state != "open":
                raise UserError(self.env._("%(request)s is done already.", request=request.name))

    def _finish(self, state, case=None):
        self.write(
            {
                "state": state,
                "case_id": case and case.id,
                "handled_by_id": self.env.uid,
                "handled_at": fields.Datetime.now(),
            }
        )

    def _get_contact(self):
        """Return the sender among the customer's contacts, added where that is wanted."""
        self.ensure_one()
        partner = self.customer_id.partner_id
        if not self.email_normalized:
            return partner.browse()
        contacts = partner.search(
            Domain("commercial_partner_id", "=", partner.id) & Domain("email_normalized", "=", self.email_normalized),
            order="is_company, id",
            limit=1,
        )
        if contacts or not self.is_contact_added:
            return contacts
        name, address = parse_contact_from_email(self.email_from)
        return partner.create(
            {
                "name": name or address,
                "email": address,
                "parent_id": partner.id,
                "company_id": partner.company_id.id,
                "user_id": partner.user_id.id,
            }
        )

    def _get_passed_on(self):
        """Return the e-mails that colleagues passed on, in sudo."""
        return self.sudo().message_ids.filtered(
            lambda message: (
                message.message_type == "email" and message.author_id and not message.author_id.partner_share
            )
        )

    @api.model
    def _take(self, msg_dict, mailbox, company, reason):
        """Keep an e-mail whose sender is not known, with what the same sender wrote before.
        What a colleague passes on is a matter of its own each time.

        :param msg_dict: see `mail.thread.message_parse`
        :param reason: value of `reason`
        :return: the request, in sudo
        """
        address = reason != "colleague" and email_normalize(msg_dict.get("email_from") or "")
        requests = self.sudo()
        waiting = address and requests.search(
            Domain("company_id", "=", company.id)
            & Domain("email_normalized", "=", address)
            & Domain("state", "=", "open"),
            limit=1,
        )
        return waiting or requests.create(
            {
                "name": (msg_dict.get("subject") or "").strip() or self.env._("No Subject"),
                "company_id": company.id,
                "mailbox_id": mailbox.id,
                "email_from": msg_dict.get("email_from"),
                "email_normalized": address,
                "reason": reason,
            }
        )
