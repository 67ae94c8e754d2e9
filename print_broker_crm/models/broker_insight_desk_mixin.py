from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

# What the service desk earns and what it costs, as `broker.desk.figure` tells them apart.
EARNED_KINDS = ("repeat", "referral", "inherited")
SPENT_KINDS = {"commission": "desk_commission", "claim": "desk_claim_cost"}


class BrokerInsightDeskMixin(models.AbstractModel):
    """The profit and loss of the service desk.

    What it earns is the margin of repeat orders, of customers who came by referral and of
    customers whose salesperson left; what it costs is its commission and its claims. An
    invoice line is of one kind alone, see `broker.desk.figure`.
    """

    _name = "broker.insight.desk.mixin"
    _description = "Figures of a Month: Service Desk"

    @api.model
    def _get_desk_figures(self, company, months):
        """Return {key: {month: value}}; costs are positive and the result is what is left."""
        figures = {key: dict.fromkeys(months, 0.0) for key in self._get_desk_keys()}
        for month in months:
            sums = self._get_desk_sums(company, month)
            for kind, key in self._get_desk_kinds().items():
                figures[key][month] = (-1 if kind in SPENT_KINDS else 1) * sums.get(kind, 0.0)
            # Of what is shown, so that the page adds up
            figures["desk_result"][month] = company.currency_id.round(sum(sums.values()))
        return figures

    @api.model
    def _get_desk_kinds(self):
        """Return {kind of row: key of the figure}."""
        return {**{kind: f"desk_margin_{kind}" for kind in EARNED_KINDS}, **SPENT_KINDS}

    @api.model
    def _get_desk_keys(self):
        return [*self._get_desk_kinds().values(), "desk_result"]

    @api.model
    def _get_desk_sums(self, company, month):
        """Return {kind: sum of the amounts, rounded by the company's currency}, what is spent
        being negative."""
        Figure = self.env["broker.desk.figure"].sudo()
        Figure._flush_sources()
        rows = self.env.execute_query(
            SQL(
                "SELECT kind, SUM(amount) FROM (%s) desk GROUP BY kind",
                Figure._get_query(company, month, self._get_last_day(month)),
            )
        )
        return {kind: company.currency_id.round(float(amount)) for kind, amount in rows}

    @api.model
    def _get_desk_action(self, key, company, month):
        """Return the action that shows the rows of a figure of these, or nothing."""
        if key not in self._get_desk_keys():
            return None
        last = self._get_last_day(month)
        domain = self._get_dates_domain(company, month, last)
        kinds = [kind for kind, known in self._get_desk_kinds().items() if known == key]
        if kinds:
            domain &= Domain("kind", "in", kinds)
        return self._prepare_action(
            "broker_desk_figure_action",
            domain,
            {"desk_from": str(month), "desk_to": str(last), **({} if kinds else {"group_by": ["kind"]})},
            modes=("list", "kanban", "pivot", "graph"),
        )
