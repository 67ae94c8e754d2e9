from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL, float_repr, float_round, split_every

# Rows in one statement: PostgreSQL parses thousands of values as fast as hundreds, but keeps the text in memory.
INSERT_BATCH = 1000


class BrokerCommissionEntryAppendMixin(models.AbstractModel):
    """How rows get into the ledger: appended, by one INSERT for all of them.

    Apart from the ORM's `create`, which takes twice as long for a row as working out its
    amount, most of it for caches that nobody reads afterwards. What an ORM record has to
    have, it has: rounding by the currency, the log columns, recomputation of what others
    make depend on entries, and their constraints.
    """

    _name = "broker.commission.entry.append.mixin"
    _description = "Commission Entry: Appending"

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse what does not come from the writer, whoever asks.

        :raises UserError: always, unless there is nothing to create
        """
        self.browse().check_access("create")
        if vals_list:
            raise UserError(
                self.env._(
                    "Commission entries are not made by hand: they come from posted invoices and charged costs. "
                    "Use an adjustment for anything else."
                )
            )
        return super().create(vals_list)

    # BUSINESS

    @api.model
    def _append(self, vals_list):
        """Write entries.

        :param vals_list: list of dicts of column values with `currency_id`, `book` and
            `amount`; amounts in that currency, ids for records
        :return: the entries, in sudo
        """
        Entry = self.sudo()
        vals_list = [{**vals, **self._get_books(vals["book"], vals["amount"])} for vals in vals_list]
        names = sorted({name for vals in vals_list for name in vals})
        converters = {name: self._get_converter(self._fields[name]) for name in names}
        now = self.env.cr.now()
        log = (self.env.uid, now, self.env.uid, now)
        columns = SQL(", ").join(
            map(SQL.identifier, [*names, "create_uid", "create_date", "write_uid", "write_date"]),
        )
        ids = []
        for batch in split_every(INSERT_BATCH, vals_list):
            rows = []
            for vals in batch:
                currency = self.env["res.currency"].browse(vals["currency_id"])
                rows.append((*(converters[name](vals.get(name), currency) for name in names), *log))
            ids += [
                id_
                for [id_] in self.env.execute_query(
                    SQL(
                        "INSERT INTO %s (%s) VALUES %s RETURNING id",
                        SQL.identifier(self._table),
                        columns,
                        SQL(", ").join(rows),
                    )
                )
            ]
        entries = Entry.browse(ids)
        for name in names:
            for inverse in self.pool.field_inverses[self._fields[name]]:
                self.env[inverse.model_name].invalidate_model([inverse.name], flush=False)
        # The books are given; anything else that is computed from an entry is computed as after `create`.
        given = [self._fields[name] for name in names if self._fields[name].compute]
        with self.env.protecting(given, entries):
            entries.modified(names, create=True)
        entries._validate_fields(names)
        return entries

    @api.model
    def _get_converter(self, field):
        """Return the function of a value and a currency that gives what the column of a field holds."""
        if field.type == "monetary":

            def convert(value, currency):
                return float_repr(currency.round(value or 0.0), currency.decimal_places)

        elif field.type == "float" and field.get_digits(self.env):
            _precision, digits = field.get_digits(self.env)

            def convert(value, _currency):
                return float_repr(float_round(value or 0.0, precision_digits=digits), digits)

        else:

            def convert(value, _currency):
                return field.convert_to_column(value, self)

        return convert
