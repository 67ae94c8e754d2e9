from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .broker_case_clock_mixin import OPEN_STATES


class BrokerCase(models.Model):
    """Something a customer asks, complains about or claims, until it is closed.

    Two clocks run in the firm's working hours, to the first answer and to the solution;
    waiting for the customer or for a printing house stops the second one. The status is
    written by the steps alone.
    """

    _name = "broker.case"
    _description = "Case"
    _inherit = [
        "broker.masking.mixin",
        "broker.phone.list.mixin",
        "broker.case.claim.mixin",
        "broker.case.remedy.mixin",
        "broker.case.charge.mixin",
        "broker.case.mail.mixin",
        "broker.case.portal.mixin",
        "broker.case.crisis.mixin",
        "broker.case.entry.mixin",
        "broker.case.clock.mixin",
        "broker.case.rhythm.mixin",
        "broker.case.escalation.mixin",
        "broker.case.flow.mixin",
        "broker.case.arbitration.mixin",
        "mail.thread",
        "mail.activity.mixin",
        "broker.case.playbook.mixin",
        "broker.month.source.mixin",
    ]
    _order = "severity desc, next_deadline, id desc"
    _phone_list_order = "next_deadline, severity desc, id desc"
    _check_company_auto = True
    _allow_sudo_commands = False

    name = fields.Char(string="Number", required=True, readonly=True, copy=False, default="/", index="trigram")
    title = fields.Char(
        string="What It Is About", required=True, tracking=True, help="One line; the customer reads it."
    )
    description = fields.Text(string="What Happened", help="In the customer's words, for those who work on it.")
    customer_id = fields.Many2one(
        # No company is checked: it is the customer's own, and nothing to choose from before.
        "broker.customer",
        required=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(related="customer_id.company_id", store=True, index=True, precompute=True)
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    commercial_partner_id = fields.Many2one(related="customer_id.partner_id", string="Invoiced To")
    tier_id = fields.Many2one(related="customer_id.tier_id")
    partner_id = fields.Many2one(
        "res.partner",
        string="Contact Person",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        domain="[('commercial_partner_id', '=', commercial_partner_id)]",
        help="Who of the customer asked; gets the answers by e-mail.",
    )
    order_id = fields.Many2one(
        "sale.order",
        string="Job",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain="[('broker_customer_id', '=', customer_id)]",
    )
    kind = fields.Selection(
        [("enquiry", "Enquiry"), ("complaint", "Complaint"), ("claim", "Claim"), ("arbitration", "Arbitration")],
        required=True,
        default="enquiry",
        index=True,
        tracking=True,
        help="Enquiry: a question. Complaint: something went wrong. Claim: the customer wants money or a reprint. "
        "Arbitration: sales and service do not agree; a manager hears both and decides.",
    )
    severity = fields.Selection(
        [("0", "Minor"), ("1", "Normal"), ("2", "Serious"), ("3", "Crisis")],
        required=True,
        default="1",
        tracking=True,
    )
    source = fields.Selection(
        [
            ("by_hand", "By hand"),
            ("call", "Call"),
            ("job", "Job"),
            ("email", "E-mail"),
            ("portal", "Customer portal"),
        ],
        required=True,
        readonly=True,
        default="by_hand",
    )
    cause = fields.Selection(
        [
            ("sales", "Sales"),
            ("service", "Service"),
            ("printing_house", "Printing house"),
            ("carrier", "Carrier"),
            ("customer", "Customer"),
        ],
        tracking=True,
        help="Where it went wrong; needed before a complaint, a claim or an arbitration is closed.",
    )
    printing_house_id = fields.Many2one(
        "res.partner",
        compute="_compute_printing_house_id",
        store=True,
        readonly=False,
        index="btree_not_null",
        domain="[('is_company', '=', True)]",
        groups="print_broker_crm.group_service_agent,print_broker_crm.group_manager",
        help="Who printed the job, where it was one printing house.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Answers for It",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        tracking=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    role = fields.Selection(
        [("sales", "Sales"), ("service", "Service"), ("care", "Care line")],
        compute="_compute_role",
        store=True,
        precompute=True,
        help="In which role with the customer somebody came to answer for the case; it goes to the next in that role.",
    )
    salesperson_id = fields.Many2one(related="customer_id.user_id", string="Salesperson")
    service_user_id = fields.Many2one(related="customer_id.service_user_id")
    state = fields.Selection(
        [
            ("new", "New"),
            ("working", "In Work"),
            ("waiting_customer", "Waits for the Customer"),
            ("waiting_printing_house", "Waits for the Printing House"),
            ("solved", "Solved"),
            ("closed", "Closed"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="new",
        copy=False,
        index=True,
        tracking=True,
        group_expand="_group_expand_state",
    )
    outcome = fields.Text(help="What became of it: what the customer got, and whether they are content.")
    corrective_action = fields.Text(help="What the firm does so that it does not happen again.")
    care_call_id = fields.Many2one(
        "broker.care.call",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="print_broker_crm.group_care_officer,print_broker_crm.group_manager",
    )
    private_note = fields.Text(
        string="Note of the Care Line",
        groups="print_broker_crm.group_care_officer,print_broker_crm.group_manager",
        help="Read by the care line and the managers only.",
    )
    period_ids = fields.One2many("broker.case.period", "case_id", string="Periods", readonly=True)

    _open_user_idx = models.Index(
        "(user_id, customer_id) WHERE state IN ('new', 'working', 'waiting_customer', 'waiting_printing_house')"
    )
    _closed_idx = models.Index("(customer_id, closed_at) WHERE closed_at IS NOT NULL")
    _portal_key_uniq = models.UniqueIndex(
        "(portal_key) WHERE portal_key IS NOT NULL", "This message has reached us already."
    )

    @api.depends("name", "title")
    @api.depends_context("uid")
    def _compute_display_name(self):
        for case in self:
            case.display_name = " · ".join(text for text in (case.name, case.title) if text)
        self._broker_mask_display_names()

    @api.depends("customer_id", "order_id")
    def _compute_partner_id(self):
        for case in self:
            customer = case.customer_id.sudo().partner_id
            ordered_by = case.order_id.sudo().partner_id
            case.partner_id = ordered_by if ordered_by.commercial_partner_id == customer else customer

    @api.depends("order_id")
    def _compute_printing_house_id(self):
        for case in self:
            printing_houses = case.order_id.sudo()._broker_get_printing_houses()
            case.printing_house_id = printing_houses if len(printing_houses) == 1 else False

    @api.depends("customer_id", "kind")
    def _compute_user_id(self):
        """Service answers, else sales; an arbitration is a manager's. Whoever has the case
        keeps it when it turns into something else."""
        for case in self:
            if not case.customer_id:
                case.user_id = False
            elif not case.user_id or not case._origin or case.kind == "arbitration":
                case.user_id = case.sudo()._get_default_person()

    @api.depends("user_id")
    def _compute_role(self):
        """Whoever has another role than sales or care, or none, answers as service does."""
        for case in self:
            customer = case.customer_id.sudo()
            case.role = "service"
            if case.user_id and case.user_id != customer.service_user_id:
                if case.user_id == customer.partner_id.user_id:
                    case.role = "sales"
                elif case.user_id == customer.care_user_id:
                    case.role = "care"

    @api.model
    def _group_expand_state(self, states, domain):
        """Show the columns in which work is done, also when they are empty."""
        return [state for state, _label in self._fields["state"].selection if state in (*OPEN_STATES, "solved")]

    # CHECKS: the messages name nothing that the reader may not see

    @api.constrains("partner_id", "customer_id")
    def _check_partner(self):
        for case in self.sudo():
            if case.partner_id and case.partner_id.commercial_partner_id != case.customer_id.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(case)s: choose a contact person of %(customer)s.",
                        case=case.display_name,
                        customer=case.customer_id.display_name,
                    )
                )

    @api.constrains("order_id", "customer_id")
    def _check_order(self):
        for case in self.sudo():
            if case.order_id and case.order_id.broker_customer_id != case.customer_id:
                raise ValidationError(
                    self.env._(
                        "%(case)s: choose a job of %(customer)s.",
                        case=case.display_name,
                        customer=case.customer_id.display_name,
                    )
                )

    @api.constrains("user_id", "company_id")
    def _check_user(self):
        for case in self.sudo():
            user = case.user_id
            if user and (user.share or case.company_id not in user.company_ids):
                raise ValidationError(
                    self.env._(
                        "%(user)s does not work for %(company)s and cannot answer for %(case)s.",
                        user=user.name,
                        company=case.company_id.name,
                        case=case.display_name,
                    )
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            for vals in vals_list:
                self._check_entry(set(vals))
            call = self._get_call_from_context()
            self = self.env["broker.customer"]._drop_defaults(self, set(self._fields) - self._get_entry_fields())
            vals_list = self._complete_links(vals_list, call)
        else:
            vals_list = self._complete_links(vals_list)
        self._fill_names(vals_list)
        cases = super().create(vals_list)
        if not self.env.su:
            cases._check_entered()
        cases._begin()
        cases._after_open()
        return cases

    def write(self, vals):
        names = set(vals) - self._get_companion_fields()
        if names and not self.env.su:
            self._check_write(names, vals)
        # An arbitration goes to a manager by itself.
        before = {case: case.user_id for case in self} if {"user_id", "kind"} & set(vals) else {}
        result = super().write(vals)
        changed = self.filtered(lambda case: case in before and before[case] != case.user_id)
        if changed:
            changed._move_answer_activity()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A case is never deleted: cancel it, and say why."))

    # PEOPLE

    def _get_default_person(self, without=None):
        """Hook: return who answers for this case when nobody was named: service, else
        sales; a manager for an arbitration, or where there is nobody.

        :param without: `res.users` who cannot, because they leave
        """
        self.ensure_one()
        customer = self.customer_id
        company = customer.company_id or self.env.company
        leaving = without or self.env["res.users"]
        people = customer.service_user_id | customer.partner_id.user_id | customer.care_user_id
        if self.kind == "arbitration":
            people = self.env["res.users"]
        people |= self._get_case_managers(company)
        return (people - leaving).filtered(lambda user: user.active and company in user.company_ids)[:1]

    @api.model
    def _get_case_managers(self, company):
        """Return the managers who are told about cases of a company, in sudo; the one to
        whom the care line answers comes first."""
        managers = self.env.ref("print_broker_crm.group_manager").sudo().all_user_ids
        people = company.sudo().broker_care_manager_id | managers.sorted("id")
        return people.filtered(lambda user: user.active and not user.share and company in user.company_ids)

    # BUSINESS

    @api.model
    def _open(self, vals_list):
        """Open cases in the name of the firm: from a call, an e-mail, the portal.

        Whether the same matter has a case already is for the caller to know.

        :param vals_list: list of values; `customer_id` or `order_id`, and `title` are
            needed, `source` and `care_call_id` may be given
        :return: the cases, in sudo
        """
        return self.sudo().create(vals_list)

    def _after_open(self):
        """Hook: called after cases were opened, in whatever way."""

    def _after_close(self):
        """Hook: called after cases were closed; the care line asks how it went by
        `closed_at`."""

    @api.model
    def _get_open_domain(self):
        """Return which cases are not solved yet."""
        return Domain("state", "in", OPEN_STATES)

    # WHO READS

    def _broker_get_typed_fields(self):
        return super()._broker_get_typed_fields() | {"title"}

    def _broker_get_typed(self):
        """Add what the customer reads of a case."""
        return {**super()._broker_get_typed(), "title": (self.env._("title"), self.title or "")}

    def _broker_get_readers(self):
        return self.partner_id | self.customer_id.partner_id

    def _broker_get_other_side(self):
        return self.sudo().order_id._broker_get_other_side() | self.sudo().printing_house_id
