from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, html2plaintext

from .broker_order_need_mixin import OUR_GROUPS

ANSWERED_SUBTYPE = "print_broker_crm.mt_question_answered"
ANSWER_ACTIVITY = "print_broker_crm.mail_activity_type_answer_customer"
# So much of a question is shown where it is passed on.
_EXCERPT = 300


class BrokerQuestionMixin(models.AbstractModel):
    """A document on which the customer asks something: the question waits in sight of
    whoever opens the document, and is passed on in one tap.

    What waits is the customer's last message that nobody of the firm answered; nothing
    of it is stored.
    """

    _name = "broker.question.mixin"
    _description = "Questions of the Customer"

    broker_question_id = fields.Many2one(
        "mail.message",
        string="Open Question",
        compute="_compute_broker_question",
        compute_sudo=True,
        groups=OUR_GROUPS,
    )
    broker_question_author = fields.Char(
        string="Who Asks", compute="_compute_broker_question", compute_sudo=True, groups=OUR_GROUPS
    )
    broker_question_date = fields.Datetime(
        string="Asked on", compute="_compute_broker_question", compute_sudo=True, groups=OUR_GROUPS
    )
    broker_question_text = fields.Text(
        string="Question", compute="_compute_broker_question", compute_sudo=True, groups=OUR_GROUPS
    )
    broker_question_holder_id = fields.Many2one(
        "res.users",
        string="Is to Answer",
        compute="_compute_broker_question",
        compute_sudo=True,
        groups=OUR_GROUPS,
        help="To whom the question was passed on.",
    )
    broker_question_user_id = fields.Many2one(
        "res.users",
        string="Right Person",
        compute="_compute_broker_question",
        compute_sudo=True,
        groups=OUR_GROUPS,
        help="To whom one tap passes the question on.",
    )

    @api.depends_context("uid")
    def _compute_broker_question(self):
        questions = self._get_broker_questions()
        waiting = self.env["broker.question.pass"]._get_waiting(self)
        for record in self:
            question = questions.get(record, self.env["mail.message"])
            holder = waiting.get(record._origin.id, self.env["broker.question.pass"]).to_user_id
            right = record._get_broker_right_person(self.env.user) if question else self.env["res.users"]
            record.broker_question_id = question
            record.broker_question_author = question.author_id.name
            record.broker_question_date = question.date
            record.broker_question_text = record._get_broker_excerpt(question)
            record.broker_question_holder_id = holder if question else False
            # Who passed it on does not pass it on again, unless who has it left.
            is_free = not holder.active or holder == self.env.user
            record.broker_question_user_id = right if is_free else False

    def _get_broker_questions(self):
        """Return {record: the customer's last message, where nobody answered it}.

        Notes among colleagues and what the system sends are no answers; that somebody
        answered by phone or in a chat is one.
        """
        if not self.ids:
            return {}
        self.env["mail.message"].flush_model()
        get_id = self.env["ir.model.data"]._xmlid_to_res_id
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (message.res_id) message.res_id, message.id
                  FROM mail_message message
                 WHERE message.model = %s AND message.res_id = ANY(%s)
                   AND message.message_type IN ('comment', 'email')
                   AND (message.is_internal IS NOT TRUE OR message.subtype_id = %s)
                   AND (message.subtype_id IS NULL OR message.subtype_id != %s)
                   AND message.author_id IS NOT NULL
              ORDER BY message.res_id, message.date DESC, message.id DESC
                """,
                self._name,
                self.ids,
                get_id(ANSWERED_SUBTYPE),
                get_id("mail.mt_note"),
            )
        )
        messages = self.env["mail.message"].sudo().browse([message_id for _res_id, message_id in rows])
        last = {message.res_id: message for message in messages}
        result = {}
        for record in self:
            message = last.get(record._origin.id)
            customer = record.sudo()._get_broker_question_customer()
            if (
                message
                and customer
                and message.author_id.partner_share
                and message.author_id.commercial_partner_id == customer.partner_id
            ):
                result[record] = message
        return result

    def _get_broker_question_customer(self):
        """Hook: return the customer file that the document is about, in sudo."""
        self.ensure_one()
        return self.broker_customer_id

    def _get_broker_right_person(self, user):
        """Hook: return who answers a question here when a user cannot, or nobody.

        Service answers what is asked about a job, sales what service cannot.

        :param user: `res.users` whom the question reached
        """
        self.ensure_one()
        customer = self.sudo()._get_broker_question_customer()
        people = (customer.service_user_id | customer.user_id).filtered(
            lambda person: person.active and person != user and customer.company_id in person.company_ids
        )
        return people[:1]

    @api.model
    def _get_broker_excerpt(self, message):
        text = html2plaintext(message.body or "").strip()
        return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"

    def action_broker_pass_question(self):
        """Give the open question, with its history, to whom it belongs."""
        self.ensure_one()
        self.check_access("read")
        if not self.env["broker.customer"]._is_of_ours(self.env.user):
            raise UserError(self.env._("Only sales, service, the care line and managers pass questions on."))
        record = self.sudo()
        question = self._get_broker_questions().get(self)
        if not question:
            raise UserError(self.env._("No question of the customer waits here: somebody has answered."))
        holder = self.env["broker.question.pass"]._get_waiting(self).get(self.id)
        if holder and holder.to_user_id.active and holder.to_user_id != self.env.user:
            raise UserError(self.env._("The question was passed on to %(user)s already.", user=holder.to_user_id.name))
        receiver = record._get_broker_right_person(self.env.user)
        if not receiver:
            raise UserError(
                self.env._("There is nobody else to pass it on to: the customer has one person only. Name another.")
            )
        if not self.with_user(receiver).has_access("read"):
            raise UserError(
                self.env._("%(user)s may not open this document. Answer it here, or ask a manager.", user=receiver.name)
            )
        self.env["broker.question.pass"]._pass_on(record, question, receiver, holder)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%(user)s has the question now.", user=receiver.name),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_broker_question_answered(self):
        """Say that the customer got the answer by phone or in a chat."""
        self.ensure_one()
        self.check_access("read")
        if not self.env["broker.customer"]._is_of_ours(self.env.user):
            raise UserError(self.env._("Only sales, service, the care line and managers answer for the firm."))
        if not self._get_broker_questions():
            raise UserError(self.env._("No question of the customer waits here: somebody has answered."))
        self._broker_note_answer()
        return True

    def _broker_note_answer(self):
        """Write down that the present user answered elsewhere; it counts as an answer."""
        for record in self.sudo():
            record.message_post(
                body=self.env._("Answered by phone or in a chat."),
                message_type="comment",
                subtype_xmlid=ANSWERED_SUBTYPE,
            )

    def _message_post_after_hook(self, message, msg_vals):
        result = super()._message_post_after_hook(message, msg_vals)
        author = message.author_id
        # Whoever answers from their own mail program has answered, too.
        if message.message_type in ("comment", "email") and author and not author.partner_share:
            answered = self.env.ref(ANSWERED_SUBTYPE, raise_if_not_found=False)
            is_note = message.is_internal or message.subtype_id == self.env.ref("mail.mt_note")
            if not is_note or message.subtype_id == answered:
                self.env["broker.question.pass"]._answer_for(self, author.user_ids[:1], message.date)
        return result
