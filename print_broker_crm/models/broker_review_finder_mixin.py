from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import format_list
from odoo.tools.misc import format_date


class BrokerReviewFinderMixin(models.AbstractModel):
    """What speaks for a cause: read from the rooms' own rows when a review is opened.

    Every piece names its row. What the care line heard is marked, and no cause is filled
    in from it where everybody could read it.
    """

    _name = "broker.review.finder.mixin"
    _description = "Review: Evidence"

    @api.model
    def _get_evidence_kinds(self):
        """Hook: return {kind of evidence: label}, in the order in which they are shown."""
        return {
            "trend": self.env._("Trend"),
            "gap": self.env._("What Is Missing"),
            "case": self.env._("Case"),
            "late": self.env._("Late Job"),
            "lost": self.env._("Lost Opportunity"),
            "silence": self.env._("Silence"),
            "score": self.env._("Low Score"),
            "elsewhere": self.env._("Printed Elsewhere"),
        }

    def _gather_evidence(self):
        """Write down what is known today of why these customers buy less, and fill in the
        cause where most of what everybody may read speaks of one."""
        Evidence = self.env["broker.review.evidence"].sudo()
        for company, reviews in self.sudo().grouped("company_id").items():
            firm = reviews.with_context(lang=company.partner_id.lang or self.env.lang)
            customers = firm.customer_id
            since = company._get_broker_today() - timedelta(days=company.broker_review_evidence_days)
            rows = {customer: [] for customer in customers}
            for find in firm._get_evidence_finders():
                for customer, values in find(customers, since):
                    rows[customer].append(values)
            Evidence.with_env(firm.env)._add({review: rows[review.customer_id] for review in firm})
            for review in firm.filtered(lambda review: not review.cause):
                counts = review.evidence_ids.filtered(lambda row: not row.is_confidential)._count_causes()
                review.cause = next(iter(counts), False)

    @api.model
    def _get_evidence_finders(self):
        """Hook: return functions of some customers of one company and of the first day that
        counts, which return (customer, values of the evidence), without the review."""
        return [
            self._find_trend_evidence,
            self._find_gap_evidence,
            self._find_case_evidence,
            self._find_late_evidence,
            self._find_lost_evidence,
            self._find_silence_evidence,
            self._find_score_evidence,
            self._find_elsewhere_evidence,
        ]

    def _describe_causes(self, counts):
        """Return the sentence that says how many pieces of evidence speak of which cause."""
        labels = dict(self._fields["cause"]._description_selection(self.env))
        texts = [f"{labels[cause]}: {count}" for cause, count in counts.items()]
        return (
            format_list(self.env, texts) if texts else self.env._("Nothing speaks for a cause yet: ask the customer.")
        )

    # FINDERS

    @api.model
    def _find_trend_evidence(self, customers, since):
        for customer in customers:
            if customer.trend_explanation:
                yield (
                    customer,
                    {
                        "kind": "trend",
                        "day": customer.trend_since,
                        "text": customer.trend_explanation,
                        "res_model": "broker.customer",
                        "res_id": customer.id,
                    },
                )

    @api.model
    def _find_gap_evidence(self, customers, since):
        gaps = self.env["broker.product.gap"].search(
            Domain("customer_id", "in", customers.ids) & Domain("days_late", ">", 0), order="days_late desc, id desc"
        )
        for gap in gaps:
            yield (
                gap.customer_id,
                {
                    "kind": "gap",
                    "day": gap.expected_date,
                    "text": self.env._(
                        "%(product)s: bought on %(times)s days, last on %(last)s, expected by %(expected)s. In its "
                        "last year %(amount)s",
                        product=gap.product_id.display_name,
                        times=gap.times_bought,
                        last=format_date(self.env, gap.last_date),
                        expected=format_date(self.env, gap.expected_date),
                        amount=gap.currency_id.format(gap.amount_year or 0.0),
                    ),
                    "res_model": "sale.order",
                    "res_id": gap.order_id.id,
                },
            )

    @api.model
    def _find_case_evidence(self, customers, since):
        company = customers.company_id
        kinds = dict(self.env["broker.case"]._fields["kind"]._description_selection(self.env))
        causes = dict(self.env["broker.case"]._fields["cause"]._description_selection(self.env))
        speaks_of = {"carrier": "late", "customer": False}
        cases = self.env["broker.case"].search(
            Domain("customer_id", "in", customers.ids)
            & Domain("kind", "in", ("complaint", "claim"))
            & Domain("state", "!=", "cancelled")
            & Domain("opened_at", ">=", company._get_broker_moment(since)),
            order="opened_at desc, id desc",
        )
        for case in cases:
            yield (
                case.customer_id,
                {
                    "kind": "case",
                    "day": company._get_broker_date(case.opened_at),
                    "text": self.env._(
                        "%(kind)s %(case)s: %(title)s (%(cause)s)",
                        kind=kinds[case.kind],
                        case=case.name,
                        title=case.title,
                        cause=causes.get(case.cause) or self.env._("cause not known yet"),
                    ),
                    "cause": speaks_of.get(case.cause, "quality"),
                    "res_model": case._name,
                    "res_id": case.id,
                },
            )

    @api.model
    def _find_late_evidence(self, customers, since):
        company = customers.company_id
        orders = self.env["sale.order"].search(
            Domain("broker_customer_id", "in", customers.ids)
            & Domain("state", "=", "sale")
            & Domain("commitment_date", ">=", company._get_broker_moment(since)),
            order="commitment_date desc, id desc",
        )
        today = company._get_broker_today()
        for order in orders:
            promised = company._get_broker_date(order.commitment_date)
            received = company._get_broker_date(order.broker_receipt_date)
            # Jobs of before the installation are past their receipt, and nobody wrote down its day.
            stage = order.broker_relay_stage_id
            known = received or (stage and stage.code not in ("reconciliation", "done"))
            if not known or (received or today) <= promised:
                continue
            values = {"job": order.name, "promised": format_date(self.env, promised)}
            yield (
                order.broker_customer_id,
                {
                    "kind": "late",
                    "day": promised,
                    "text": self.env._(
                        "%(job)s was promised for %(promised)s and received on %(received)s",
                        received=format_date(self.env, received),
                        **values,
                    )
                    if received
                    else self.env._("%(job)s was promised for %(promised)s and is not received yet", **values),
                    "cause": "late",
                    "res_model": order._name,
                    "res_id": order.id,
                },
            )

    @api.model
    def _find_lost_evidence(self, customers, since):
        company = customers.company_id
        too_expensive = self.env.ref("crm.lost_reason_1", raise_if_not_found=False)
        leads = (
            self.env["crm.lead"]
            .with_context(active_test=False)
            .search(
                Domain("broker_customer_id", "in", customers.ids)
                & Domain("won_status", "=", "lost")
                & Domain("date_closed", ">=", company._get_broker_moment(since)),
                order="date_closed desc, id desc",
            )
        )
        for lead in leads:
            yield (
                lead.broker_customer_id,
                {
                    "kind": "lost",
                    "day": company._get_broker_date(lead.date_closed),
                    "text": self.env._(
                        "%(name)s was lost: %(reason)s",
                        name=lead.name,
                        reason=lead.lost_reason_id.name or self.env._("no reason given"),
                    ),
                    "cause": bool(too_expensive and lead.lost_reason_id == too_expensive) and "price",
                    "res_model": lead._name,
                    "res_id": lead.id,
                },
            )

    @api.model
    def _find_silence_evidence(self, customers, since):
        states = dict(customers._fields["coverage_state"]._description_selection(self.env))
        for customer in customers:
            if customer.coverage_state not in ("sales_silent", "customer_silent", "both_silent"):
                continue
            # The same words for everybody: whether the care line is in touch is not told.
            lines = customer._explain_coverage(customer.coverage_trace, False) if customer.coverage_trace else []
            yield (
                customer,
                {
                    "kind": "silence",
                    "day": customer.coverage_since,
                    "text": "\n".join([states[customer.coverage_state], *lines]),
                    "cause": customer.coverage_state in ("sales_silent", "both_silent") and "contact",
                    "res_model": customer._name,
                    "res_id": customer.id,
                },
            )

    @api.model
    def _find_score_evidence(self, customers, since):
        company = customers.company_id
        speaks_of = {"sales": "contact", "service": "quality"}
        roles = dict(self.env["rating.rating"]._fields["broker_role"]._description_selection(self.env))
        figures = self.env["broker.satisfaction.figure"].search(
            Domain("customer_id", "in", customers.ids)
            & Domain("score", "<=", company.broker_low_score)
            & Domain("date", ">=", since),
            order="date desc, id desc",
        )
        for figure in figures:
            model, res_id = figure._get_document()
            yield (
                figure.customer_id,
                {
                    "kind": "score",
                    "day": figure.date,
                    "text": self.env._("%(role)s: %(score)s of 5", role=roles[figure.role], score=int(figure.score)),
                    "cause": speaks_of[figure.role],
                    "is_confidential": True,
                    "res_model": model,
                    "res_id": res_id,
                },
            )

    @api.model
    def _find_elsewhere_evidence(self, customers, since):
        company = customers.company_id
        calls = self.env["broker.care.call"].search(
            Domain("customer_id", "in", customers.ids)
            & Domain("state", "=", "done")
            & Domain("printed_elsewhere", "=", "yes")
            & Domain("date_done", ">=", company._get_broker_moment(since)),
            order="date_done desc, id desc",
        )
        for call in calls:
            yield (
                call.customer_id,
                {
                    "kind": "elsewhere",
                    "day": company._get_broker_date(call.date_done),
                    "text": self.env._(
                        "Told the care line that they printed elsewhere: %(what)s",
                        what=call.printed_elsewhere_note or self.env._("what was not said"),
                    ),
                    "cause": "competitor",
                    "is_confidential": True,
                    "res_model": call._name,
                    "res_id": call.id,
                },
            )
