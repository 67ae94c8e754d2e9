from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, html2plaintext, split_every

FIRST_CONTACT_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_first_contact"
LATE_CONTACT_ACTIVITY = "print_broker_crm.mail_activity_type_handoff_late_contact"


class BrokerHandoffIntroductionMixin(models.AbstractModel):
    """What the customer sees of a handoff: who runs the job from now on, presented by
    the salesperson, and the first word of that person.

    Only who is new to the customer is presented, and only once; who accepted their own
    handoff is known already.
    """

    _name = "broker.handoff.introduction.mixin"
    _description = "Handoff: Introduction"

    # Handoffs whose first contact the cron looks for in one transaction.
    _first_contact_batch = 200

    needs_introduction = fields.Boolean(
        readonly=True, copy=False, help="The service agent was new to the customer at the acceptance."
    )
    introduced_at = fields.Datetime(
        string="Introduced",
        readonly=True,
        copy=False,
        help="When the e-mail went out or somebody said that the customer was told.",
    )
    introduction_partner_id = fields.Many2one(
        "res.partner", string="Introduction To", compute="_compute_introduction_partner_id", compute_sudo=True
    )
    introduction_user_id = fields.Many2one(
        "res.users", string="Introduction By", compute="_compute_introduction_partner_id", compute_sudo=True
    )
    introduction_cc = fields.Char(
        string="Copies of the Introduction", compute="_compute_introduction_partner_id", compute_sudo=True
    )
    introduction_text = fields.Text(compute="_compute_introduction_text", compute_sudo=True)
    first_contact_due = fields.Datetime(
        string="First Contact by",
        readonly=True,
        copy=False,
        help="Counted in the company's working hours from the acceptance: as many as the tier is owed.",
    )
    first_contact_at = fields.Datetime(string="First Contact", readonly=True, copy=False)
    first_contact_escalated_at = fields.Datetime(readonly=True, copy=False)
    is_contact_late = fields.Boolean(
        string="First Contact Late", compute="_compute_is_contact_late", search="_search_is_contact_late"
    )

    @api.depends("lead_id", "order_ids", "sender_id", "receiver_id")
    def _compute_introduction_partner_id(self):
        for handoff in self:
            contact = handoff.contact_id
            customer = handoff.customer_id.partner_id
            handoff.introduction_partner_id = contact if contact.email or not customer.email else customer
            # Nobody is presented by, or with a copy to, somebody who left.
            handoff.introduction_user_id = (handoff.sender_id + handoff.customer_id.user_id).filtered(
                lambda user, handoff=handoff: user.active and handoff.company_id in user.company_ids
            )[:1]
            handoff.introduction_cc = ", ".join(
                user.email_formatted for user in handoff.introduction_user_id | handoff.receiver_id if user.email
            )

    @api.depends("state", "sender_id", "receiver_id")
    def _compute_introduction_text(self):
        """The template's text, in the customer's language."""
        template = self.env.ref("print_broker_crm.mail_template_handoff_introduction_chat", raise_if_not_found=False)
        shown = self.filtered(lambda handoff: handoff.state == "accepted" and handoff.needs_introduction and template)
        (self - shown).introduction_text = False
        if shown:
            texts = template._render_field("body_html", shown.ids, compute_lang=True)
            for handoff in shown:
                handoff.introduction_text = html2plaintext(texts[handoff.id]).strip()

    @api.depends("first_contact_due", "first_contact_at")
    def _compute_is_contact_late(self):
        now = fields.Datetime.now()
        for handoff in self:
            handoff.is_contact_late = bool(
                handoff.first_contact_due and not handoff.first_contact_at and handoff.first_contact_due < now
            )

    @api.model
    def _search_is_contact_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = Domain("first_contact_due", "<", fields.Datetime.now()) & Domain("first_contact_at", "=", False)
        domain = Domain.FALSE
        if True in value:
            domain |= late
        if False in value:
            domain |= (
                Domain("first_contact_due", "=", False)
                | Domain("first_contact_due", ">=", fields.Datetime.now())
                | Domain("first_contact_at", "!=", False)
            )
        return domain

    # ACTIONS

    def action_mark_introduced(self):
        """Say that the customer was told who runs the job, say by WeChat."""
        self._check_may_introduce()
        waiting = self.sudo().filtered(lambda handoff: handoff.needs_introduction and not handoff.introduced_at)
        waiting.introduced_at = fields.Datetime.now()
        for handoff in waiting:
            handoff.message_post(body=self.env._("The customer was told."), subtype_xmlid="mail.mt_note")
        return True

    def action_log_first_contact(self):
        """Say that the service agent has spoken with the customer."""
        self._check_may_introduce()
        waiting = self.sudo().filtered(lambda handoff: handoff.first_contact_due and not handoff.first_contact_at)
        # A call that is ticked off is a contact with the customer, for everybody who asks.
        waiting._finish_first_contact(dict.fromkeys(waiting, fields.Datetime.now()))
        return True

    def _check_may_introduce(self):
        self.check_access("write")
        for handoff in self:
            if not (handoff._is_sender() or handoff._is_receiver()):
                raise UserError(
                    self.env._(
                        "Only the salesperson, the service agent or a manager can say this of %(handoff)s.",
                        handoff=handoff.name,
                    )
                )

    # BUSINESS

    def _after_accept(self):
        result = super()._after_accept()
        self._follow_jobs()
        self._introduce()
        return result

    def _cancel(self, reason=""):
        result = super()._cancel(reason)
        self.sudo().activity_unlink([FIRST_CONTACT_ACTIVITY, LATE_CONTACT_ACTIVITY])
        return result

    def _follow_jobs(self):
        """Let sales and service follow packet and jobs: neither loses sight of them."""
        for handoff in self:
            people = (handoff.sender_id | handoff.receiver_id).filtered("active")
            handoff.message_subscribe(people.partner_id.ids)
        self.order_ids._broker_follow()
        # Sales hears of each leg, too; service runs them.
        leg = self.env.ref("print_broker_crm.mt_job_leg", raise_if_not_found=False)
        followers = self.order_ids.message_follower_ids
        salespeople = (self.sender_id | self.customer_id.user_id).partner_id
        if leg:
            followers.filtered(lambda follower: follower.partner_id in salespeople).subtype_ids |= leg

    def _introduce(self):
        """Present the service agents who are new to their customers."""
        now = fields.Datetime.now()
        new = self._filter_strangers()
        if not new:
            return
        # Of one that was given back, what concerned the agent before is over.
        new.activity_unlink([FIRST_CONTACT_ACTIVITY, LATE_CONTACT_ACTIVITY])
        deadlines = {}
        for handoff in new:
            key = (handoff.company_id, handoff._get_first_contact_hours())
            if key not in deadlines:
                deadlines[key] = self._plan_hours(*key, now)
            handoff.write(
                {
                    "needs_introduction": True,
                    "introduced_at": False,
                    "first_contact_due": deadlines[key],
                    "first_contact_at": False,
                    "first_contact_escalated_at": False,
                }
            )
        new._schedule(
            FIRST_CONTACT_ACTIVITY,
            {handoff: handoff.receiver_id for handoff in new},
            {handoff: handoff._get_company_day(handoff.first_contact_due) for handoff in new},
            lambda env, handoff: env._("First word with %(customer)s", customer=handoff.customer_name),
        )
        new._send_introductions()

    def _filter_strangers(self):
        """Return those of these accepted handoffs whose agent the customer does not know.

        Known is who accepted an earlier handoff of the customer, who served it while an
        earlier job ran, and who was in touch with its people before.
        """
        new = self.filtered(lambda handoff: not (handoff.accepted_itself or handoff._is_presented()))
        known = new._get_acquaintances() if new else set()
        result = new.browse()
        for handoff in new:
            pair = (handoff.customer_id.id, handoff.receiver_id.id)
            if pair not in known:
                result += handoff
                # Several jobs accepted at once: one word to the customer.
                known.add(pair)
        return result

    def _is_presented(self):
        """Tell whether the customer heard by this very handoff who accepts it now: it was
        given back, and the same person takes it over again."""
        self.ensure_one()
        earlier = self.event_ids.filtered(lambda event: event.kind == "accepted").sorted("id")[:-1]
        if earlier:
            return self.receiver_id in earlier.receiver_id
        return bool(self.introduced_at or self.first_contact_due)

    def _get_acquaintances(self):
        """Return the (customer id, user id) of the agents known before these handoffs."""
        Figure = self.env["broker.figure.mixin"]
        self.env.flush_all()
        customers = self.customer_id
        rows = self.env.execute_query(
            SQL(
                """
                WITH %(touches)s
                SELECT touch.customer_id, touch.user_id
                  FROM touch
                 WHERE touch.user_id = ANY(%(users)s)
                   AND NOT (touch.model = 'broker.handoff' AND touch.res_id = ANY(%(handoffs)s))
                 UNION
                SELECT handoff.customer_id, handoff.receiver_id
                  FROM broker_handoff handoff
                 WHERE handoff.customer_id = ANY(%(customers)s)
                   AND handoff.accepted_at IS NOT NULL
                   AND handoff.id != ALL(%(handoffs)s)
                 UNION
                SELECT served.customer_id, served.user_id
                  FROM broker_assignment served
                  JOIN sale_order job ON job.broker_customer_id = served.customer_id
                  JOIN (%(firm)s) AS firm ON firm.company_id = job.company_id
                   AND %(day)s BETWEEN served.date_from AND COALESCE(served.date_to, 'infinity')
                 WHERE served.customer_id = ANY(%(customers)s)
                   AND served.role = 'service'
                   AND served.is_void IS NOT TRUE
                   AND (job.broker_handoff_id IS NULL OR job.broker_handoff_id != ALL(%(handoffs)s))
                   AND %(day)s < firm.today
                """,
                touches=customers._get_touch_expressions(),
                users=self.receiver_id.ids,
                customers=customers.ids,
                handoffs=self.ids,
                firm=Figure._get_firm_query(),
                day=Figure._get_local_day(SQL("job.broker_date_confirmed")),
            )
        )
        return set(rows)

    def _get_first_contact_hours(self):
        """Hook: return the working hours in which the customer hears from a new agent."""
        self.ensure_one()
        return self.customer_id.tier_id.first_contact_hours or self.company_id.broker_first_contact_hours

    def _send_introductions(self):
        """Write to the customers, where the firm wants it and an address is known."""
        template = self.env.ref("print_broker_crm.mail_template_handoff_introduction", raise_if_not_found=False)
        reachable = self.filtered(
            lambda handoff: handoff.company_id.broker_introduction_mail and handoff.introduction_partner_id.email
        )
        if not template or not reachable:
            return
        for (presenter, company), handoffs in reachable.grouped(
            lambda handoff: (handoff.introduction_user_id, handoff.company_id)
        ).items():
            # Written by whoever sold the job, whoever accepted it; else by the firm.
            author = presenter.partner_id or company.partner_id
            email_values = {"author_id": author.id, "email_from": author.email_formatted}
            template.sudo().send_mail_batch(handoffs.ids, email_values=email_values)
        reachable.introduced_at = fields.Datetime.now()

    # FIRST CONTACT

    @api.model
    def _after_contact(self, customers, user, moment):
        """Called when somebody of the firm was in touch with customers: what waits for
        the agent's first word is done.

        :param customers: `broker.customer`
        :param user: `res.users` who was in touch
        :param moment: naive UTC `datetime`
        """
        waiting = self.sudo().search(
            self._get_waiting_domain()
            & Domain("customer_id", "in", customers.ids)
            & Domain("accepted_at", "<=", moment)
        )
        waiting = waiting.filtered(lambda handoff: user in handoff._get_contact_users())
        waiting._finish_first_contact(dict.fromkeys(waiting, moment))

    @api.model
    def _get_waiting_domain(self):
        return (
            Domain("first_contact_due", "!=", False)
            & Domain("first_contact_at", "=", False)
            & Domain("state", "!=", "cancelled")
        )

    def _get_contact_users(self):
        """Return whose word counts: the agent who accepted, and who serves today."""
        self.ensure_one()
        return self.receiver_id | self.customer_id.service_user_id

    def _finish_first_contact(self, moments):
        """Note the first contacts and close what reminded of them.

        :param moments: {handoff: naive UTC `datetime`}
        """
        for handoff in self:
            handoff.first_contact_at = moments[handoff]
        self.activity_feedback([FIRST_CONTACT_ACTIVITY])
        self.activity_unlink([LATE_CONTACT_ACTIVITY])

    @api.model
    def _cron_first_contacts(self):
        """Find the first contacts that Odoo knows of; tell the managers once of those
        that are late."""
        ids = self.search(self._get_waiting_domain(), order="id").ids
        self.env["ir.cron"]._commit_progress(remaining=len(ids))
        for chunk in split_every(self._first_contact_batch, ids):
            handoffs = self.browse(chunk).try_lock_for_update(allow_referencing=True)
            handoffs._look_for_contact()
            handoffs.filtered(
                lambda handoff: handoff.is_contact_late and not handoff.first_contact_escalated_at
            )._escalate_contact()
            if not self.env["ir.cron"]._commit_progress(len(chunk)):
                break

    def _look_for_contact(self):
        """Ask what Odoo knows of the customers since the acceptance of these handoffs."""
        if not self:
            return
        self.env.flush_all()
        since = min(self.mapped("accepted_at")).replace(hour=0, minute=0, second=0)
        rows = self.env.execute_query(
            SQL(
                """
                WITH %(touches)s
                SELECT touch.customer_id, touch.user_id, touch.moment, touch.model
                  FROM touch
                 WHERE touch.user_id IS NOT NULL AND touch.channel != 'handoff'
                """,
                touches=self.customer_id._get_touch_expressions(since),
            )
        )
        by_customer = {}
        for customer_id, *touch in rows:
            by_customer.setdefault(customer_id, []).append(touch)
        moments = {}
        for handoff in self:
            users = handoff._get_contact_users().ids
            accepted_on = handoff._get_company_day(handoff.accepted_at)
            found = [
                # What was ticked off is known by its day only.
                max(moment, handoff.accepted_at)
                for user_id, moment, model in by_customer.get(handoff.customer_id.id, ())
                if user_id in users
                and (moment.date() >= accepted_on if model == "mail.activity" else moment >= handoff.accepted_at)
            ]
            if found:
                moments[handoff] = min(found)
        self.browse().concat(*moments)._finish_first_contact(moments)

    def _escalate_contact(self):
        """Tell the managers of first contacts that did not take place in time."""
        self.write({"first_contact_escalated_at": fields.Datetime.now()})
        managers = self._get_managers()
        self._schedule(
            LATE_CONTACT_ACTIVITY,
            {
                handoff: managers.filtered(lambda user, handoff=handoff: handoff.company_id in user.company_ids)
                for handoff in self
            },
            {handoff: handoff.company_id._get_broker_today() for handoff in self},
            lambda env, handoff: env._(
                "%(agent)s has not spoken with the customer yet", agent=handoff.receiver_id.name
            ),
        )
