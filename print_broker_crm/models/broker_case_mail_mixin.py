import re

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import email_normalize

# Said by programs in the headers, see RFC 3834; and before the subject by those of the
# mail services that leave the headers out.
_AUTOMATIC_PRECEDENCES = frozenset({"bulk", "junk", "auto_reply"})
_AUTOMATIC_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Failed-Recipients")
_AUTOMATIC_SUBJECT = re.compile(
    r"^\s*(?:自动回复|自動回覆|自动答复|(?:automatic reply|auto[- ]?re(?:ply|sponse)|out of (?:the )?office)\b)",
    re.IGNORECASE,
)
# Chinese stands beside a number without a space, and may be a part of one.
_NUMBERS = (re.compile(r"[\w/-]*\d", re.ASCII), re.compile(r"[\w/-]*\d"))
_ANSWER_PREFIX = re.compile(r"^\s*(?:(?:re|aw|fw|fwd|wg|sv|回复|回覆|答复|转发|轉寄)\s*[:：]\s*)+", re.IGNORECASE)


class BrokerCaseMailMixin(models.AbstractModel):
    """How cases come in by e-mail, and how answers find their case.

    An answer is known by the message it answers; where a mail program leaves that out, by
    the number in the subject, or by the subject of a case that its sender has open.
    """

    _name = "broker.case.mail.mixin"
    _description = "Case: E-mail"
    # Odoo counts by it how many cases one sender opens; too many in a short time are a loop.
    _primary_email = "email_from"

    mailbox_id = fields.Many2one(
        "broker.case.mailbox", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    email_from = fields.Char(string="Written by", readonly=True, copy=False)

    # INCOMING

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Open one case for an e-mail, join the case that it is about, or keep what a
        stranger wrote for the care line to look at."""
        self = self.with_user(self.env.ref("base.user_root")).sudo()
        mailbox = self.env["broker.case.mailbox"].browse((custom_values or {}).get("mailbox_id") or ()).exists()
        company = mailbox.company_id or self.env.company
        self = self.with_company(company)
        partner, customer, reason = self._find_mail_sender(msg_dict.get("email_from"), company)
        if not customer:
            return self.env["broker.case.request"]._take(msg_dict, mailbox, company, reason)
        # Of several contacts with the address the customer's is the author.
        msg_dict["author_id"] = partner.id
        case = self._find_mail_case(msg_dict, customer)
        if not case:
            subject = (msg_dict.get("subject") or "").strip() or self.env._("No Subject")
            case = self._open(
                [self._prepare_mail_case(subject, msg_dict.get("email_from"), customer, partner, mailbox)]
            )
            case.message_subscribe(partner.ids)
        return case

    @api.model
    def _prepare_mail_case(self, subject, email_from, customer, partner, mailbox):
        """Return the values of a case that came in by e-mail."""
        vals = {
            "title": subject,
            "kind": mailbox.kind or "enquiry",
            "source": "email",
            "customer_id": customer.id,
            "partner_id": partner.id,
            "mailbox_id": mailbox.id,
            "email_from": email_from,
            "is_on_portal": True,
        }
        order = self._find_mail_order(subject, customer)
        return {**vals, "order_id": order.id} if order else vals

    @api.model
    def _find_mail_sender(self, email_from, company):
        """Return who wrote an e-mail: the contact, the customer file, and where there is
        no single one the reason, see `broker.case.request`."""
        Partner = self.env["res.partner"]
        nobody = (Partner, self.env["broker.customer"])
        address = email_normalize(email_from or "")
        if not address:
            return (*nobody, "unknown")
        partners = Partner.search(
            Domain("email_normalized", "=", address) & Domain("company_id", "in", (False, company.id)),
            order="is_company, id",
        )
        if any(not user.share for user in partners.user_ids):
            return (*nobody, "colleague")
        customers = self.env["broker.customer"]._find_for_partners(partners, company)
        if len(customers) == 1:
            [(partner_id, customer)] = customers.items()
            contacts = partners.filtered(lambda partner: partner.commercial_partner_id.id == partner_id)
            return contacts[:1], customer, False
        return (*nobody, "several" if customers else "no_customer" if partners else "unknown")

    @api.model
    def _find_mail_case(self, msg_dict, customer):
        """Return the case that an e-mail without a reference is about, or none."""
        subject = msg_dict.get("subject") or ""
        cases = self.browse()
        numbers = self._find_numbers(subject)
        if numbers:
            cases = self.search(Domain("customer_id", "=", customer.id) & Domain("name", "in", numbers), limit=1)
        plain = _ANSWER_PREFIX.sub("", subject).strip()
        if not cases and plain:
            cases = self.search(
                Domain("customer_id", "=", customer.id)
                & Domain("email_from", "=", msg_dict.get("email_from"))
                & Domain("title", "=", plain)
                & self._get_open_domain(),
                limit=1,
            )
        return cases

    @api.model
    def _find_numbers(self, subject):
        """Return what in a subject may be the number of a case or of a job."""
        return list(dict.fromkeys(number for pattern in _NUMBERS for number in pattern.findall(subject)))

    @api.model
    def _find_mail_order(self, subject, customer):
        """Return the customer's job whose number stands in a subject, where it is one."""
        orders = self.env["sale.order"].search(
            Domain("broker_customer_id", "=", customer.id)
            & Domain("name", "in", self._find_numbers(subject))
            & Domain("state", "=", "sale"),
            limit=2,
        )
        return orders if len(orders) == 1 else orders.browse()

    @api.model
    def _drop_automatic_mail(self, message, message_dict, routes):
        """Return the routes of an e-mail without our cases, if a program wrote it: an
        answer that nobody gave ends no waiting and opens no case.

        :param message: `email.message.EmailMessage`
        :param routes: see `mail.thread.message_route`
        """
        ours = (self._name, "broker.case.request")
        if not any(route[0] in ours for route in routes or ()) or not self._is_automatic_mail(message):
            return routes
        return [route for route in routes if route[0] not in ours]

    @api.model
    def _is_automatic_mail(self, message):
        """Return whether an e-mail says of itself that a program wrote it."""

        def header(name):
            return str(message.get(name) or "").partition(";")[0].strip().lower()

        return (
            header("Auto-Submitted") not in ("", "no")
            or header("Precedence") in _AUTOMATIC_PRECEDENCES
            or header("Return-Path") == "<>"
            or any(message.get(name) for name in _AUTOMATIC_HEADERS)
            or bool(_AUTOMATIC_SUBJECT.match(str(message.get("Subject") or "")))
        )

    # OUTGOING

    def _notify_get_reply_to(self, default=None, author_id=False):
        """Let answers go to the address at which the case came in."""
        by_mailbox = self.sudo().mailbox_id._notify_get_reply_to(default=default, author_id=author_id)
        found = {case.id: by_mailbox[case.sudo().mailbox_id.id] for case in self if case.sudo().mailbox_id}
        others = self.filtered(lambda case: case.id not in found)
        if others:
            found.update(super(BrokerCaseMailMixin, others)._notify_get_reply_to(default=default, author_id=author_id))
        return found
