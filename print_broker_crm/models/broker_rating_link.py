from datetime import timedelta
from secrets import token_urlsafe

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS, Domain

from .broker_care_call_rating_mixin import RATED_ROLES

MANAGER_GROUP = "print_broker_crm.group_manager"
# What a customer may write; nobody writes a novel into a phone.
COMMENT_MAX = 2000


class BrokerRatingLink(models.Model):
    """A link by which one person at a customer scores sales and service, once.

    Whoever has the link answers without logging in, so it shows nothing: no job, no
    name, no price. It is opened as often as one likes and used up by sending the answer
    only, because messengers open links before people do. Whom the scores are about is
    kept at the time of asking.
    """

    _name = "broker.rating.link"
    _description = "Rating Link"
    _order = "date_asked desc, id desc"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _rec_name = "partner_id"
    _allow_sudo_commands = False
    # Notes and to-dos; what is here otherwise is written by asking and answering only.
    _mail_post_access = "read"
    _check_company_auto = True

    customer_id = fields.Many2one("broker.customer", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="customer_id.company_id", store=True, index=True, precompute=True)
    partner_id = fields.Many2one("res.partner", string="Asked", readonly=True, index=True, ondelete="set null")
    email = fields.Char(related="partner_id.email", related_sudo=True)
    call_id = fields.Many2one(
        "broker.care.call", string="Care Call", readonly=True, index="btree_not_null", ondelete="set null"
    )
    order_id = fields.Many2one("sale.order", string="Job", readonly=True, index="btree_not_null", ondelete="set null")
    asked_by_id = fields.Many2one("res.users", string="Asked by", readonly=True, default=lambda self: self.env.user)
    date_asked = fields.Datetime(string="Asked On", required=True, readonly=True, default=fields.Datetime.now)
    date_expiry = fields.Datetime(string="Valid Until", required=True, readonly=True)
    date_mailed = fields.Datetime(string="Mailed On", readonly=True)
    date_answered = fields.Datetime(string="Answered On", readonly=True)
    state = fields.Selection(
        [("open", "Waits"), ("answered", "Answered"), ("expired", "Expired"), ("withdrawn", "Withdrawn")],
        string="Status",
        required=True,
        readonly=True,
        default="open",
        index=True,
    )
    access_token = fields.Char(
        required=True, readonly=True, copy=False, groups=NO_ACCESS, default=lambda self: token_urlsafe(32)
    )
    link = fields.Char(compute="_compute_link", compute_sudo=True)
    message = fields.Text(
        string="Text to Copy",
        compute="_compute_message",
        help="For WeChat or any other messenger, in the language of who is asked.",
    )
    sales_user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    service_user_id = fields.Many2one("res.users", string="Service Agent", readonly=True)
    sales_rating = fields.Integer(string="Sales Score", compute="_compute_answer", compute_sudo=True)
    service_rating = fields.Integer(string="Service Score", compute="_compute_answer", compute_sudo=True)
    comment = fields.Text(readonly=True)

    _token_uniq = models.UniqueIndex("(access_token)", "This link exists already.")
    _open_uniq = models.UniqueIndex(
        "(company_id, partner_id) WHERE state = 'open'",
        "This person has a link that waits for an answer. Use that one.",
    )

    @api.depends("access_token")
    def _compute_link(self):
        for link in self:
            link.link = f"{link.get_base_url()}/broker/rate/{link.access_token}"

    @api.depends("link", "partner_id.lang", "partner_id.name", "company_id.name")
    def _compute_message(self):
        for link in self:
            spoken = link.sudo().with_context(lang=link._get_lang())
            link.message = spoken.env._(
                "Hello %(person)s, how satisfied are you with %(company)s? Two questions, one minute: %(link)s",
                person=spoken.partner_id.name or "",
                company=spoken.company_id.name,
                link=spoken.link,
            )

    @api.depends("state")
    def _compute_answer(self):
        scores = {}
        for model, links in (("broker.rating.link", self), ("broker.care.call", self.filtered("call_id"))):
            ids = links.call_id.ids if model == "broker.care.call" else links.ids
            for res_id, role, score in self.env["rating.rating"]._read_group(
                Domain("res_model", "=", model)
                & Domain("res_id", "in", ids)
                & Domain("broker_role", "in", RATED_ROLES),
                ["res_id", "broker_role"],
                ["rating:max"],
            ):
                scores[model, res_id, role] = score
        for link in self:
            record = link._get_rated_record()
            answered = link.state == "answered"
            link.sales_rating = answered and scores.get((record._name, record.id, "sales"), 0)
            link.service_rating = answered and scores.get((record._name, record.id, "service"), 0)

    def _rating_get_parent_field_name(self):
        """Say to Odoo's ratings whose answers these are."""
        return "customer_id"

    # ASKING

    @api.model
    def _get_days_asked(self, company, partners):
        """Return {partner id: the last day on which a person was asked for scores}, by
        phone or by a link, answered or not.

        :param company: the `res.company` that asks
        :param partners: the `res.partner` persons
        """
        of_persons = Domain("company_id", "=", company.id) & Domain("partner_id", "in", partners.ids)
        moments = {}
        for model, domain, date in (
            ("broker.care.call", Domain("rating_asked", "=", True), "date_done:max"),
            (self._name, Domain.TRUE, "date_asked:max"),
        ):
            for partner, moment in self.env[model].sudo()._read_group(of_persons & domain, ["partner_id"], [date]):
                if moment and moment > moments.get(partner.id, moment - timedelta(1)):
                    moments[partner.id] = moment
        return {partner_id: company._get_broker_date(moment) for partner_id, moment in moments.items()}

    @api.model
    def _ask(self, customer, partner, gap, call=None, order=None):
        """Return the link by which a person is asked now; a link that waits is returned
        as it is.

        :param customer: the `broker.customer`
        :param partner: the `res.partner` of the customer who is asked
        :param gap: days between two times that one person is asked; 0 for never asking
        :param call: the `broker.care.call` that asks, if one does
        :param order: the `sale.order` it is about, if it is about one
        :raise UserError: where nobody may be asked now
        """
        customer, company = customer.sudo(), customer.sudo().company_id
        if partner.sudo().commercial_partner_id != customer.partner_id:
            raise UserError(
                self.env._("%(customer)s: only a person of this customer can be asked.", customer=customer.name)
            )
        scored = {role: customer._get_rated_user(role) for role in RATED_ROLES}
        if not self.env.su and self.env.user in scored.values() and not self.env.user.has_group(MANAGER_GROUP):
            # Who is asked by you is not asked by the care line for a long time.
            raise UserError(
                self.env._("%(customer)s scores you. Let somebody else of the care line ask.", customer=customer.name)
            )
        own = self.sudo().search(
            Domain("company_id", "=", company.id) & Domain("partner_id", "=", partner.id) & Domain("state", "=", "open")
        )
        own._expire()
        # Before another one is inserted: of those that wait there may be one.
        own.flush_recordset(["state"])
        waiting = own.filtered(lambda link: link.state == "open")
        if waiting:
            return waiting
        asked_on = self._get_days_asked(company, partner).get(partner.id)
        today = company._get_broker_today()
        if not gap:
            raise UserError(self.env._("Nobody is asked for scores here: the rules of this call ask for none."))
        if asked_on and asked_on + timedelta(days=gap) > today:
            raise UserError(
                self.env._(
                    "%(person)s was asked for scores on %(day)s and is not to be asked before %(date)s.",
                    person=partner.sudo().name,
                    day=fields.Date.to_string(asked_on),
                    date=fields.Date.to_string(asked_on + timedelta(days=gap)),
                )
            )
        return self.sudo().create(
            {
                "customer_id": customer.id,
                "partner_id": partner.id,
                "call_id": call.id if call else False,
                "order_id": order.id if order else False,
                "asked_by_id": self.env.uid,
                "date_expiry": fields.Datetime.now() + timedelta(days=company.broker_rating_link_days),
                "sales_user_id": scored["sales"].id,
                "service_user_id": scored["service"].id,
            }
        )

    def _get_lang(self):
        """Return the language of who is asked."""
        self.ensure_one()
        link = self.sudo()
        return link.partner_id.lang or link.company_id.partner_id.lang or self.env.lang

    def _get_rated_record(self):
        """Return what the scores are kept on: the call that asks, else the link."""
        self.ensure_one()
        return self.sudo().call_id or self

    @api.model
    def _before_merge_partners(self, partners):
        """Leave one waiting link of persons who become one: the one asked last.

        :param partners: the `res.partner` records about to be merged
        """
        waiting = self.sudo().search(Domain("partner_id", "in", partners.ids) & Domain("state", "=", "open"))
        for links in waiting.grouped("company_id").values():
            links[1:].state = "withdrawn"

    # ANSWERING

    @api.model
    def _get_by_token(self, token):
        """Return the link of a token in sudo, or nothing.

        :param token: what somebody sent; any text
        """
        return self.sudo().search(Domain("access_token", "=", str(token)[:128].replace("\x00", ""))) if token else self

    def _get_asked_roles(self):
        """Return the roles that are scored: those in which somebody serves or served."""
        self.ensure_one()
        link = self.sudo()
        return tuple(role for role, user in (("sales", link.sales_user_id), ("service", link.service_user_id)) if user)

    def _get_refusal(self, user):
        """Say why a user cannot answer, or nothing where they can.

        :param user: the `res.users` who is logged in, or the public user
        :return: 'unknown', 'withdrawn', 'expired', 'answered', 'staff' or None
        """
        link = self.sudo()
        if not link:
            return "unknown"
        if user._is_internal():
            return "staff"
        if not user._is_public() and user.sudo().partner_id.commercial_partner_id != link.customer_id.partner_id:
            return "unknown"
        if link.state == "open":
            return "expired" if link.date_expiry <= fields.Datetime.now() else None
        return link.state

    def _answer(self, scores, comment):
        """Keep the customer's answer and use the link up.

        :param scores: {role: 1 to 5} with one role at least, of those asked
        :param comment: text of the customer
        :raise UserError: for an answer that says nothing
        """
        self.ensure_one()
        link = self.sudo()
        link.lock_for_update(allow_referencing=True)
        link.invalidate_recordset(["state", "date_expiry"])
        if link.state != "open" or link.date_expiry <= fields.Datetime.now():
            raise UserError(self.env._("This link was used already, or is no longer valid."))
        asked = {"sales": link.sales_user_id, "service": link.service_user_id}
        scores = {role: score for role, score in scores.items() if score and asked.get(role)}
        if not scores:
            raise UserError(self.env._("Please give at least one score."))
        comment = (comment or "").replace("\x00", "").strip()[:COMMENT_MAX]
        link.write({"state": "answered", "date_answered": fields.Datetime.now(), "comment": comment})
        self.env["rating.rating"]._add_broker_scores(
            link._get_rated_record(),
            link.partner_id,
            {role: (score, asked[role]) for role, score in scores.items()},
            feedback=comment,
        )
        if min(scores.values()) <= link.company_id.broker_low_score:
            link._follow_up_low_score()

    def _follow_up_low_score(self):
        """Let the care line call a customer who is not content, at once.

        Where the customer does not want calls, or the firm has no rule for such a call, the
        management gets a to-do instead.
        Neither comes to those whom the scores are about.
        """
        self.ensure_one()
        # The page speaks the customer's language, and the note is for the firm.
        self = self.with_context(lang=self.company_id.partner_id.lang or self.env.lang)
        company, customer = self.company_id, self.customer_id
        note = self.env._("Low score by a link on %(day)s.", day=company._get_broker_today())
        if self.comment:
            note = f"{note} {self.comment}"
        call = customer._get_open_care_calls()
        rule = self.env["broker.care.rule"]._get_rules(company, "by_hand")[:1]
        if customer.do_not_call or not customer.active or not (call or rule):
            manager = self._get_manager()
            if manager:
                self.activity_schedule(
                    "mail.mail_activity_data_todo",
                    user_id=manager.id,
                    summary=self.env._("Low score of a customer who is not called"),
                    note=note,
                )
            return
        Call = self.env["broker.care.call"].with_company(company)
        if not call:
            call = Call.create(
                {
                    "customer_id": customer.id,
                    "rule_id": rule.id,
                    "date_planned": company._get_broker_today(),
                    **({"partner_id": self.partner_id.id} if self.partner_id else {}),
                }
            )
            Call._assign_officers(call, company)
        call.write({"urgency": "3", "notes": "\n".join(filter(None, (call.notes, note)))})
        call._bring_forward()

    def _get_manager(self):
        """Return who of the management hears of a low score: nobody whom it is about."""
        self.ensure_one()
        company = self.company_id
        managers = self.env["broker.care.call"]._get_users("group_manager", company)
        managers = (self.customer_id.sponsor_user_id | company.broker_care_manager_id) & managers | managers
        return (managers - self.sales_user_id - self.service_user_id)[:1]

    # ENDING

    def _expire(self):
        """Close the waiting links among these whose time is over."""
        now = fields.Datetime.now()
        self.filtered(lambda link: link.state == "open" and link.date_expiry <= now).state = "expired"

    @api.autovacuum
    def _gc_expired(self):
        self.sudo().search(Domain("state", "=", "open") & Domain("date_expiry", "<=", fields.Datetime.now()))._expire()

    # ACTIONS

    def action_withdraw(self):
        """Let nobody answer by these links any more; those asked still count as asked."""
        self.env["broker.care.call"].check_access("write")
        self.check_access("read")
        self.sudo().filtered(lambda link: link.state == "open").state = "withdrawn"
        return True

    def action_send_mail(self):
        """Send the link by e-mail, once, from the firm's address."""
        self.ensure_one()
        self.env["broker.care.call"].check_access("write")
        self.check_access("read")
        link = self.sudo()
        link._expire()
        if link.state != "open":
            raise UserError(self.env._("This link was used already, or is no longer valid."))
        if link.date_mailed:
            raise UserError(
                self.env._(
                    "The e-mail left on %(day)s already. Copy the text if the customer did not get it.",
                    day=fields.Date.to_string(link.company_id._get_broker_date(link.date_mailed)),
                )
            )
        if not link.partner_id.email:
            raise UserError(
                self.env._("%(person)s has no e-mail address. Copy the text instead.", person=link.partner_id.name)
            )
        if not link.company_id.email:
            raise UserError(
                self.env._(
                    "%(company)s has no e-mail address to send this from. Fill it in on the company, or copy the text.",
                    company=link.company_id.name,
                )
            )
        link.date_mailed = fields.Datetime.now()
        self.env.ref("print_broker_crm.mail_template_rating_link").sudo().send_mail(link.id)
        return True

    def _get_form_action(self):
        """Return the action that shows one link in a dialog."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask by a Link"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
