from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .broker_question_mixin import ANSWER_ACTIVITY


class BrokerQuestionPass(models.Model):
    """A question of a customer that reached the wrong person and was passed on.

    Written by the document on which the customer asked. How often that happens, to whom,
    and how long the customer waited is counted from these rows.
    """

    _name = "broker.question.pass"
    _description = "Question Passed On"
    _order = "date desc, id desc"
    _rec_name = "document_name"
    _allow_sudo_commands = False

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    customer_id = fields.Many2one("broker.customer", required=True, readonly=True, index=True, ondelete="cascade")
    contact_id = fields.Many2one(
        "res.partner", string="Who Asked", readonly=True, index="btree_not_null", ondelete="set null"
    )
    res_model = fields.Char(string="Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(string="Document", model_field="res_model", required=True, readonly=True)
    document_name = fields.Char(string="Asked On", readonly=True)
    message_id = fields.Many2one("mail.message", readonly=True, index="btree_not_null", ondelete="set null")
    question = fields.Text(readonly=True)
    asked_at = fields.Datetime(string="Asked", readonly=True)
    date = fields.Datetime(string="Passed On", required=True, readonly=True)
    from_user_id = fields.Many2one("res.users", string="Passed On by", required=True, readonly=True)
    to_user_id = fields.Many2one("res.users", string="Passed On to", required=True, readonly=True, index=True)
    previous_id = fields.Many2one(
        "broker.question.pass",
        string="Came From",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The question had been passed on before.",
    )
    answered_at = fields.Datetime(string="Answered", readonly=True)
    answered_by_id = fields.Many2one("res.users", readonly=True)
    minutes = fields.Float(
        string="Minutes to the Answer",
        digits=(16, 0),
        readonly=True,
        aggregator="avg",
        help="Working minutes from the moment it was passed on.",
    )
    waited_minutes = fields.Float(
        string="Minutes the Customer Waited",
        digits=(16, 0),
        readonly=True,
        aggregator="avg",
        help="Working minutes from the customer's message to the answer.",
    )
    state = fields.Selection(
        [("waiting", "Waiting"), ("passed", "Passed Further"), ("answered", "Answered")],
        string="Status",
        required=True,
        readonly=True,
        default="waiting",
    )
    can_answer = fields.Boolean(compute="_compute_can_answer")

    _waiting_uniq = models.UniqueIndex(
        "(res_model, res_id) WHERE state = 'waiting'", "The question on this document is with somebody already."
    )

    @api.depends_context("uid")
    @api.depends("state", "to_user_id")
    def _compute_can_answer(self):
        manager = self.env["broker.handoff"]._is_manager()
        for row in self:
            row.can_answer = row.state == "waiting" and (manager or row.to_user_id == self.env.user)

    # ACTIONS

    def action_open_document(self):
        """Open the document on which the customer asked."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    def action_answered(self):
        """Say that the customer got the answer, by phone or in a chat."""
        refused = self.filtered(lambda row: not row.can_answer)
        if refused:
            raise UserError(
                self.env._("Only who has the question, or a manager, can say that it was answered, and only once.")
            )
        for row in self.sudo():
            document = self.env[row.res_model].browse(row.res_id).exists()
            # The note on the document answers the row as well.
            document._broker_note_answer()
            row._answer(self.env.user, fields.Datetime.now())
        return True

    # BUSINESS

    @api.model
    def _get_waiting(self, records):
        """Return {record id: the row of a question that waits for somebody} in sudo."""
        rows = self.sudo().search(
            Domain("res_model", "=", records._name)
            & Domain("res_id", "in", records.ids)
            & Domain("state", "=", "waiting")
        )
        return {row.res_id: row for row in rows}

    @api.model
    def _pass_on(self, record, question, receiver, previous=None):
        """Give a question to somebody: a row, a to-do with the question, a follower who
        reads the history, and a note for those who look later.

        :param record: the document, in sudo
        :param question: `mail.message` of the customer
        :param receiver: `res.users` who is to answer
        :param previous: the row that waits now, if any
        """
        customer = record._get_broker_question_customer()
        if previous:
            previous.state = "passed"
            previous.flush_recordset(["state"])
            record.activity_unlink([ANSWER_ACTIVITY], user_id=previous.to_user_id.id)
        excerpt = record._get_broker_excerpt(question)
        row = self.sudo().create(
            {
                "company_id": customer.company_id.id,
                "customer_id": customer.id,
                "contact_id": question.author_id.id,
                "res_model": record._name,
                "res_id": record.id,
                "document_name": record.display_name,
                "message_id": question.id,
                "question": excerpt,
                "asked_at": question.date,
                "date": fields.Datetime.now(),
                "from_user_id": self.env.uid,
                "to_user_id": receiver.id,
                "previous_id": previous.id if previous else False,
            }
        )
        record.message_subscribe(receiver.partner_id.ids)
        # The to-do is told in the client; a mail about it would have the sender as its author, see below.
        record.with_context(mail_activity_quick_update=True).activity_schedule(
            ANSWER_ACTIVITY,
            customer.company_id._get_broker_today(),
            summary=self.with_context(lang=receiver.lang or self.env.lang).env._(
                "%(contact)s asks: answer", contact=question.author_id.name
            ),
            note=excerpt,
            user_id=receiver.id,
        )
        record.message_post(
            body=self.env._(
                "%(sender)s passed the question of %(contact)s on to %(receiver)s: %(question)s",
                sender=self.env.user.name,
                contact=question.author_id.name,
                receiver=receiver.name,
                question=excerpt,
            ),
            subtype_xmlid="mail.mt_note",
            # An author reads a message for ever, also when the customer has gone to another.
            author_id=self.env.ref("base.partner_root").id,
        )
        return row

    @api.model
    def _follow_people(self, people, field):
        """Pass waiting questions on from those who had a customer to those who have it now.

        :param people: {`broker.customer`: `res.users` who had it}
        :param field: of the file, who has it now
        """
        customers = self.env["broker.customer"].sudo().concat(*people)
        had = {customer.id: user for customer, user in people.items()}
        for row in self.sudo().search(Domain("customer_id", "in", customers.ids) & Domain("state", "=", "waiting")):
            receiver = row.customer_id[field].filtered("active")
            record = self.env[row.res_model].sudo().browse(row.res_id).exists()
            if row.to_user_id == had[row.customer_id.id] and receiver and record and row.message_id:
                self._pass_on(record, row.message_id, receiver, row)

    @api.model
    def _answer_for(self, records, user, moment):
        """Close what waits on some documents: somebody wrote to the customer.

        :param records: documents
        :param user: `res.users` who answered
        :param moment: naive UTC `datetime`
        """
        for row in self._get_waiting(records).values():
            row._answer(user, moment)

    def _answer(self, user, moment):
        """Note the answer, with the working minutes it took."""
        Handoff = self.env["broker.handoff"]
        waiting = self.filtered(lambda row: row.state == "waiting")
        for row in waiting:
            row.write(
                {
                    "state": "answered",
                    "answered_at": moment,
                    "answered_by_id": user.id,
                    "minutes": Handoff._count_hours(row.company_id, row.date, moment) * 60,
                    "waited_minutes": Handoff._count_hours(row.company_id, row.asked_at or row.date, moment) * 60,
                }
            )
        for model, rows in waiting.grouped("res_model").items():
            documents = self.env[model].sudo().browse(rows.mapped("res_id")).exists()
            documents.activity_feedback([ANSWER_ACTIVITY])

    # FIGURES

    @api.model
    def _get_summary(self, company):
        """Return per person how many questions they passed on, how many were passed on to
        them, and the median of the working minutes until these were answered.

        :param company: `res.company`
        :return: {`res.users`: dict of `passed`, `received`, `waiting`, `median_minutes`};
            the median is None without any answer
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT person, SUM(passed), SUM(received), SUM(waiting), MAX(median)
                  FROM (
                    SELECT from_user_id AS person, COUNT(*) AS passed, 0 AS received, 0 AS waiting,
                           NULL::float AS median
                      FROM broker_question_pass WHERE company_id = %(company)s GROUP BY from_user_id
                     UNION ALL
                    SELECT to_user_id, 0, COUNT(*), COUNT(*) FILTER (WHERE state = 'waiting'),
                           PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY minutes) FILTER (WHERE state = 'answered')
                      FROM broker_question_pass WHERE company_id = %(company)s GROUP BY to_user_id
                  ) figures
              GROUP BY person
                """,
                company=company.id,
            )
        )
        return {
            self.env["res.users"].browse(user_id): {
                "passed": int(passed),
                "received": int(received),
                "waiting": int(waiting),
                "median_minutes": median,
            }
            for user_id, passed, received, waiting, median in rows
        }
