import json

from odoo import models
from odoo.tools import format_date


class BrokerCommissionEntryExplanationMixin(models.AbstractModel):
    """What an entry says of itself: the figures it was worked out from, in words."""

    _name = "broker.commission.entry.explanation.mixin"
    _description = "Commission Entry: Explanation"

    def _get_explanation_lines(self):
        """Return the arithmetic of an entry in words, a list of lines."""
        self.ensure_one()
        trace = json.loads(self.trace or "{}")

        def money(value):
            return self.currency_id.format(value or 0.0)

        if trace.get("charge"):
            lines = [
                self.env._("%(charge)s: %(reason)s", charge=trace["charge"], reason=trace["reason"]),
                self.env._("Borne by this share alone, in full."),
            ]
            if trace.get("stopped") and not self.user_id:
                lines.append(
                    self.env._(
                        "The payee left on %(day)s: what is charged later is nobody's under this plan.",
                        day=format_date(self.env, trace["stopped"]),
                    )
                )
            elif trace.get("payee_changed"):
                lines.append(self.env._("The share went to another person."))
            lines.append(
                self.env._(
                    "Charged %(target)s, less already written %(written)s = %(amount)s",
                    target=money(trace.get("target")),
                    written=money(trace.get("written")),
                    amount=money(self.amount),
                )
            )
            return lines
        lines = []
        if trace.get("stopped") and not self.user_id:
            lines.append(
                self.env._(
                    "The payee left on %(day)s: what was not released by then is nobody's under this plan.",
                    day=format_date(self.env, trace["stopped"]),
                )
            )
        elif trace.get("payee_changed"):
            lines.append(self.env._("The share went to another person."))
        elif not self.base_amount and not trace.get("pool"):
            lines.append(self.env._("The invoice is not posted any more, or bears none."))
        else:
            lines.append(
                self.env._(
                    "Revenue %(revenue)s less cost %(cost)s; base %(base)s × %(rate)s %% = pool %(pool)s",
                    revenue=money(trace.get("revenue")),
                    cost=money(trace.get("cost")),
                    base=money(self.base_amount),
                    rate=f"{self.rate:g}",
                    pool=money(trace.get("pool")),
                )
            )
            if trace.get("charged"):
                lines.append(
                    self.env._(
                        "The costs of the job include %(amount)s that were charged to it.",
                        amount=money(trace["charged"]),
                    )
                )
            if trace.get("floor") is not None:
                lines.append(
                    self.env._(
                        "The job's margin of %(margin)s %% is under the plan's floor of %(floor)s %%: it pays nothing.",
                        margin=f"{trace['floor']:.2f}",
                        floor=f"{trace['floor_percent']:g}",
                    )
                )
            elif trace.get("held"):
                lines.append(self.env._("Held until the handoff is accepted."))
            elif self.book == "released":
                lines.append(
                    self.env._(
                        "Released: %(ratio)s %% of the pool = %(pool)s",
                        ratio=f"{self.paid_ratio * 100:.2f}",
                        pool=money(trace.get("released_pool")),
                    )
                )
        if trace.get("stopped") and self.user_id:
            lines.append(
                self.env._(
                    "Left on %(day)s and keeps what was released by then.",
                    day=format_date(self.env, trace["stopped"]),
                )
            )
        lines.append(
            self.env._(
                "Share %(share)s %% = %(target)s, less already written %(written)s = %(amount)s",
                share=f"{self.share:g}",
                target=money(trace.get("target")),
                written=money(trace.get("written")),
                amount=money(self.amount),
            )
        )
        return lines
