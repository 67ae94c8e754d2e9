import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError
from odoo.fields import Domain
from odoo.tools import email_normalize, format_list
from odoo.tools.mimetypes import guess_mimetype

WAIT_ACTIVITY = "print_broker_crm.mail_activity_type_proof_wait"
WORK_ACTIVITY = "print_broker_crm.mail_activity_type_proof_work"
ANSWERS = ("approved", "approved_comment", "rejected")
# What a form takes, so that nobody fills the database through a public page.
COMMENT_MAX = 4000
NAME_MAX = 100
SIGNATURE_MAX = 1024 * 1024
# Anything else is no drawing: Odoo stores what begins like an SVG or WEBP without a look at it.
SIGNATURE_TYPES = ("image/png", "image/jpeg")


class BrokerProofFlowMixin(models.AbstractModel):
    """How a proof moves: sent, answered online or by one of us for the customer,
    superseded by another round.

    Apart from the proof, because these are the only ways in which it changes.
    """

    _name = "broker.proof.flow.mixin"
    _description = "Proof: Flow"

    # Proofs reminded of in one transaction of the cron.
    _reminder_batch = 100

    # ACTIONS

    def action_send_mail(self):
        """Send the proof to the customer's contact by e-mail, in their language."""
        template = self.env.ref("print_broker_crm.mail_template_proof_to_approve")
        for proof in self:
            if not email_normalize(proof.sudo().partner_id.email or "", strict=False):
                raise UserError(
                    self.env._(
                        "%(contact)s has no e-mail address. Enter one, or use Get Link and send it through WeChat.",
                        contact=proof.sudo().partner_id.display_name,
                    )
                )
        self._send()
        for proof in self:
            template.sudo().send_mail(proof.id, email_layout_xmlid="mail.mail_notification_light")
        return True

    def action_get_link(self):
        """Hand the proof over by a link, for WeChat and the like."""
        self.ensure_one()
        if self.state == "draft":
            self._send()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Link for the Customer"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(self.env.ref("print_broker_crm.broker_proof_view_form_link").id, "form")],
            "target": "new",
        }

    def action_preview(self):
        """Show the page that the customer sees."""
        self.ensure_one()
        self.check_access("read")
        return {"type": "ir.actions.act_url", "target": "self", "url": self.sudo().get_portal_url()}

    def action_open_answer(self):
        """Ask for an answer that came by phone, WeChat or e-mail."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write Down the Answer"),
            "res_model": "broker.proof.answer",
            "view_mode": "form",
            "target": "new",
            "context": {"default_proof_id": self.id},
        }

    def action_next_round(self):
        """Begin another round of the same job or line, or go on with the one begun."""
        self.ensure_one()
        subject = self._get_subject_domain()
        last = self.sudo().search(subject & Domain("state", "!=", "draft"), order="round desc", limit=1)
        draft = self.search(subject & Domain("state", "=", "draft") & Domain("round", ">", last.round), limit=1)
        proof = draft or self.copy({"note": False})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": proof.id,
            "view_mode": "form",
        }

    # SENDING

    def _send(self):
        """Let the proofs leave the firm; earlier rounds without an answer are closed.

        :raises UserError: when a proof is not ready; nothing is changed then
        """
        self.check_access("write")
        proofs = self.sudo()
        proofs._check_sendable()
        now = fields.Datetime.now()
        Handoff = self.env["broker.handoff"]
        # Rounds of the same subject, one after the other.
        for proof in proofs.sorted("round"):
            hours = proof.company_id.broker_proof_remind_hours
            earlier = proofs.search(proof._get_subject_domain() & Domain("state", "!=", "draft"))
            earlier.filtered(lambda other: other.state == "sent").write({"state": "superseded"})
            earlier._close_activities()
            proof._portal_ensure_token()
            proof.write(
                {
                    "state": "sent",
                    "date_sent": now,
                    "sent_by_id": self.env.uid,
                    "remind_at": hours and Handoff._plan_hours(proof.company_id, hours, now),
                }
            )
            proof._note_on_job(proof.env._("%(proof)s is with the customer.", proof=proof.display_name))
        proofs._close_activities()
        proofs.order_id._broker_reset_proof_release()
        proofs.order_id._broker_follow_proofs()

    def _get_subject_domain(self):
        """Return the rounds of the same job or line, as a domain."""
        self.ensure_one()
        return Domain("order_id", "=", self.order_id.id) & Domain("order_line_id", "=", self.order_line_id.id)

    def _check_sendable(self):
        for proof in self:
            if proof.state != "draft":
                raise UserError(self.env._("%(proof)s was sent already. Make another round.", proof=proof.display_name))
            later = self.search(
                proof._get_subject_domain() & Domain("round", ">", proof.round) & Domain("state", "!=", "draft"),
                limit=1,
            )
            if later:
                # The newest round counts: the customer's answer to this one would not.
                raise UserError(
                    self.env._(
                        "%(later)s was sent before %(proof)s. Delete this draft and make another round.",
                        later=later.display_name,
                        proof=proof.display_name,
                    )
                )
            if not proof.file_ids and not (proof.note or "").strip():
                raise UserError(
                    self.env._(
                        "%(proof)s has nothing to look at: add a file, or say in the note what is on its way.",
                        proof=proof.display_name,
                    )
                )
            reason = proof._get_closed_reason()
            if reason:
                raise UserError(reason)
            names = [name for name in proof.order_id._broker_get_printing_houses().mapped("name") if name]
            named = [name for name in names if name.casefold() in (proof.note or "").casefold()]
            if named:
                raise UserError(
                    self.env._(
                        "The note to the customer names %(houses)s. Customers do not learn who prints: reword it.",
                        houses=format_list(self.env, named),
                    )
                )

    def _get_closed_reason(self):
        """Return why the job takes no answer to a proof, or False."""
        self.ensure_one()
        order = self.order_id
        if order.state == "cancel":
            return self.env._("%(job)s is cancelled: nothing is printed any more.", job=order.name)
        if order.is_expired:
            return self.env._("The quotation %(job)s has expired: ask for a new one.", job=order.name)
        return False

    # ANSWERS

    def _lock_open(self):
        """Lock one proof and raise unless it still waits for its answer."""
        self.ensure_one()
        try:
            self.lock_for_update(allow_referencing=True)
        except LockError as error:
            raise UserError(self.env._("Somebody is answering this proof right now. Reload the page.")) from error
        self.invalidate_recordset(["state"])
        if self.state == "superseded":
            raise UserError(self.env._("A newer proof has been sent. Please look at that one."))
        if self.state != "sent":
            raise UserError(self.env._("This proof has been answered already. Reload the page to see the answer."))
        reason = self._get_closed_reason()
        if reason:
            raise UserError(reason)

    def _answer(self, answer, name, comment="", **vals):
        """Write the customer's answer down, once.

        :param answer: one of `ANSWERS`; an approval with a comment is one with comment
        :param name: who of the customer said so
        :param vals: further columns
        :raises UserError: when the answer is not complete, or not waited for
        """
        self._lock_open()
        name, comment = self._clean(name), self._clean(comment)
        if answer not in ANSWERS:
            raise UserError(self.env._("Choose whether the proof is approved or rejected."))
        if not name or len(name) > NAME_MAX:
            raise UserError(self.env._("Enter the name of the person who answers, in %(max)s signs.", max=NAME_MAX))
        if len(comment) > COMMENT_MAX:
            raise UserError(
                self.env._(
                    "The comment has %(length)s signs, and %(max)s fit: shorten it, or send it as a message.",
                    length=len(comment),
                    max=COMMENT_MAX,
                )
            )
        if answer == "approved" and comment:
            answer = "approved_comment"
        if answer != "approved" and not comment:
            raise UserError(self.env._("Say what is to be changed."))
        self.write(
            {
                **vals,
                "state": answer,
                "decided_at": fields.Datetime.now(),
                "decided_by": name,
                "comment": comment,
            }
        )
        self._close_activities()
        if answer == "rejected":
            self.order_id._broker_reset_proof_release(is_rejected=True)
        self.order_id._broker_follow_proofs()
        if answer != "approved":
            self._schedule_work()

    def _answer_online(self, answer, name, comment="", signature=None, partner=None):
        """Take the answer that a customer gave on the portal.

        :param signature: image in base64; an approval needs one
        :param partner: the `res.partner` who is logged in, if any
        """
        if answer != "rejected":
            self._check_signature(signature)
        self._answer(
            answer,
            name,
            comment,
            channel="portal",
            signature=signature if answer != "rejected" else False,
            decided_partner_id=partner and partner.id,
        )
        labels = dict(self._fields["state"]._description_selection(self.env))
        agent = self.order_id._broker_get_desk_user()
        self.order_id.message_post(
            body=self.env._(
                "%(proof)s: %(answer)s, by %(name)s. %(comment)s",
                proof=self._get_title(self.order_id.name),
                answer=labels[self.state],
                name=self.decided_by,
                comment=self.comment or "",
            ),
            author_id=(partner or self.order_id.partner_id).id,
            partner_ids=agent.partner_id.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )

    @api.model
    def _clean(self, text):
        """Return what a visitor typed, without what the database cannot store."""
        return (text or "").replace("\0", "").strip()

    @api.model
    def _check_signature(self, signature):
        if not signature:
            raise UserError(self.env._("The signature is missing: draw or type it."))
        if not isinstance(signature, (str, bytes)) or len(signature) > SIGNATURE_MAX:
            raise UserError(self.env._("The signature is too large: draw it again."))
        try:
            raw = base64.b64decode(signature, validate=True)
        except (TypeError, ValueError, binascii.Error) as error:
            raise UserError(self.env._("The signature cannot be read: draw it again.")) from error
        if guess_mimetype(raw) not in SIGNATURE_TYPES:
            raise UserError(self.env._("The signature cannot be read: draw it again."))

    def _answer_for_customer(self, answer, name, channel, internal_note, comment="", evidence=None, evidence_name=None):
        """Write down what a customer said by phone, WeChat or e-mail.

        :param internal_note: how the answer came, in the words of whoever took it
        """
        self.check_access("write")
        if channel not in dict(self._fields["channel"].selection) or channel == "portal":
            raise UserError(self.env._("Say by which way the answer came."))
        if not (internal_note or "").strip():
            raise UserError(
                self.env._("Write down how the answer came: who said what, when. It stands for the signature.")
            )
        proof = self.sudo()
        proof._answer(
            answer,
            name,
            comment,
            channel=channel,
            decided_user_id=self.env.uid,
            internal_note=internal_note.strip(),
            evidence=evidence or False,
            evidence_name=evidence and evidence_name,
        )
        labels = dict(self._fields["state"]._description_selection(self.env))
        proof._note_on_job(
            self.env._(
                "%(proof)s: %(answer)s, by %(name)s, written down by %(user)s. %(note)s",
                proof=self.display_name,
                answer=labels[proof.state],
                name=proof.decided_by,
                user=self.env.user.name,
                note=proof.internal_note,
            )
        )

    def _note_on_job(self, body):
        """Write a note in the job's chatter that customers do not see."""
        self.order_id.message_post(
            body=body, author_id=self.env.user.partner_id.id, message_type="comment", subtype_xmlid="mail.mt_note"
        )

    # TO-DOS

    def _close_activities(self):
        if self:
            self.sudo().activity_unlink([WAIT_ACTIVITY, WORK_ACTIVITY])

    def _schedule_for_desk(self, activity_xmlid, get_summary):
        """Give the person at the service desk a to-do on these proofs, in their language.

        :param get_summary: function of an environment that returns the text
        """
        for proof in self.sudo():
            user = proof.order_id._broker_get_desk_user()
            proof.activity_schedule(
                activity_xmlid,
                date_deadline=proof.company_id._get_broker_today(),
                summary=get_summary(proof.with_context(lang=user.lang or self.env.lang).env),
                user_id=user.id,
            )

    def _schedule_work(self):
        for proof in self:
            rejected = proof.state == "rejected"
            proof._schedule_for_desk(
                WORK_ACTIVITY,
                lambda env, rejected=rejected: (
                    env._("The customer rejected the proof: make another round")
                    if rejected
                    else env._("The proof is approved with a comment: see to it before printing")
                ),
            )

    # CRON

    @api.model
    def _cron_remind(self):
        """Tell the service desk once of each proof that the customer has not answered."""
        domain = (
            Domain("state", "=", "sent")
            & Domain("remind_at", "<=", fields.Datetime.now())
            & Domain("reminded_at", "=", False)
        )
        self.env["ir.cron"]._commit_progress(remaining=self.search_count(domain))
        while True:
            proofs = self.search(domain, limit=self._reminder_batch)
            proofs = proofs.try_lock_for_update(allow_referencing=True).filtered_domain(domain)
            if not proofs:
                break
            proofs._remind()
            if not self.env["ir.cron"]._commit_progress(len(proofs)):
                break

    def _remind(self):
        """Give the service desk a to-do for each of these proofs whose job is alive."""
        self.write({"reminded_at": fields.Datetime.now()})
        waiting = self.filtered(lambda proof: not proof._get_closed_reason())
        waiting._schedule_for_desk(WAIT_ACTIVITY, lambda env: env._("The customer has not answered the proof: ask"))

    # RIGHTS

    def _check_customer_may_answer(self, user):
        """Raise when somebody of the firm would answer on the customer's page."""
        if user._is_internal():
            raise AccessError(
                self.env._("You are logged in as staff. Write the customer's answer down with Write Down the Answer.")
            )
