from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerFigureMixin(models.AbstractModel):
    """Figures of the care line: one row per document, to be counted by person and month.

    Nothing of it is stored; a look at the rows themselves. Months are those of each
    company's own time zone. Every figure opens the rows it is made of, and each row its
    document.
    """

    _name = "broker.figure.mixin"
    _description = "Figures of the Care Line"

    company_id = fields.Many2one("res.company", readonly=True)
    customer_id = fields.Many2one("broker.customer", readonly=True)
    tier_id = fields.Many2one("broker.tier", readonly=True, help="Where the customer stands today.")
    user_id = fields.Many2one("res.users", string="Person", readonly=True)

    @api.model
    def _get_firm_query(self):
        """Return the SELECT of every company's id, time zone and present day."""
        companies = self.env["res.company"].sudo().search(Domain.TRUE)
        return SQL(
            "SELECT * FROM UNNEST(%s::int[], %s::varchar[], %s::date[]) AS firm (company_id, zone, today)",
            companies.ids,
            [company._get_broker_tz() for company in companies],
            [company._get_broker_today() for company in companies],
        )

    @api.model
    def _get_local_day(self, moment):
        """Return the SQL of the firm's day of a stored moment.

        :param moment: `SQL` of a naive UTC timestamp; the query knows `firm`
        """
        return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE firm.zone)::date", moment)

    # ACTIONS

    def _get_document(self):
        """Hook: return the model and id of what a row is about."""
        raise NotImplementedError

    def action_open(self):
        """Open the document that the row is about."""
        self.ensure_one()
        model, res_id = self._get_document()
        return {"type": "ir.actions.act_window", "res_model": model, "res_id": res_id, "view_mode": "form"}
