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

        :param vals_list: list of dicts of the same columns, among them `currency_id`,
            `book` and `amount`; amounts in that currency, ids for records
        :return: the entries, in sudo
        """
        Entry = self.sudo()
        amounts = [name for name in vals_list[0] if self._fields[name].type == "monetary"]
        rows = []
        for vals in vals_list:
            currency = self.env["res.currency"].browse(vals["currency_id"])
            row = {**vals, **{name: currency.round(vals[name]) for name in amounts}}
            row.update(self._get_books(row["book"], row["amount"]))
            rows.append(row)
        names = list(rows[0])
        columns = [self._get_column(self._fields[name], rows) for name in names]
        now = self.env.cr.now()
        log = {"create_uid": self.env.uid, "create_date": now, "write_uid": self.env.uid, "write_date": now}
        columns += [[value] * len(rows) for value in log.values()]
        ids = []
        for batch in split_every(INSERT_BATCH, zip(*columns, strict=True), list):
            ids += [
                id_
                for [id_] in self.env.execute_query(
                    SQL(
                        "INSERT INTO %s (%s) VALUES %s RETURNING id",
                        SQL.identifier(self._table),
                        SQL(", ").join(map(SQL.identifier, [*names, *log])),
                        SQL(", ").join(batch),
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
    def _get_column(self, field, rows):
        """Return what the column of a field holds in some rows.

        :param rows: list of dicts of values, amounts rounded
        """
        values = [row[field.name] for row in rows]
        if field.type == "monetary":
            places = {row["currency_id"]: 0 for row in rows}
            for currency in self.env["res.currency"].browse(places):
                places[currency.id] = currency.decimal_places
            return [float_repr(value, places[row["currency_id"]]) for value, row in zip(values, rows, strict=True)]
        if field.type == "float" and field.get_digits(self.env):
            _precision, digits = field.get_digits(self.env)
            # A rate or a share is the same in most rows.
            texts = {value: float_repr(float_round(value, precision_digits=digits), digits) for value in set(values)}
            return [texts[value] for value in values]
        if field.type in ("many2one", "date", "boolean"):
            return [value or (False if field.type == "boolean" else None) for value in values]
        texts = {value: field.convert_to_column(value, self) for value in set(values)}
        return [texts[value] for value in values]
