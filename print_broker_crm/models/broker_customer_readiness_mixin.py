from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# Written by the refresh alone.
_RESULT_FIELDS = frozenset(
    {"last_sign_of_life", "last_other_touch", "known_to_one", "readiness", "readiness_date", "readiness_trace"}
)
_CARE_GROUP = "print_broker_crm.group_care_officer"


class BrokerCustomerReadinessMixin(models.AbstractModel):
    """Whether a customer is silent, and whether somebody could take it over tomorrow.

    Refreshed at night from what Odoo knows, see `broker.customer.touch.mixin`. When the
    customer was heard of and by whom it was called is for managers and the care line;
    the customer's own people read the score and what to do.
    """

    _name = "broker.customer.readiness.mixin"
    _description = "Customer File: Silence and Succession Readiness"

    last_sign_of_life = fields.Datetime(
        readonly=True,
        copy=False,
        groups=_CARE_GROUP,
        help="The last order, message of the customer, meeting, or care call in which somebody was reached.",
    )
    is_silent = fields.Boolean(
        string="Silent",
        compute="_compute_is_silent",
        search="_search_is_silent",
        compute_sudo=True,
        help="Nothing was heard of the customer for more days than the company's setting.",
    )
    readiness = fields.Integer(
        string="Succession Readiness",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="0 to 100: how well somebody else could take over this customer tomorrow.",
    )
    readiness_date = fields.Date(
        string="Readiness Changed on",
        readonly=True,
        copy=False,
        help="The day on which the score or what it stands on last changed. It is looked at every night.",
    )
    readiness_trace = fields.Json(readonly=True, copy=False, groups=_CARE_GROUP)
    readiness_explanation = fields.Html(
        string="How Ready",
        compute="_compute_readiness_explanation",
        compute_sudo=False,
        sanitize=False,
    )
    known_to_one = fields.Boolean(
        string="Hanging on One Person",
        readonly=True,
        copy=False,
        groups=_CARE_GROUP,
        help="Nobody besides the salesperson was in touch with the customer lately.",
    )
    last_other_touch = fields.Datetime(
        string="Last Touch by a Colleague",
        readonly=True,
        copy=False,
        groups=_CARE_GROUP,
        help="When somebody besides the salesperson was last in touch with the customer.",
    )

    @api.depends("last_sign_of_life", "date_opened", "readiness_date", "company_id.broker_silent_days")
    def _compute_is_silent(self):
        """Of whom nobody has looked what is known of them is not said to be silent."""
        for company, customers in self.grouped("company_id").items():
            company = company or self.env.company
            start = company._get_broker_day_start(company.broker_silent_days)
            day = company._get_broker_today() - timedelta(days=company.broker_silent_days)
            for customer in customers:
                if customer.last_sign_of_life:
                    customer.is_silent = customer.last_sign_of_life < start
                else:
                    customer.is_silent = bool(customer.readiness_date) and customer.date_opened < day

    @api.model
    def _search_is_silent(self, operator, value):
        if operator != "in":
            return NotImplemented
        silent = Domain("id", "in", self.sudo().with_context(active_test=False)._search(self._get_silent_domain()))
        domain = Domain.FALSE
        if True in value:
            domain |= silent
        if False in value:
            domain |= ~silent
        return domain

    @api.model
    def _get_silent_domain(self):
        """Return the silent customers of all companies as a domain on stored fields."""
        domains = []
        for company in self.env["res.company"].sudo().search(Domain.TRUE):
            start = company._get_broker_day_start(company.broker_silent_days)
            day = company._get_broker_today() - timedelta(days=company.broker_silent_days)
            domains.append(
                Domain("company_id", "=", company.id)
                & (
                    Domain("last_sign_of_life", "<", start)
                    | (
                        Domain("last_sign_of_life", "=", False)
                        & Domain("readiness_date", "!=", False)
                        & Domain("date_opened", "<", day)
                    )
                )
            )
        return Domain.OR(domains)

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_readiness_write({name for name, value in vals.items() if value})
        return super().create(vals_list)

    def write(self, vals):
        self._check_readiness_write(set(vals))
        return super().write(vals)

    @api.model
    def _check_readiness_write(self, names):
        if names & _RESULT_FIELDS and not self.env.su:
            raise UserError(
                self.env._("Silence and readiness are worked out from what happened, and cannot be entered.")
            )

    # ACTIONS

    def action_refresh_readiness(self):
        """Work out silence and succession readiness of these customers now."""
        self.check_access("read")
        self._refresh_readiness()
        return True

    def action_set_service_agent(self):
        """Ask who serves the customer behind the salesperson."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Service agent of %(customer)s", customer=self.display_name),
            "res_model": "broker.customer",
            "res_id": self.id,
            "view_mode": "form",
            "views": [(self.env.ref("print_broker_crm.broker_customer_view_form_service_agent").id, "form")],
            "target": "new",
        }

    # CRON

    @api.model
    def _cron_refresh_readiness(self):
        """Refresh the customers of all companies, once a day and in bounded batches.

        A batch and the step of the company's mark are committed together, so a run
        that is killed goes on where it was.
        """
        Cron = self.env["ir.cron"]
        Customer = self.env["broker.customer"].sudo()
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        limit = self._get_readiness_batch_size()
        waiting = sum(Customer.search_count(self._get_readiness_waiting(company)) for company in companies)
        if not Cron._commit_progress(remaining=waiting):
            return
        for company in companies:
            if company.broker_contact_run_at or (
                (company.broker_contact_gathered_at or datetime.min) < company._get_broker_day_start()
            ):
                # The care line's night has not come to it yet.
                for _handled in self.env["broker.contact"]._gather(company):
                    if not Cron._commit_progress(remaining=waiting):
                        return
            # The lock ends with each commit; without it another worker is at the company.
            while company.try_lock_for_update(allow_referencing=True):
                company.invalidate_recordset(["broker_readiness_mark_date", "broker_readiness_mark_id"])
                batch = Customer.search(self._get_readiness_waiting(company), order="id", limit=limit)
                if not batch:
                    break
                batch._refresh_readiness(is_gathered=True)
                company.write(
                    {
                        "broker_readiness_mark_date": company._get_broker_today(),
                        "broker_readiness_mark_id": batch[-1].id,
                    }
                )
                if not Cron._commit_progress(len(batch)):
                    return

    @api.model
    def _get_readiness_waiting(self, company):
        """Return the domain of the customers that today's run has yet to look at."""
        is_today = company.broker_readiness_mark_date == company._get_broker_today()
        return Domain("company_id", "=", company.id) & Domain(
            "id", ">", company.broker_readiness_mark_id if is_today else 0
        )

    @api.model
    def _get_readiness_batch_size(self):
        """Return how many customers are refreshed in one step (technical setting)."""
        return int(self.env["ir.config_parameter"].sudo().get_param("print_broker_crm.readiness_batch_size", 2000))
