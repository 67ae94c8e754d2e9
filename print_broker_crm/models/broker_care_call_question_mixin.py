from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import float_compare, format_amount, format_date

# What the customer knows of a job, as the officer typed it before seeing the job's side.
CHECK_FIELDS = frozenset({"check_price", "check_date", "check_user_id", "check_person"})
# A need, a case or an opportunity has one line that says what it is about.
TITLE_MAX = 120


class BrokerCareCallQuestionMixin(models.AbstractModel):
    """What a care call asks besides scores: what the customer knows of a job, and what
    the customer wants.

    The officer types what the customer says and sees what the job says afterwards only,
    so that nobody reads the job's figures out and takes a yes for an answer.
    """

    _name = "broker.care.call.question.mixin"
    _description = "Care Call: Questions"

    asked_order_id = fields.Many2one(
        "sale.order",
        string="Job to Ask About",
        compute="_compute_asked_order_id",
        help="The job of the call, else the customer's last one.",
    )
    check_order_id = fields.Many2one(
        "sale.order", string="Job Compared", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    check_currency_id = fields.Many2one("res.currency", compute="_compute_asked_order_id")
    check_price = fields.Monetary(
        string="Price the Customer Names", currency_field="check_currency_id", copy=False, aggregator=None
    )
    check_date = fields.Date(
        string="Day the Customer Names",
        copy=False,
        help="When the job came, or, where it has not come yet, for when it was promised.",
    )
    check_user_id = fields.Many2one(
        "res.users",
        string="Person the Customer Names",
        copy=False,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    check_person = fields.Char(
        string="Person of Another Name", copy=False, help="Whom the customer names, where that is none of us."
    )
    check_state = fields.Selection(
        [("open", "Not Compared"), ("match", "Agrees"), ("mismatch", "Differs")],
        string="Cross-Check",
        required=True,
        readonly=True,
        default="open",
        copy=False,
    )
    check_result = fields.Text(string="Compared With the Job", readonly=True, copy=False)
    printed_elsewhere = fields.Selection(
        [("no", "No"), ("yes", "Yes")],
        string="Printed Elsewhere Since?",
        copy=False,
        help="Whether the customer had something printed by others since the last job.",
    )
    printed_elsewhere_note = fields.Char(string="What Was Printed Elsewhere", copy=False)
    complaint_heard = fields.Text(
        string="Complaint",
        copy=False,
        help="In the customer's words. Opens a case when the call is logged; those who work on it read this.",
    )
    wish_heard = fields.Text(
        string="Wish to Buy", copy=False, help="Opens an opportunity of the salesperson when the call is logged."
    )
    wish_lead_id = fields.Many2one(
        "crm.lead", string="Opportunity Opened", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    case_ids = fields.One2many("broker.case", "care_call_id", string="Cases Opened", readonly=True)
    need_ids = fields.One2many("broker.need", "care_call_id", string="Needs Kept", readonly=True)

    @api.depends("customer_id", "order_id", "check_order_id")
    def _compute_asked_order_id(self):
        for call in self:
            order = call.check_order_id or call.order_id or call.last_order_ids[:1]
            call.asked_order_id = order
            call.check_currency_id = order.sudo().currency_id or call.company_id.currency_id

    # CRUD

    def write(self, vals):
        if not self.env.su and CHECK_FIELDS & set(vals) and any(call.check_state != "open" for call in self):
            raise UserError(
                self.env._(
                    "What the customer said was compared with the job and stays as it was said. "
                    "Write what is to be added into the notes of the call."
                )
            )
        return super().write(vals)

    # ACTIONS

    def action_cross_check(self):
        """Compare what the customer said with the job, and show the job's side now."""
        self.ensure_one()
        self.check_access("write")
        call = self.sudo()
        if not call.asked_order_id:
            raise UserError(self.env._("%(customer)s has no job to ask about.", customer=call.name))
        if not call._get_check_answers():
            raise UserError(
                self.env._(
                    "Type what the customer says first: the price, the day or the person. "
                    "The job's side is shown afterwards."
                )
            )
        call._compare_with_order()
        return True

    def action_pass_on(self):
        """Keep needs, open a case and an opportunity from what was heard, now."""
        self.ensure_one()
        self.check_access("write")
        self.sudo()._pass_on()
        return True

    # BUSINESS: the cross-check

    def _get_check_answers(self):
        """Return the names of the questions that the customer answered."""
        self.ensure_one()
        return [name for name in ("check_price", "check_date", "check_user_id", "check_person") if self[name]]

    def _compare_with_order(self):
        """Compare the answers with the job, once, and tell a manager what differs."""
        self.ensure_one()
        order = self.asked_order_id.sudo()
        if self.check_state != "open" or not order or not self._get_check_answers():
            return
        found = [
            line
            for line in (self._check_price_known(order), self._check_date_known(order), self._check_who(order))
            if line
        ]
        differing = [text for differs, text in found if differs]
        self.write(
            {
                "check_order_id": order.id,
                "check_state": "mismatch" if differing else "match",
                "check_result": "\n".join(f"{'✗' if differs else '✓'} {text}" for differs, text in found),
            }
        )
        if differing:
            self.env["broker.signal"]._raise(
                [
                    {
                        "company_id": self.company_id.id,
                        "customer_id": self.customer_id.id,
                        "user_id": (order.user_id or self._get_rated_user("sales")).id,
                        "kind": "mismatch",
                        "key": f"mismatch,{self.id}",
                        "summary": self.env._(
                            "%(customer)s knows %(order)s otherwise", customer=self.name, order=order.name
                        ),
                        "evidence": [(self, text) for text in differing] + [(order, order.name)],
                    }
                ]
            )

    def _check_price_known(self, order):
        """Compare the price, which a customer may know with or without taxes.

        :param order: the `sale.order`
        :return: (differs, text), or None where the customer named no price
        """
        if not self.check_price:
            return None
        percent = self.company_id.broker_check_price_percent
        differs = all(
            float_compare(
                abs(self.check_price - amount),
                abs(amount) * percent / 100,
                precision_rounding=order.currency_id.rounding,
            )
            > 0
            for amount in (order.amount_untaxed, order.amount_total)
        )
        text = self.env._(
            "Price: the customer says %(said)s; the job %(untaxed)s without and %(total)s with taxes.",
            said=format_amount(self.env, self.check_price, order.currency_id),
            untaxed=format_amount(self.env, order.amount_untaxed, order.currency_id),
            total=format_amount(self.env, order.amount_total, order.currency_id),
        )
        return differs, text

    def _check_date_known(self, order):
        """Compare the day with that of the receipt or, before it, of the promise."""
        known = self.company_id._get_broker_date(order.broker_receipt_date or order.commitment_date)
        if not self.check_date or not known:
            return None
        differs = abs((self.check_date - known).days) > self.company_id.broker_check_date_days
        text = self.env._(
            "Day: the customer says %(said)s; the job %(known)s.",
            said=format_date(self.env, self.check_date),
            known=format_date(self.env, known),
        )
        return differs, text

    def _check_who(self, order):
        """Compare the person with those who had to do with the customer since the job."""
        said = self.check_user_id.name or (self.check_person or "").strip()
        if not said:
            return None
        people = self._get_known_people(order)
        if self.check_user_id:
            differs = self.check_user_id not in people
        else:
            names = [name.casefold() for name in people.mapped("name")]
            differs = not any(said.casefold() in name or name in said.casefold() for name in names)
        text = self.env._(
            "Person: the customer says %(said)s; with us it is %(known)s.",
            said=said,
            known=", ".join(
                (order.user_id or self.customer_id.user_id | self.customer_id.service_user_id).mapped("name")
            ),
        )
        return differs, text

    def _get_known_people(self, order):
        """Return the `res.users` whom a customer may well name when asked about a job."""
        customer = self.customer_id
        assignments = self.env["broker.assignment"].search(
            Domain("customer_id", "=", customer.id)
            & (
                Domain("date_to", "=", False)
                | Domain("date_to", ">=", self.company_id._get_broker_date(order.date_order))
            )
        )
        return (
            order.user_id
            | customer.user_id
            | customer.service_user_id
            | customer.care_user_id
            | customer.sponsor_user_id
            | customer.member_ids.user_id
            | order.broker_leg_ids.user_id
            | assignments.user_id
        )

    # BUSINESS: what was heard

    def _pass_on(self):
        """Keep needs, open a case and an opportunity from what was heard. What was passed
        on before is not passed on again, however often somebody taps."""
        self.ensure_one()
        try:
            self.lock_for_update(allow_referencing=True)
        except LockError as error:
            raise UserError(self.env._("This call is being saved at this very moment. Look again.")) from error
        self.invalidate_recordset(["wish_lead_id", "case_ids", "need_ids"])
        self._keep_needs()
        self._open_complaint()
        self._open_wish()

    @api.model
    def _get_title(self, text):
        """Return the first line of a text, short enough for a title."""
        line = next((line.strip() for line in (text or "").splitlines() if line.strip()), "")
        return line if len(line) <= TITLE_MAX else f"{line[: TITLE_MAX - 1]}…"

    def _get_said_by(self):
        """Return the person called, where it is one of the customer."""
        partner = self.partner_id
        return partner if partner.commercial_partner_id == self.customer_id.partner_id else partner.browse()

    def _keep_needs(self):
        """Write each line of what the customer wants into the needs file, unless it
        waits there in the same words."""
        Need = self.env["broker.need"]
        lines = dict.fromkeys(self._get_title(line) for line in (self.needs_heard or "").splitlines())
        known = {need.name.casefold() for need in self.need_ids} | {
            need.name.casefold() for need in Need.search(Need._get_open_domain(self.customer_id))
        }
        Need.create(
            [
                {
                    "customer_id": self.customer_id.id,
                    "name": line,
                    "source": "care_call",
                    "care_call_id": self.id,
                    "user_id": self.env.uid,
                    "contact_id": self._get_said_by().id,
                    "date_heard": self.company_id._get_broker_today(),
                }
                for line in lines
                if line and line.casefold() not in known
            ]
        )

    def _open_complaint(self):
        """Open a case from the complaint, one per call."""
        title = self._get_title(self.complaint_heard)
        if not title or self.case_ids:
            return
        order = self.asked_order_id
        self.env["broker.case"]._open(
            [
                {
                    "customer_id": self.customer_id.id,
                    "partner_id": (self._get_said_by() or self.customer_id.partner_id).id,
                    "order_id": order.id if order.broker_customer_id == self.customer_id else False,
                    "kind": "complaint",
                    "source": "call",
                    "title": title,
                    "description": self.complaint_heard,
                    "care_call_id": self.id,
                }
            ]
        )

    def _open_wish(self):
        """Open an opportunity of the salesperson from the wish, one per call."""
        title = self._get_title(self.wish_heard)
        if not title or self.wish_lead_id:
            return
        salesperson = self.customer_id.user_id.filtered("active")
        self.wish_lead_id = (
            self.env["crm.lead"]
            .with_company(self.company_id)
            .create(
                {
                    "name": title,
                    "type": "opportunity",
                    "partner_id": (self._get_said_by() or self.customer_id.partner_id).id,
                    "company_id": self.company_id.id,
                    "user_id": salesperson.id,
                    "source_id": self.env.ref("print_broker_crm.utm_source_care_call").id,
                    "description": self.wish_heard,
                }
            )
        )
