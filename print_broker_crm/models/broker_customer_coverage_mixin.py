from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_date

# Written by the refresh alone.
_RESULT_FIELDS = frozenset(
    {
        "coverage_state",
        "coverage_since",
        "coverage_trace",
        "covered_by_one",
        "last_sales_contact",
        "last_service_contact",
        "last_inbound_contact",
    }
)
_CARE_GROUP = "print_broker_crm.group_care_officer"


class BrokerCustomerCoverageMixin(models.AbstractModel):
    """Who was in touch with a customer, against how often the tier wants it.

    Worked out at night from the contacts, see `broker.customer.coverage.query.mixin`, and
    at once when somebody logs one. What passes between the customer and the care line does
    not count: it looks at the others, and they do not see when it called.
    """

    _name = "broker.customer.coverage.mixin"
    _description = "Customer File: Coverage"

    coverage_state = fields.Selection(
        [
            ("fine", "In Touch"),
            ("sales_silent", "Sales Silent"),
            ("customer_silent", "Customer Silent"),
            ("both_silent", "Both Silent"),
        ],
        string="Coverage",
        readonly=True,
        copy=False,
        index=True,
        help="Sales silent: the customer orders or writes, and sales was not in touch for longer than the tier allows. "
        "Customer silent: sales is in touch, and nothing comes back. Both silent: neither. Empty: not looked at yet.",
    )
    coverage_since = fields.Date(
        readonly=True, copy=False, help="The day on which the customer was first found in this state."
    )
    coverage_trace = fields.Json(readonly=True, copy=False, groups=_CARE_GROUP)
    coverage_explanation = fields.Text(
        string="Why",
        compute="_compute_coverage_explanation",
        compute_sudo=False,
    )
    covered_by_one = fields.Boolean(
        string="One Person in Touch",
        readonly=True,
        copy=False,
        groups=_CARE_GROUP,
        help="A key account with whom fewer than two people of the firm were in touch lately.",
    )
    last_sales_contact = fields.Datetime(
        string="Last Touch by Sales",
        readonly=True,
        copy=False,
        help="When whoever sold to the customer then was last in touch.",
    )
    last_service_contact = fields.Datetime(
        string="Last Touch by Service",
        readonly=True,
        copy=False,
        help="When whoever served the customer then was last in touch.",
    )
    last_inbound_contact = fields.Datetime(
        string="Last Heard Of",
        readonly=True,
        copy=False,
        help="The customer's last order, message, call or meeting; what it told the care line does not count.",
    )

    @api.depends("coverage_state", "covered_by_one", "last_sales_contact", "last_inbound_contact")
    @api.depends_context("lang", "uid")
    def _compute_coverage_explanation(self):
        sees_care = self.env.su or self.env.user.has_group(_CARE_GROUP)
        for customer in self:
            trace = customer.sudo().coverage_trace
            customer.coverage_explanation = bool(trace) and "\n".join(customer._explain_coverage(trace, sees_care))

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_coverage_write({name for name, value in vals.items() if value})
        return super().create(vals_list)

    def write(self, vals):
        self._check_coverage_write(set(vals))
        result = super().write(vals)
        if "active" in vals:
            self._refresh_coverage()
        return result

    @api.model
    def _check_coverage_write(self, names):
        if names & _RESULT_FIELDS and not self.env.su:
            raise UserError(
                self.env._("Coverage is worked out from the contacts, and cannot be entered. Log a contact.")
            )

    # BUSINESS

    def _after_contact(self, contacts):
        """A logged touch clears at once."""
        result = super()._after_contact(contacts)
        self._refresh_coverage()
        return result

    def _after_coverage_change(self, old_states):
        """Give a manager one to-do per customer who falls silent, and take it back when
        the customer does not any more.

        Of those whom nobody had looked at before nobody is told: they are on the list.
        """
        result = super()._after_coverage_change(old_states)
        todo = self.env.ref("print_broker_crm.mail_activity_type_silence", raise_if_not_found=False)
        if not todo:
            return result
        self.env["mail.activity"].sudo().search(
            Domain("res_model", "=", "broker.customer")
            & Domain("res_id", "in", self.ids)
            & Domain("activity_type_id", "=", todo.id)
            & Domain("automated", "=", True)
        ).unlink()
        told = self.filtered(
            lambda customer: (
                old_states.get(customer.id)
                and customer.coverage_state in ("customer_silent", "both_silent")
                and customer._is_silence_told()
            )
        )
        model_id = self.env["ir.model"]._get_id("broker.customer")
        vals_list = []
        for company, customers in told.grouped("company_id").items():
            managers = self._get_managers(company)
            for customer in customers:
                manager = (managers - customer.user_id)[:1] or managers[:1]
                if manager:
                    env = self.with_context(lang=manager.lang or self.env.lang).env
                    vals_list.append(
                        {
                            "activity_type_id": todo.id,
                            "automated": True,
                            "date_deadline": company._get_broker_today(),
                            "res_id": customer.id,
                            "res_model_id": model_id,
                            "summary": (
                                env._("Sales is in touch, and the customer is silent: look at it together")
                                if customer.coverage_state == "customer_silent"
                                else env._("Nobody is in touch with this customer any more")
                            ),
                            "user_id": manager.id,
                        }
                    )
        self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True).create(vals_list)
        return result

    def _is_silence_told(self):
        """Return whether a manager gets a to-do when this customer falls silent."""
        self.ensure_one()
        wanted = self.company_id.broker_coverage_todo
        return wanted == "all" or (wanted == "key" and self.tier_id.is_key)

    # WORDS

    def _explain_coverage(self, trace, sees_care):
        """Return the sentences that say why the customer is in its state.

        :param trace: what the refresh stored
        :param sees_care: the reader may know whether the care line is in touch
        """
        self.ensure_one()
        lines = []
        if trace["salesperson"] and self.last_sales_contact:
            lines.append(
                self.env._(
                    "Sales was last in touch on %(day)s; owed every %(days)s days.",
                    day=self._format_coverage_day(self.last_sales_contact),
                    days=trace["sales_days"],
                )
            )
        elif self.last_sales_contact:
            lines.append(
                self.env._(
                    "Nobody sells to this customer. Sales was last in touch on %(day)s; owed every %(days)s days.",
                    day=self._format_coverage_day(self.last_sales_contact),
                    days=trace["sales_days"],
                )
            )
        else:
            lines.append(
                self.env._(
                    "No touch by sales is known since %(day)s; owed every %(days)s days.",
                    day=format_date(self.env, trace["from"]),
                    days=trace["sales_days"],
                )
            )
        if self.last_inbound_contact:
            lines.append(
                self.env._(
                    "The customer was last heard of on %(day)s; silent after %(days)s days.",
                    day=self._format_coverage_day(self.last_inbound_contact),
                    days=trace["silent_days"],
                )
            )
        else:
            lines.append(
                self.env._(
                    "Nothing was heard of the customer since %(day)s; silent after %(days)s days.",
                    day=format_date(self.env, trace["from"]),
                    days=trace["silent_days"],
                )
            )
        if sees_care and self.sudo().covered_by_one:
            person = self.env["res.users"].sudo().browse(trace["person_id"] or []).exists()
            lines.append(
                self.env._("Only %(person)s is in touch with this key account.", person=person.name)
                if person
                else self.env._("Nobody is in touch with this key account.")
            )
        return lines

    def _format_coverage_day(self, moment):
        return format_date(self.env, self.company_id.sudo()._get_broker_date(moment))

    # NIGHT

    @api.model
    def _cron_care_night(self):
        """Gather contacts, look at the coverage and plan the calls of all companies, in
        bounded batches, each committed with the step of its mark.

        Stops when the time of a run is over, or when it is killed; the next one goes on
        where it was, because what is done is not found again.
        """
        Cron = self.env["ir.cron"]
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        if any(self._is_coverage_waiting(company) for company in companies):
            self._wake_night_again()
            if not Cron._commit_progress(remaining=1):
                return
        for company in companies:
            for handled in self._get_night_steps(company):
                if not Cron._commit_progress(handled, remaining=1):
                    return
                self.env.invalidate_all()
        Cron._commit_progress(remaining=0)

    @api.model
    def _get_night_steps(self, company):
        """Do the night of a company step by step, yielding after each how much it handled."""
        yield from self.env["broker.contact"]._gather(company)
        yield from self._get_coverage_steps(company)
        yield from self.env["broker.care.call"]._plan_steps(company)

    @api.model
    def _get_coverage_steps(self, company):
        """Look at a company's customers batch by batch, once a day, yielding the number of
        each batch."""
        company = company.sudo()
        today = company._get_broker_today()
        is_today = company.broker_coverage_mark_date == today
        mark = company.broker_coverage_mark_id if is_today else 0
        while batch := self._get_coverage_batch(company, mark, self._get_coverage_batch_size()):
            last_id, number = batch
            self.env.flush_all()
            self._refresh_coverage_where(
                company,
                lambda column, first=mark, last=last_id: SQL("%s > %s AND %s <= %s", column, first, column, last),
            )
            mark = last_id
            company._note_broker_progress(broker_coverage_mark_date=today, broker_coverage_mark_id=mark)
            yield number

    @api.model
    def _get_coverage_batch(self, company, mark, limit):
        """Return the last id and the number of the next customers of a company after a
        mark, or nothing where there are none."""
        self.env["broker.customer"].flush_model(["active", "company_id"])
        [(last_id, number)] = self.env.execute_query(
            SQL(
                """
                SELECT MAX(id), COUNT(*)
                  FROM (
                    SELECT id FROM broker_customer WHERE company_id = %s AND active AND id > %s ORDER BY id LIMIT %s
                  ) AS batch
                """,
                company.id,
                mark,
                limit,
            )
        )
        return number and (last_id, number)

    @api.model
    def _is_coverage_waiting(self, company):
        """Return whether today's run has yet to look at customers of a company."""
        is_today = company.broker_coverage_mark_date == company._get_broker_today()
        return bool(self._get_coverage_batch(company, company.broker_coverage_mark_id if is_today else 0, 1))

    @api.model
    def _wake_night_again(self):
        """See to it that a night that fails goes on soon: somebody who saves a customer at
        the wrong moment is enough, and Odoo would wait for the next one."""
        cron = self.env.ref("print_broker_crm.ir_cron_plan_care_calls").sudo()
        minutes = int(self.env["ir.config_parameter"].sudo().get_param("print_broker_crm.care_night_retry_minutes", 15))
        now = fields.Datetime.now()
        waiting = Domain("cron_id", "=", cron.id) & Domain("call_at", ">", now)
        if not self.env["ir.cron.trigger"].sudo().search_count(waiting, limit=1):
            cron._trigger(now + timedelta(minutes=minutes))

    @api.model
    def _get_coverage_batch_size(self):
        """Return how many customers are looked at in one step (technical setting)."""
        return int(self.env["ir.config_parameter"].sudo().get_param("print_broker_crm.coverage_batch_size", 10000))
