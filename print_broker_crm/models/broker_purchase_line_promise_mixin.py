from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.sql import column_exists, create_column

_PROMISE_FIELDS = frozenset({"broker_promised_date", "broker_arrived_date"})


class BrokerPurchaseLinePromiseMixin(models.AbstractModel):
    """What a printing house promised, frozen when it was ordered, and when it came.

    The expected arrival of Odoo moves with every talk on the phone; the promise does
    not, so that a printing house is measured by its word.
    """

    _name = "broker.purchase.line.promise.mixin"
    _description = "Purchase Order Line: Promise"

    broker_promised_date = fields.Datetime(
        string="Promised",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The expected arrival as it stood when the order was confirmed. It never changes.",
    )
    broker_arrived_date = fields.Datetime(
        string="Came",
        readonly=True,
        copy=False,
        help="When the quantity was received, or the job left the stage of printing; the earlier of the two.",
    )
    broker_days_late = fields.Integer(
        string="Days Late",
        compute="_compute_broker_days_late",
        store=True,
        aggregator="avg",
        help="Days between the promised day and the real one; below zero it came early.",
    )
    broker_late_count = fields.Integer(string="Came Late", compute="_compute_broker_days_late", store=True)
    broker_promise_count = fields.Integer(string="Came So Far", compute="_compute_broker_days_late", store=True)

    def _auto_init(self):
        # On a database full of orders the columns stay empty: nobody noted a promise then.
        for name in ("broker_days_late", "broker_late_count", "broker_promise_count"):
            if not self._abstract and not column_exists(self.env.cr, self._table, name):
                create_column(self.env.cr, self._table, name, "int4")
        return super()._auto_init()

    @api.depends("broker_promised_date", "broker_arrived_date")
    def _compute_broker_days_late(self):
        for line in self:
            days = 0
            is_known = bool(line.broker_promised_date and line.broker_arrived_date)
            if is_known:
                get_day = line.company_id._get_broker_date
                days = (get_day(line.broker_arrived_date) - get_day(line.broker_promised_date)).days
            line.broker_days_late = days
            line.broker_late_count = int(days > 0)
            line.broker_promise_count = int(is_known)

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [{name: value for name, value in vals.items() if name not in _PROMISE_FIELDS} for vals in vals_list]
        self = self.env["broker.customer"]._drop_defaults(self, _PROMISE_FIELDS)
        lines = super().create(vals_list)
        lines._broker_freeze_promises()
        return lines

    def write(self, vals):
        if _PROMISE_FIELDS & set(vals):
            raise UserError(
                self.env._("What a printing house promised, and when it came, is noted by the system and stays.")
            )
        result = super().write(vals)
        if {"qty_received", "qty_received_manual"} & set(vals):
            self.sudo().filtered(lambda line: line.qty_received >= line.product_qty > 0)._broker_note_arrival()
        return result

    # BUSINESS

    def _broker_freeze_promises(self):
        """Keep what is promised for lines that are ordered now; an earlier promise stays."""
        lines = self.sudo().filtered(
            lambda line: line.state == "purchase" and line.date_planned and not line.broker_promised_date
        )
        for day, group in lines.grouped("date_planned").items():
            group._broker_write_promise({"broker_promised_date": day})

    def _broker_note_arrival(self, date=None):
        """Note when lines came, once.

        :param date: naive UTC `datetime`; now when left out
        """
        lines = self.sudo().filtered(lambda line: line.state == "purchase" and not line.broker_arrived_date)
        if lines:
            lines._broker_write_promise({"broker_arrived_date": date or fields.Datetime.now()})

    def _broker_write_promise(self, vals):
        """Write past the guard; not to be had by RPC."""
        past_the_guard = super()
        return past_the_guard.write(vals)

    @api.model
    def _broker_get_promise_figures(self, domain):
        """Return how printing houses kept their word.

        :param domain: `Domain` on purchase order lines
        :return: {printing house: (lines that came, of them late, mean days late)}
        """
        return {
            partner: (count, late, days)
            for partner, count, late, days in self._read_group(
                domain & Domain("broker_promise_count", "=", 1),
                ["partner_id"],
                ["__count", "broker_late_count:sum", "broker_days_late:avg"],
            )
        }
