import re
import uuid

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, LockError, UserError
from odoo.fields import Domain
from odoo.tools import plaintext2html
from odoo.tools.mimetypes import guess_mimetype

from .broker_case_clock_mixin import ANSWER_ACTIVITY, OPEN_STATES
from .broker_proof_flow_mixin import COMMENT_MAX, NAME_MAX

# What a public form takes, so that nobody fills the database through it.
FILE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf")
FILE_BYTES = 10 * 1024 * 1024
FILE_COUNT = 8
OPEN_MAX = 20
TITLE_MAX = 80


class BrokerCasePortalMixin(models.AbstractModel):
    """A case as the customer sees it: opened online, with what was written in it. Nothing
    there tells who prints, who was at fault, or what colleagues say among themselves."""

    _name = "broker.case.portal.mixin"
    _inherit = ["portal.mixin"]
    _description = "Case: Online"

    is_on_portal = fields.Boolean(
        string="Customer Sees It Online",
        copy=False,
        help="The customer finds the case, its status and what was written to them under My Account.",
    )
    portal_key = fields.Char(readonly=True, copy=False, help="Of the form that was sent: a second tap opens nothing.")
    portal_state = fields.Selection(
        [
            ("received", "Received"),
            ("work", "We are working on it"),
            ("customer", "Waits for your answer"),
            ("solved", "Solved"),
            ("over", "Closed"),
        ],
        string="Status Online",
        compute="_compute_portal_state",
    )

    @api.depends("state")
    def _compute_portal_state(self):
        # That a printing house is waited for is nothing for the customer.
        states = {
            "new": "received",
            "working": "work",
            "waiting_printing_house": "work",
            "waiting_customer": "customer",
            "solved": "solved",
            "closed": "over",
            "cancelled": "over",
        }
        for case in self:
            case.portal_state = states.get(case.state)

    def _compute_access_url(self):
        for case in self:
            case.access_url = f"/my/cases/{case.id}"

    # WHO SEES IT

    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        """Let no e-mail have a link to the page of a case that stays in the firm."""
        groups = super()._notify_get_recipients_groups(message, model_description, msg_vals=msg_vals)
        if not self or self.sudo().is_on_portal:
            return groups
        groups = [group for group in groups if group[0] != "portal_customer"]
        for name, _is_in_group, options in groups:
            if name == "portal":
                options["has_button_access"] = False
        return groups

    @api.model
    def _get_thread_with_access(self, thread_id, **kwargs):
        thread = super()._get_thread_with_access(thread_id, **kwargs)
        if thread and not self.env.user._is_internal() and not thread.sudo().is_on_portal:
            return self.browse()
        return thread

    # OPENING

    @api.model
    def _open_online(self, customer, name, comment, order=None, files=(), key="", partner=None):
        """Open a case for what a customer says on our pages; the same form sent twice
        opens one.

        :param customer: the `broker.customer` in sudo
        :param name: who says so
        :param order: the `sale.order` it is about, if any
        :param files: list of (name, bytes)
        :param key: of the form, made when it was shown
        :param partner: the `res.partner` who is logged in, if any
        :return: the case, in sudo
        """
        clean = self.env["broker.proof"]._clean
        name, comment = clean(name), clean(comment)
        self._check_online(name, comment, files)
        # One after the other: of two taps at once Odoo runs the second one again, and it
        # finds the first.
        try:
            (order or customer).sudo().lock_for_update(allow_referencing=True)
        except LockError as error:
            raise ConcurrencyError(str(error)) from error
        cases = self.sudo().with_company(customer.company_id)
        key = re.sub(r"\W", "", key or "")[:40]
        key = key and f"{customer.id}-{key}" or False
        known = cases.search(
            Domain("customer_id", "=", customer.id)
            & Domain("source", "=", "portal")
            & (
                Domain("portal_key", "=", key or "-")
                | Domain("order_id", "=", order.id if order else False)
                & Domain("description", "=", self._get_online_text(name, comment))
                & Domain("state", "in", OPEN_STATES)
            ),
            limit=1,
        )
        if known:
            return known
        waiting = cases.search_count(
            Domain("customer_id", "=", customer.id)
            & Domain("source", "=", "portal")
            & Domain("state", "in", OPEN_STATES)
        )
        if waiting >= OPEN_MAX:
            raise UserError(self.env._("Many of your messages wait for us already. Please call us."))
        author = partner or (order.partner_id if order else customer.partner_id)
        case = cases._open(
            [
                {
                    "title": self._get_online_subject(comment),
                    "description": self._get_online_text(name, comment),
                    "kind": "complaint" if order else "enquiry",
                    "source": "portal",
                    "customer_id": customer.id,
                    "order_id": order.id if order else False,
                    "is_on_portal": True,
                    "portal_key": key,
                    **({"partner_id": author.id} if author.commercial_partner_id == customer.partner_id else {}),
                }
            ]
        )
        case._portal_ensure_token()
        # Whoever wrote gets our answers by e-mail, too.
        case.message_subscribe(case.partner_id.ids)
        message = case.message_post(
            body=plaintext2html(comment if partner else self._get_online_text(name, comment)),
            author_id=author.id,
            attachments=list(files),
            partner_ids=case.user_id.partner_id.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        case.photo_ids = message.attachment_ids
        return case

    @api.model
    def _get_online_form(self):
        """Return what the form for a new case needs; its key tells a second tap."""
        user = self.env.user
        return {
            "key": uuid.uuid4().hex,
            "name": "" if user._is_public() else user.sudo().partner_id.name,
            "name_max": NAME_MAX,
            "comment_max": COMMENT_MAX,
            "file_types": ",".join(FILE_TYPES),
        }

    def _get_online_title(self):
        """Return the title without what the customer must not learn."""
        return self._get_online_titles()[self.id]

    def _get_online_titles(self):
        """Return {id: title without what the customer must not learn}."""
        Identity = self.env["broker.identity"]
        # One look at all of them: as a rule there is nothing to find.
        hidden = self.sudo()._broker_get_other_side().commercial_partner_id
        pattern = Identity._get_pattern(hidden, hidden.browse())
        return {
            case.id: Identity._mask(case._broker_get_pattern(), case.title)
            if Identity._find(pattern, case.title or "")
            else case.title
            for case in self
        }

    @api.model
    def _get_online_subject(self, comment):
        """Return the beginning of what was written, in one line; Chinese has no words to
        cut between."""
        line = " ".join(comment.split())
        return line if len(line) <= TITLE_MAX else f"{line[: TITLE_MAX - 1].rstrip()}…"

    @api.model
    def _get_online_text(self, name, comment):
        return f"{name}: {comment}"

    @api.model
    def _check_online(self, name, comment, files):
        """Raise with a clear word when a public form was not filled as it should be."""
        if not name or len(name) > NAME_MAX:
            raise UserError(self.env._("Enter the name of the person who answers, in %(max)s signs.", max=NAME_MAX))
        if not comment:
            raise UserError(self.env._("Say what is wrong, so that we can put it right."))
        if len(comment) > COMMENT_MAX:
            raise UserError(
                self.env._(
                    "The comment has %(length)s signs, and %(max)s fit: shorten it, or send it as a message.",
                    length=len(comment),
                    max=COMMENT_MAX,
                )
            )
        if len(files) > FILE_COUNT:
            raise UserError(self.env._("%(max)s files fit: choose the best ones.", max=FILE_COUNT))
        for file_name, content in files:
            if len(content) > FILE_BYTES:
                raise UserError(
                    self.env._("%(file)s is too large: %(max)s MB fit.", file=file_name, max=FILE_BYTES // 1024 // 1024)
                )
            if guess_mimetype(content) not in FILE_TYPES:
                raise UserError(self.env._("%(file)s is no photo and no PDF.", file=file_name))

    # ANSWERS

    def _after_customer_word(self, message):
        """Tell who answers for the case that the customer wrote again; what is over stays
        over until somebody has read it."""
        was_over = self.state not in OPEN_STATES
        result = super()._after_customer_word(message)
        activity_type = self.env.ref(ANSWER_ACTIVITY)
        if (
            self.user_id.active
            and (was_over or self.answered_at)
            and activity_type not in self.activity_ids.activity_type_id
        ):
            self._schedule(
                ANSWER_ACTIVITY,
                {self: self.user_id},
                {self: self.company_id._get_broker_today()},
                lambda env, _case: (
                    env._("The customer wrote about a case that is over: read it, and reopen it if need be")
                    if was_over
                    else env._("The customer has answered")
                ),
            )
        return result
