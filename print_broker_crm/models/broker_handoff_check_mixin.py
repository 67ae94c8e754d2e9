from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_list


class BrokerHandoffCheckMixin(models.AbstractModel):
    """What the system itself finds missing in a handoff.

    Apart from the packet, because this is where the checks grow: each value of the
    requirement's `check_method` has its method here, and nothing here writes.
    """

    _name = "broker.handoff.check.mixin"
    _description = "Handoff: Checks"

    def _get_checked_orders(self):
        """Return the jobs of the handoff, or what is quoted as long as there is none."""
        self.ensure_one()
        jobs = self.order_ids
        jobs = jobs.filtered(lambda order: order.state != "cancel").with_prefetch(jobs._prefetch_ids)
        if jobs:
            return jobs
        quotations = self.lead_id.order_ids
        return quotations.filtered(
            lambda order: order.state in ("draft", "sent") and order.company_id == self.company_id
        ).with_prefetch(quotations._prefetch_ids)

    def _get_check_failures(self, check_method):
        """Look whether the system's own checks pass.

        A further value of `check_method` on the requirement needs a method
        `_get_check_failure_<value>` that returns the reason of one handoff or False, or
        `_get_check_failures_<value>` that returns those of many.

        :param check_method: a value of the requirement's `check_method`
        :return: {handoff: why the check fails}; those that pass are left out
        """
        check_many = getattr(self.sudo(), f"_get_check_failures_{check_method}", None)
        if check_many:
            return check_many()
        check = f"_get_check_failure_{check_method}"
        failures = {}
        for handoff in self:
            reason = getattr(handoff.sudo(), check)()
            if reason:
                failures[handoff] = reason
        return failures

    def _get_check_failure_contact_reachable(self):
        contact = self.lead_id.partner_id or self.customer_id.partner_id
        if any(
            (
                contact.phone,
                contact.email,
                self.customer_id.phone,
                self.customer_id.email,
                self.lead_id.phone,
                self.lead_id.email_from,
            )
        ):
            return False
        return self.env._("%(contact)s has neither a phone nor an e-mail", contact=contact.name)

    def _get_check_failure_order_confirmed(self):
        if any(order.state == "sale" for order in self.order_ids):
            return False
        return self.env._("no order is confirmed yet")

    def _get_check_failure_delivery_date(self):
        orders = self._get_checked_orders()
        missing = orders.filtered(lambda order: not order.commitment_date)
        if missing:
            return self.env._(
                "%(orders)s has no delivery date",
                orders=format_list(self.env, missing.mapped("name")),
            )
        return not orders and self.env._("there is no order yet")

    def _get_check_failure_payment_terms(self):
        orders = self._get_checked_orders()
        missing = orders.filtered(lambda order: not order.payment_term_id)
        if missing:
            return self.env._(
                "%(orders)s has no payment terms",
                orders=format_list(self.env, missing.mapped("name")),
            )
        return not orders and self.env._("there is no order yet")

    def _get_check_failure_cost_known(self):
        orders = self._get_checked_orders()
        lines = orders.order_line.filtered(lambda line: not line.display_type and not line.is_downpayment)
        missing = lines.filtered(lambda line: line.purchase_price <= 0)
        if missing:
            return self.env._(
                "no cost on %(lines)s",
                lines=format_list(
                    self.env,
                    [f"{line.order_id.name}: {line.product_id.display_name}" for line in missing],
                ),
            )
        return not lines and self.env._("there is no order line yet")

    def _get_check_failure_price_known(self):
        lines = self._get_checked_orders().order_line
        missing = lines.filtered(lambda line: not line.display_type and not line.is_downpayment and not line.price_unit)
        return missing and self.env._(
            "no price on %(lines)s",
            lines=format_list(self.env, [f"{line.order_id.name}: {line.product_id.display_name}" for line in missing]),
        )

    def _get_check_failures_job_spec(self):
        orders = {handoff: handoff._get_checked_orders() for handoff in self}
        gaps = self.env["broker.job.spec"]._get_gaps(self.env["sale.order"].union(*orders.values()))
        failures = {}
        for handoff, own in orders.items():
            lines = own.order_line.filtered(gaps.__contains__)
            if lines:
                failures[handoff] = "; ".join(
                    f"{line.order_id.name}, {line.product_id.display_name}: {format_list(self.env, gaps[line])}"
                    for line in lines
                )
        return failures

    def _get_check_failure_promises(self):
        return not self.promises and self.env._("write what was promised, or mark it as not applicable")

    def _get_check_failure_not_sold(self):
        return not self.not_sold and self.env._("write what was not sold, or mark it as not applicable")

    def _get_check_failure_still_open(self):
        return not self.still_open and self.env._("write what is still open, or mark it as not applicable")

    def _get_gaps(self):
        """Return the `broker.handoff.item` records that hold these handoffs up now."""
        # The orders may have changed in this very transaction.
        self.item_ids.invalidate_recordset(["status", "check_failure", "gap_reason"])
        return self.item_ids.filtered("gap_reason")

    def _check_no_gap(self):
        """Raise one message that names every gap of every handoff."""
        message = self._get_gap_message()
        if message:
            raise UserError(message)

    def _get_gap_message(self):
        """Return one message that names every gap of every handoff, or False."""
        gaps = self._get_gaps()
        if not gaps:
            return False
        blocks = []
        for handoff, items in gaps.grouped("handoff_id").items():
            lines = [f"- {item.display_name}: {item.gap_reason}" for item in items]
            blocks.append("\n".join([f"{handoff.name}, {handoff.customer_name}", *lines]))
        return self.env._(
            "The handoff is not complete. Answer these first, or mark them as "
            "not applicable or as unknown with a date:\n%(gaps)s",
            gaps="\n\n".join(blocks),
        )
