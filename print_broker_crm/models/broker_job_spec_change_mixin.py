from markupsafe import Markup

from odoo import models


class BrokerJobSpecChangeMixin(models.AbstractModel):
    """What follows when the spec of a confirmed job is changed.

    The job's chatter keeps what was and what is, which also counts as a change after
    the confirmation in the customer's ease. The printing house's order prints the new
    spec from now on; whoever has sent it is told to send it again.
    """

    _name = "broker.job.spec.change.mixin"
    _description = "Job Spec: Changes"

    def _get_snapshots(self):
        """Return {spec: (was it filled?, {label: value})} of the specs of confirmed jobs.

        One that was changed before was filled: what it lacks now, the change took out.
        """
        return {
            spec: (spec.state != "incomplete" or spec.changed_after, dict(spec._get_rows()))
            for spec in self
            if spec.sudo().order_id.state == "sale"
        }

    def _after_added(self):
        """Tell the purchasers that jobs they ordered have a spec now."""
        for spec in self:
            if spec.state != "incomplete" and spec.sudo().order_id.state == "sale":
                spec._tell_purchaser([self.env._("The job spec was filled in.")])

    def _after_changed(self, before):
        """Write down what changed on confirmed jobs, and tell who bought them.

        Filling a spec in for the first time is no change of what was agreed.

        :param before: see `_get_snapshots`
        """
        for spec, (was_filled, old) in before.items():
            new = dict(spec._get_rows())
            changes = [
                self.env._(
                    "%(label)s: %(old)s → %(new)s", label=label, old=old.get(label, "–"), new=new.get(label, "–")
                )
                for label in {**old, **new}
                if old.get(label) != new.get(label)
            ]
            if changes:
                if was_filled:
                    spec._log_changes(changes)
                    if not spec.changed_after:
                        spec.sudo().changed_after = True
                spec._tell_purchaser(changes)

    def _log_changes(self, changes):
        """Note on the job what was changed, under the subtype that the score counts."""
        self.ensure_one()
        line = self.sudo().order_line_id
        line.order_id.message_post(
            body=self._format_changes(
                self.env._("Job spec of %(product)s changed after the confirmation", product=line.product_id.name),
                changes,
            ),
            subtype_xmlid="print_broker_crm.mt_job_spec_changed",
        )

    def _tell_purchaser(self, changes):
        """Note the change on the purchase orders of the line and give their buyers a
        to-do, one per order at a time. A request that was not sent yet needs none."""
        self.ensure_one()
        line = self.sudo().order_line_id
        for purchase in line.purchase_line_ids.order_id.filtered(lambda order: order.state != "cancel"):
            # The customer stays out of what stands on the printing house's order.
            purchase.message_post(
                body=self._format_changes(
                    self.env._("Job spec of %(product)s changed", product=line.product_id.name), changes
                )
            )
            kind = "print_broker_crm.mail_activity_type_job_spec"
            if purchase.state == "draft" or purchase.activity_search([kind]):
                continue
            buyers = purchase.user_id | line.order_id.broker_customer_id.service_user_id | self.env.user
            purchase.with_context(mail_activity_quick_update=True).activity_schedule(
                kind,
                user_id=buyers.filtered("active")[:1].id,
                summary=self.env._("Send the order again: the job spec has changed"),
            )

    def _format_changes(self, title, changes):
        return Markup("<p>%s</p><ul>%s</ul>") % (
            title,
            Markup("").join(Markup("<li>%s</li>") % change for change in changes),
        )
