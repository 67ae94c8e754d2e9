from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import format_list

from . import broker_case_arbitration_mixin as arbitration
from . import broker_case_claim_mixin as claim

# What not everybody may say.
ARBITRATION_FIELDS = arbitration.DECISION_FIELDS | arbitration.STATEMENT_FIELDS
CLAIM_FIELDS = claim.DECISION_FIELDS
# The heavier kinds come later.
KINDS = ("enquiry", "complaint", "claim", "arbitration")
# What people fill in; everything else is written by the steps of the case.
ENTRY_FIELDS = frozenset(
    {
        "customer_id",
        "partner_id",
        "order_id",
        "title",
        "description",
        "kind",
        "severity",
        "user_id",
        "cause",
        "printing_house_id",
        "outcome",
        "corrective_action",
        "private_note",
    }
)


class BrokerCaseEntryMixin(models.AbstractModel):
    """What people may enter into a case, and what they may point at.

    Apart from the case, because every door leads through here: forms, imports, RPC and the
    defaults of a context.
    """

    _name = "broker.case.entry.mixin"
    _description = "Case: Entry"

    @api.model
    def _get_companion_fields(self):
        """Hook: return the names of fields around the case that are no part of it."""
        mixins = ("mail.thread", "mail.activity.mixin")
        return {name for mixin in mixins for name in self.env[mixin]._fields}

    @api.model
    def _get_entry_fields(self):
        """Hook: return the names of the fields that people fill in."""
        return ENTRY_FIELDS | self._get_arbitration_entry_fields() | self._get_claim_entry_fields()

    @api.model
    def _check_entry(self, names):
        """Refuse what a person may not enter on a new case."""
        refused = names - self._get_entry_fields() - self._get_companion_fields()
        if refused:
            raise UserError(
                self.env._(
                    "A case moves by its buttons only; %(fields)s cannot be entered.",
                    fields=format_list(self.env, sorted(refused)),
                )
            )

    def _check_entered(self):
        """Refuse on a new case what the present user could not write on it either."""
        for case in self:
            names = {name for name in ARBITRATION_FIELDS | CLAIM_FIELDS if case.sudo()[name]}
            case._check_arbitration_write(names)
            case._check_claim_write(names)

    def _check_write(self, names, vals):
        """Guard what the steps write, and what is over, against everybody.

        :param names: set of the field names about to be written
        """
        self._check_entry(names)
        if "customer_id" in names and any(case.customer_id.id != vals["customer_id"] for case in self):
            raise UserError(
                self.env._("A case stays with its customer. Cancel it, and open another one for the other customer.")
            )
        over = self.filtered(lambda case: case.state in ("closed", "cancelled"))
        if over:
            raise UserError(
                self.env._(
                    "%(cases)s is over and stays as it is. Reopen it to go on.",
                    cases=format_list(self.env, over.mapped("name")),
                )
            )
        self._check_links([vals])
        self._check_not_lighter(vals)
        self._check_arbitration_write(names)
        self._check_claim_write(names)

    @api.model
    def _get_call_from_context(self):
        """Return the care call during which the present user opens a case, or none."""
        Call = self.env["broker.care.call"]
        call = Call.browse(self.env.context.get("default_care_call_id") or ())
        return call if call and self._may_judge() and call.has_access("read") else Call

    @api.model
    def _complete_links(self, vals_list, call=None):
        """Return the values of new cases with what they link to, and refuse what the
        present user may not see: numbers can be guessed, in values and in defaults.

        :param call: `broker.care.call` from which they are opened
        """
        names = ["customer_id", "order_id", "partner_id", "user_id"]
        completed = []
        for vals in vals_list:
            missing = [name for name in names if name not in vals]
            vals = {**self.default_get(missing), **vals}
            order = self.env["sale.order"].browse(vals.get("order_id") or ())
            if order:
                if not self.env.su:
                    order.check_access("read")
                vals["customer_id"] = vals.get("customer_id") or order.sudo().broker_customer_id.id
                if not self.env.su:
                    vals["source"] = "job"
            if call and call.customer_id.id == vals.get("customer_id"):
                vals.update({"care_call_id": call.id, "source": "call"})
            if not vals.get("customer_id"):
                raise UserError(self.env._("Whose case is it? Choose the customer."))
            completed.append(vals)
        self._check_links(completed)
        return completed

    @api.model
    def _check_links(self, vals_list):
        """Raise unless the present user may see what they point at."""
        if self.env.su:
            return
        for name, model in (
            ("customer_id", "broker.customer"),
            ("order_id", "sale.order"),
            ("partner_id", "res.partner"),
        ):
            ids = {vals[name] for vals in vals_list if vals.get(name)}
            self.env[model].browse(ids).check_access("read")

    def _check_not_lighter(self, vals):
        """Only the care line and the managers make a case lighter: a complaint is often
        about somebody who works on it."""
        if self._may_judge():
            return
        for case in self:
            kind, severity = vals.get("kind", case.kind), vals.get("severity", case.severity)
            if KINDS.index(kind) < KINDS.index(case.kind) or int(severity) < int(case.severity):
                raise UserError(
                    self.env._(
                        "%(case)s: only the care line and managers make a case lighter. Tell them why.",
                        case=case.name,
                    )
                )

    @api.model
    def _fill_names(self, vals_list):
        """Number new cases, drawn by company."""
        customers = self.env["broker.customer"].sudo().browse([vals["customer_id"] for vals in vals_list])
        for vals, customer in zip(vals_list, customers, strict=True):
            if not vals.get("name") or vals["name"] == "/":
                sequence = self.env["ir.sequence"].sudo().with_company(customer.company_id)
                vals["name"] = sequence.next_by_code("broker.case") or "/"

    # RIGHTS

    @api.model
    def _may_judge(self):
        """Return whether the present user is of the care line or a manager."""
        user = self.env.user
        return (
            self.env.su
            or user.has_group("print_broker_crm.group_care_officer")
            or user.has_group("print_broker_crm.group_manager")
        )
