from collections import defaultdict

from odoo import api, models
from odoo.tools import float_compare


class BrokerCommissionEntryJobMixin(models.AbstractModel):
    """What an invoice's commission owes to the rest of its job.

    Under most plans every invoice stands alone. A floor of the margin and a release
    that begins with the down payment look at all invoices of the job together.
    """

    _name = "broker.commission.entry.job.mixin"
    _description = "Commission Entry: Whole Jobs"

    @api.model
    def _get_job_figures(self, splits):
        """Return {job id: figures} of the jobs that are looked at as a whole.

        :param splits: `broker.commission.split` records; those under a plan that needs
            it name the jobs
        :return: dict of `margin`, in percent of the revenue (None without revenue),
            `pool`, both over all posted invoices and credit notes, and `ratio`, the
            released part under a plan that begins with the down payment (None for a
            job without one)
        """
        splits = splits.filtered(lambda split: split.plan_id._looks_at_whole_jobs())
        jobs = splits.order_id
        if not jobs:
            return {}
        moves = jobs.order_line.invoice_lines.move_id.filtered(lambda move: move.state == "posted")
        bases = self._get_bases(moves)
        parts = self._get_collected_parts(moves | moves.reversed_entry_id.filtered(lambda move: move.state == "posted"))
        by_rule = self._get_splits(jobs).grouped(lambda split: (split.order_id.id, split.rule_id.id))
        sums = defaultdict(lambda: [0.0, 0.0, 0.0])
        for (_move, job, rule), (revenue, cost) in bases.items():
            total = sums[job.id]
            total[0] += revenue
            total[1] += cost
            split = by_rule.get((job.id, rule.id), splits.browse())[:1]
            total[2] += (revenue - cost if split.base == "margin" else revenue) * split.rate / 100.0
        return {
            job.id: {
                "margin": (sums[job.id][0] - sums[job.id][1]) / sums[job.id][0] * 100.0
                if sums[job.id][0] > 0
                else None,
                "pool": sums[job.id][2],
                "ratio": self._get_job_ratio(job, parts),
            }
            for job in jobs
        }

    @api.model
    def _get_job_ratio(self, job, parts):
        """Return the released part of a job whose release begins with the down payment.

        ½ × the collected part of the down payments, once nothing of them is open, and
        ½ × the collected part of the whole job, once all of it is invoiced and nothing
        of it is open. What was closed without money lowers the part, but does not keep
        the rest back for ever.

        :param parts: see `_get_collected_parts`
        :return: 0 to 1, or None where there is no down payment to wait for
        """
        documents = job.order_line.invoice_lines.move_id.filtered(lambda move: move.state != "cancel")
        downs = (
            job.order_line.filtered("is_downpayment")
            .invoice_lines.filtered(lambda line: line.quantity * line.price_unit > 0)
            .move_id.filtered(
                lambda move: (
                    move.state == "posted" and move.move_type == "out_invoice" and move.payment_state != "reversed"
                )
            )
        )
        if not downs:
            return None
        is_invoiced = job.state == "cancel" or job.invoice_status in ("invoiced", "upselling")
        return 0.5 * self._get_closed_part(downs, parts) + 0.5 * (
            self._get_closed_part(documents, parts) if is_invoiced else 0.0
        )

    @api.model
    def _get_closed_part(self, documents, parts):
        """Return the part of some documents that was collected, or 0 while one is open."""
        if any(move.state != "posted" or not move.currency_id.is_zero(move.amount_residual) for move in documents):
            return 0.0
        invoices = documents.filtered(lambda move: move.move_type == "out_invoice")
        total = sum(invoices.mapped("amount_total_signed"))
        if not total:
            return 1.0
        return sum(move.amount_total_signed * parts[move.id] for move in invoices) / total

    @api.model
    def _is_under_floor(self, plan, job_figures):
        """Tell whether a job's margin is too thin for its plan to pay anything.

        A job that lost money is not spared by the floor: the loss counts.

        :param job_figures: see `_get_job_figures`, or none
        """
        return bool(
            plan.margin_floor
            and job_figures
            and job_figures["margin"] is not None
            and job_figures["pool"] > 0
            and float_compare(job_figures["margin"], plan.margin_floor, precision_digits=2) < 0
        )
