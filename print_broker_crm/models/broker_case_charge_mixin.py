from odoo import fields, models
from odoo.fields import Domain


class BrokerCaseChargeMixin(models.AbstractModel):
    """What a settled claim charges to its job, exactly once.

    What a posted credit note took from the job's revenue is in the commission already:
    it is not charged again, and what of it others bear is given back to the job. A charge
    that is not right any more is taken back by a counter-charge, and another one is
    written.
    """

    _name = "broker.case.charge.mixin"
    _description = "Case: Charged Cost"

    # Of the company, as the case says.
    company_currency_id = fields.Many2one("res.currency")
    claim_charge_ids = fields.One2many(
        "broker.commission.charge", "case_id", string="Charged", readonly=True, groups="print_broker_crm.group_manager"
    )
    claim_charged = fields.Monetary(
        string="Charged to the Job",
        currency_field="company_currency_id",
        compute="_compute_claim_charged",
        compute_sudo=True,
        groups="print_broker_crm.group_manager",
    )
    amount_credited = fields.Monetary(
        string="Credited",
        currency_field="company_currency_id",
        compute="_compute_amount_credited",
        compute_sudo=True,
        help="By posted credit notes of this claim, without taxes.",
    )

    def _compute_claim_charged(self):
        sums = dict(
            self.env["broker.commission.charge"]._read_group(
                Domain("case_id", "in", self.ids) & Domain("state", "=", "posted"), ["case_id"], ["amount:sum"]
            )
        )
        for case in self:
            case.claim_charged = sums.get(case._origin, 0.0)

    def _compute_amount_credited(self):
        sums = dict(
            self.env["account.move"]._read_group(
                Domain("broker_case_id", "in", self.ids)
                & Domain("move_type", "=", "out_refund")
                & Domain("state", "=", "posted"),
                ["broker_case_id"],
                ["amount_untaxed_signed:sum"],
            )
        )
        for case in self:
            case.amount_credited = -sums.get(case._origin, 0.0)

    def action_close(self):
        result = super().action_close()
        # A reprint may have become dearer since the claim was settled, or nothing is left
        # of a claim that was taken up again.
        self.sudo()._sync_claim_charges()
        return result

    def action_cancel(self):
        result = super().action_cancel()
        # What was no claim costs nobody anything.
        self.sudo()._sync_claim_charges()
        return result

    def action_reopen(self):
        # What was cancelled is a claim again; what is taken up again keeps its charge.
        back = self.filtered(lambda case: case.state == "cancelled" and case.claim_settled_at)
        result = super().action_reopen()
        back.sudo()._sync_claim_charges()
        return result

    def _after_claim_documents(self):
        """Called after credit notes or reprints of these claims changed."""
        self.sudo().filtered("claim_settled_at")._sync_claim_charges()

    def _sync_claim_charges(self):
        """Bring what these claims charge up to date; doing it again does nothing."""
        Charge = self.env["broker.commission.charge"].sudo()
        self.invalidate_recordset(["amount_credited"])
        for case in self.sudo():
            targets = case._get_charge_targets()
            charges = Charge.search(
                Domain("case_id", "=", case.id) & Domain("state", "=", "posted") & Domain("reversed_id", "=", False)
            ).filtered(lambda charge: not charge.is_reversed)
            right = charges.filtered(
                lambda charge, targets=targets, case=case: (
                    charge.order_id == case.order_id
                    and not charge.currency_id.compare_amounts(charge.amount, targets.get(charge.role, 0.0))
                )
            )
            stale = charges - right
            if stale:
                stale.action_reverse()
            missing = Charge.create(
                [
                    {
                        "order_id": case.order_id.id,
                        "case_id": case.id,
                        "kind": "claim",
                        "role": role,
                        "amount": amount,
                        "date": case.company_id._get_broker_today(),
                        "reason": case.name,
                    }
                    for role, amount in targets.items()
                    if role not in right.mapped("role") and amount
                ]
            )
            if missing:
                missing.action_post()

    def _get_charge_targets(self):
        """Return {role that bears it, or False for the job: amount} of a settled claim.

        Jobs without commission bear nothing; a role without a share leaves its part to
        the job. Together with the credit notes over what was granted it is the cost of the
        claim, so that the job's part may be below zero: the printing house or a role bears
        what a credit note took from everybody.
        """
        self.ensure_one()
        company = self.company_id
        if not self.claim_settled_at or self.state == "cancelled":
            return {}
        roles = set(
            self.env["broker.commission.split"].sudo().search(Domain("order_id", "=", self.order_id.id)).mapped("role")
        )
        currency = company.currency_id
        if not roles:
            return {}
        # What the printing house takes beyond the damage is nobody's bonus, and what was
        # credited beyond what was granted stays with the job.
        cost = 0.0 if company.broker_claim_charge == "none" else currency.round(max(self.claim_cost, 0.0))
        credited = currency.round(min(self.amount_credited, self.claim_damage - self.reprint_cost))
        targets = {}
        if company.broker_claim_charge == "fault":
            for role in ("sales", "service"):
                amount = currency.round(cost * self[f"fault_{role}"] / 100.0)
                if role in roles and amount > 0:
                    targets[role] = amount
        own = currency.round(cost - sum(targets.values()) - credited)
        return targets if currency.is_zero(own) else {**targets, False: own}
