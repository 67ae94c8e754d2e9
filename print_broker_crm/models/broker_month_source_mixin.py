from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL


class MonthSource(NamedTuple):
    """How documents of a model count in months.

    `columns` are those on which it depends whether, where and how a row counts; `query`
    selects customer_id and the first and last moment of what counts of some rows. A moment
    is a day earlier and later, whatever the firm's time zone. `is_new_counted`: a row may
    count from its first moment on, and not only when something of it changes.
    """

    columns: frozenset
    query: str
    is_new_counted: bool = False


def _around(moment):
    return f"{moment} - INTERVAL '1 day', {moment} + INTERVAL '1 day'"


SOURCES = {
    "account.move": MonthSource(
        frozenset(
            {
                "amount_untaxed_signed",
                "broker_customer_id",
                "company_id",
                "invoice_currency_rate",
                "invoice_date",
                "move_type",
                "reversed_entry_id",
                "state",
            }
        ),
        """
        SELECT counted.broker_customer_id, counted.invoice_date, counted.invoice_date
          FROM account_move counted
         WHERE counted.id = ANY(%(ids)s) AND counted.state = 'posted'
           AND counted.move_type IN ('out_invoice', 'out_refund')
     UNION ALL
        -- A credit note is compared with what it credits
        SELECT note.broker_customer_id, note.invoice_date, note.invoice_date
          FROM account_move note
         WHERE note.reversed_entry_id = ANY(%(ids)s) AND note.state = 'posted' AND note.move_type = 'out_refund'
        """,
    ),
    "sale.order": MonthSource(
        frozenset(
            {
                "amount_untaxed",
                "broker_claim_case_id",
                "broker_customer_id",
                "broker_date_confirmed",
                "company_id",
                "currency_rate",
                "date_order",
                "state",
            }
        ),
        f"""
        SELECT job.broker_customer_id, {_around("job.date_order")}
          FROM sale_order job
         WHERE job.id = ANY(%(ids)s) AND job.state IN ('sale', 'cancel')
     UNION ALL
        SELECT job.broker_customer_id, {_around("job.broker_date_confirmed")}
          FROM sale_order job
         WHERE job.id = ANY(%(ids)s) AND job.broker_date_confirmed IS NOT NULL
        """,
    ),
    # What was invoiced costs something else now; the other lines for the sake of down payments
    "sale.order.line": MonthSource(
        frozenset({"is_downpayment", "price_subtotal", "product_uom_id", "product_uom_qty", "purchase_price"}),
        """
        SELECT billed.broker_customer_id, billed.invoice_date, billed.invoice_date
          FROM sale_order_line line
          JOIN sale_order_line sold ON sold.order_id = line.order_id
          JOIN sale_order_line_invoice_rel link ON link.order_line_id = sold.id
          JOIN account_move_line charged ON charged.id = link.invoice_line_id
          JOIN account_move billed ON billed.id = charged.move_id AND billed.state = 'posted'
         WHERE line.id = ANY(%(ids)s)
        """,
        is_new_counted=True,
    ),
    "broker.case": MonthSource(
        frozenset({"claim_cost", "company_id", "customer_id", "kind", "opened_at", "state"}),
        f"""
        SELECT customer_id, {_around("opened_at")}
          FROM broker_case
         WHERE id = ANY(%(ids)s) AND state != 'cancelled'
        """,
        is_new_counted=True,
    ),
    "broker.care.call": MonthSource(
        frozenset({"company_id", "customer_id", "date_done", "state"}),
        f"""
        SELECT customer_id, {_around("date_done")}
          FROM broker_care_call
         WHERE id = ANY(%(ids)s) AND state = 'done'
        """,
    ),
    "rating.rating": MonthSource(
        frozenset({"broker_company_id", "broker_role", "consumed", "rated_on", "rating", "res_id", "res_model"}),
        f"""
        SELECT COALESCE(call.customer_id, link.customer_id), {_around("rating.rated_on")}
          FROM rating_rating rating
     LEFT JOIN broker_care_call call ON rating.res_model = 'broker.care.call' AND call.id = rating.res_id
     LEFT JOIN broker_rating_link link ON rating.res_model = 'broker.rating.link' AND link.id = rating.res_id
         WHERE rating.id = ANY(%(ids)s) AND rating.broker_role IS NOT NULL
        """,
        is_new_counted=True,
    ),
    "broker.contact": MonthSource(
        frozenset({"channel", "customer_id", "date", "direction", "role", "user_id"}),
        f"""
        SELECT customer_id, {_around("date")}
          FROM broker_contact
         WHERE id = ANY(%(ids)s)
        """,
        is_new_counted=True,
    ),
}


class BrokerMonthSourceMixin(models.AbstractModel):
    """A document that counts in a customer's month.

    What is written to its table leaves a mark, by whatever way it was written in Odoo: also
    a customer file that follows another contact, or an amount that is computed anew. Marked
    are the months where it counted before and where it counts then; a draft leaves none.
    """

    _name = "broker.month.source.mixin"
    _description = "Document of a Customer Month"

    def unlink(self):
        self._mark_months()
        if self._name == "sale.order":
            # Its lines go with it, and PostgreSQL tells nobody: what was invoiced has no cost any more.
            self.order_line._mark_months()
        return super().unlink()

    @api.model
    def _create(self, data_list):
        records = super()._create(data_list)
        if SOURCES[self._name].is_new_counted:
            records._mark_months()
        return records

    def _write_multi(self, vals_list):
        if all(SOURCES[self._name].columns.isdisjoint(vals) for vals in vals_list):
            return super()._write_multi(vals_list)
        self._mark_months()
        super()._write_multi(vals_list)
        return self._mark_months()

    def _mark_months(self):
        """Mark the months in which these documents count, as they stand in the table."""
        if self.ids:
            self.env["broker.customer.month"]._mark(SQL(SOURCES[self._name].query, ids=self.ids))
