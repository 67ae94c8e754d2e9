from odoo import api, fields, models
from odoo.tools.misc import format_date, formatLang

from .broker_tier_score_work_mixin import SHARE_DIGITS


class BrokerTierScoreExplanationMixin(models.AbstractModel):
    """The page that explains a score line by line, in the reader's language.

    Apart from the model, because it only puts into words what a row holds: it reads
    the row and its policy, and nothing of it is stored.
    """

    _name = "broker.tier.score.explanation.mixin"
    _description = "5A Score: Explanation"

    @api.depends_context("lang", "uid")
    @api.depends("customer_id", "date")
    def _compute_explanation(self):
        for score in self:
            score.explanation = self.env["ir.qweb"]._render(
                "print_broker_crm.broker_tier_score_explanation",
                score._prepare_explanation(),
            )

    @api.depends_context("lang")
    @api.depends("people")
    def _compute_people_explanation(self):
        names = {
            user.id: user.name
            for user in self.env["res.users"]
            .sudo()
            .browse({row["user_id"] for score in self for row in score.people or []})
            .exists()
        }
        for score in self:
            rows = [
                {
                    "name": names.get(row["user_id"], self.env._("Deleted user")),
                    "work": score._format_number(row["work"]),
                    "share": score._format_number(row["share"], SHARE_DIGITS),
                }
                for row in score.people or []
            ]
            score.people_explanation = rows and self.env["ir.qweb"]._render(
                "print_broker_crm.broker_tier_score_people", {"rows": rows}
            )

    def _format_number(self, value, digits=2):
        return formatLang(self.env, value or 0.0, digits=digits)

    def _format_money(self, value):
        return formatLang(self.env, value or 0.0, currency_obj=self.currency_id)

    def _prepare_explanation(self):
        """Return what the page that explains the tier line by line shows."""
        self.ensure_one()
        policy = self.policy_id.sudo()
        dimensions = [self._prepare_dimension(dimension) for dimension in policy.dimension_ids.sorted("sequence")]
        counted = [line for line in dimensions if line["score"]]
        inputs = self.sudo().inputs or {}
        first, last = policy._get_window(self.date)
        return {
            "score": self,
            "policy": policy,
            "first": fields.Date.to_string(first),
            "last": fields.Date.to_string(last),
            "dimensions": dimensions,
            "dimension_total": len(dimensions),
            "sum_points": " + ".join(line["points"] for line in counted),
            "sum_weights": " + ".join(line["weight"] for line in counted),
            "points_total": self._format_number(sum(line["points_value"] for line in counted)),
            "weights_total": self._format_number(sum(line["weight_value"] for line in counted)),
            "total": self._format_number(self.total, 4),
            "band_min": inputs.get("band_min") is not None and self._format_number(inputs["band_min"]),
            "band_max": inputs.get("band_max") is not None and self._format_number(inputs["band_max"]),
            "has_band": bool(self.tier_band_id),
            "cap": self._explain_cap(policy, inputs),
            "is_pending": bool(self.pending_runs),
        }

    def _prepare_dimension(self, dimension):
        score = self[f"{dimension.code}_score"]
        value = self[dimension.code]
        if dimension.code in ("ease", "integrity"):
            show = self._format_number
        else:
            show = self._format_money
        thresholds = [show(threshold) for threshold in dimension._get_thresholds()]
        return {
            "code": dimension.code,
            "label": dimension._get_label(),
            "unit": dimension.unit,
            "score": score,
            "value": show(value),
            "evidence": self._explain_dimension(dimension.code),
            "thresholds": [
                {"step": step, "from": threshold, "reached": score >= step}
                for step, threshold in enumerate(thresholds, start=2)
            ],
            "weight": self._format_number(dimension.weight),
            "weight_value": dimension.weight,
            "points": self._format_number(dimension.weight * score),
            "points_value": dimension.weight * score,
        }

    @api.model
    def _may_see_integrity(self):
        """Return whether the present user reads how somebody paid: what a tier demands is
        everybody's work, the evidence against people is not everybody's to read."""
        return self.env.user.has_groups("print_broker_crm.group_care_officer,print_broker_crm.group_manager")

    def _explain_dimension(self, code):
        if code == "integrity" and not self._may_see_integrity():
            return ""
        inputs = self.sudo().inputs or {}
        if by_hand := (inputs.get("by_hand") or {}).get(code):
            return self._explain_by_hand(by_hand, (inputs.get("by_hand_reasons") or {}).get(code))
        return getattr(self, f"_explain_{code}")(inputs)

    def _explain_by_hand(self, by_hand, why):
        """Return the sentence of a dimension that was judged by hand, with what was said on
        the day of the score. Who may not read the scores by hand reads no reason either."""
        if not why or not self._may_see_integrity():
            return self.env._("Set to %(score)sA by hand.", score=by_hand)
        return self.env._(
            "Set to %(score)sA by hand until %(until)s: %(reason)s",
            score=by_hand,
            until=format_date(self.env, why.get("until")),
            reason=why.get("reason"),
        )

    def _explain_revenue(self, inputs):
        return self.env._(
            "%(invoices)s invoices and %(credit_notes)s credit notes.",
            invoices=inputs.get("invoices", 0),
            credit_notes=inputs.get("credit_notes", 0),
        )

    def _explain_profit(self, inputs):
        return self.env._(
            "%(lines)s invoice lines with a known cost; %(left_out)s left out because their cost is unknown.",
            lines=inputs.get("margin_lines", 0),
            left_out=inputs.get("margin_left_out", 0),
        )

    def _explain_efficiency(self, inputs):
        return self.env._(
            "Profit %(profit)s ÷ %(share)s full-time persons.",
            profit=self._format_money(self.profit),
            share=self._format_number(self.full_time_share, SHARE_DIGITS),
        )

    def _explain_ease(self, inputs):
        return " ".join([self._explain_usual_trouble(inputs), *self._explain_more_trouble(inputs)])

    def _explain_more_trouble(self, inputs):
        """Return a sentence for each kind of trouble that is named only where it happened."""
        policy = self.policy_id.sudo()
        sentences = []
        if number := inputs.get("quotation_revisions"):
            points = self._format_number(policy.trouble_revision_points)
            sentences.append(
                self.env._("Also %(number)s revised quotations × %(points)s.", number=number, points=points)
            )
        if number := inputs.get("job_changes"):
            points = self._format_number(policy.trouble_change_points)
            sentences.append(
                self.env._("Also %(number)s changes after confirmation × %(points)s.", number=number, points=points)
            )
        if number := inputs.get("rush_jobs"):
            points = self._format_number(policy.trouble_rush_points)
            sentences.append(self.env._("Also %(number)s rush jobs × %(points)s.", number=number, points=points))
        return sentences

    def _explain_usual_trouble(self, inputs):
        policy = self.policy_id.sudo()
        return self.env._(
            "100 minus the points of trouble per job, over %(jobs)s jobs: "
            "%(returns)s returned handoffs × %(return_points)s, "
            "%(quotations)s dropped quotations × %(quotation_points)s, "
            "%(credit_notes)s credit notes × %(credit_note_points)s, "
            "%(purchases)s cancelled printing orders × %(purchase_points)s.",
            jobs=inputs.get("jobs", 0),
            returns=inputs.get("returned_handoffs", 0),
            return_points=self._format_number(policy.trouble_return_points),
            quotations=inputs.get("cancelled_quotations", 0),
            quotation_points=self._format_number(policy.trouble_quotation_points),
            credit_notes=inputs.get("credit_notes", 0),
            credit_note_points=self._format_number(policy.trouble_credit_note_points),
            purchases=inputs.get("cancelled_purchases", 0),
            purchase_points=self._format_number(policy.trouble_purchase_points),
        )

    def _explain_integrity(self, inputs):
        evidence = self._explain_payment(inputs)
        if inputs.get("disputed"):
            evidence += " " + self.env._(
                "Minus %(disputed)s disputed of %(billed)s invoiced × %(points)s.",
                disputed=self._format_money(inputs["disputed"]),
                billed=self._format_money(inputs.get("billed")),
                points=self._format_number(self.policy_id.sudo().disputed_share_points),
            )
        return evidence

    def _explain_payment(self, inputs):
        policy = self.policy_id.sudo()
        return self.env._(
            "100 minus %(days)s days late on average × %(day_points)s "
            "(%(documents)s late invoices), minus %(overdue)s overdue now of "
            "%(judged)s due × %(overdue_points)s, minus %(cancelled)s of "
            "%(confirmed)s confirmed orders cancelled × %(cancelled_points)s.",
            days=self._format_number(inputs.get("late_days")),
            day_points=self._format_number(policy.late_day_points),
            documents=inputs.get("late_documents", 0),
            overdue=self._format_money(inputs.get("overdue")),
            judged=self._format_money(inputs.get("judged")),
            overdue_points=self._format_number(policy.overdue_share_points),
            cancelled=inputs.get("cancelled_jobs", 0),
            confirmed=inputs.get("jobs", 0) + inputs.get("cancelled_jobs", 0),
            cancelled_points=self._format_number(policy.cancelled_share_points),
        )

    def _explain_cap(self, policy, inputs):
        if self.capped_by == "integrity":
            return self.env._(
                "Integrity is %(score)sA, and %(limit)sA or less allows at most %(tier)s.",
                score=self.integrity_score,
                limit=policy.integrity_cap_score,
                tier=self.tier_proposed_id.name,
            )
        if self.capped_by == "overdue":
            return self.env._(
                "An invoice is overdue by %(days)s days, and %(limit)s days or more allow at most %(tier)s.",
                days=inputs.get("overdue_days", 0),
                limit=policy.overdue_cap_days,
                tier=self.tier_proposed_id.name,
            )
        return ""
