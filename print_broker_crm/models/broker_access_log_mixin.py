from odoo import api, models

# Below this nothing is looked at, not even the company's threshold, which is at least
# as much: ordinary screens pay one comparison.
BULK_READ_FLOOR = 50


class BrokerAccessLogMixin(models.AbstractModel):
    """Tells the access log of many records read at once.

    `_read_format` is where `read`, `search_read`, `web_read` and `web_search_read` meet,
    also for records read along with those of another model; every door to Odoo, web
    client, XML-RPC and JSON, leads through it.
    """

    _name = "broker.access.log.mixin"
    _description = "Bulk Reads Are Recorded"

    def _read_format(self, fnames, load="_classic_read"):
        rows = super()._read_format(fnames, load)
        if len(rows) > BULK_READ_FLOOR:
            self.env["broker.access.log"]._record_read(self._name, len(rows), fnames)
        return rows

    @api.model
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        found = super().name_search(name, domain, operator, limit)
        if len(found) > BULK_READ_FLOOR:
            self.env["broker.access.log"]._record_read(self._name, len(found), ["display_name"])
        return found

    @api.model
    def _read_group(self, domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None):
        rows = super()._read_group(domain, groupby, aggregates, having, offset, limit, order)
        self._record_groups(rows, [*groupby, *aggregates])
        return rows

    @api.model
    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), order=None):
        result = super()._read_grouping_sets(domain, grouping_sets, aggregates, order)
        for groupby, rows in zip(grouping_sets, result, strict=True):
            self._record_groups(rows, [*groupby, *aggregates])
        return result

    def _record_groups(self, rows, names):
        """Groups by a number or an address are records under another name, and an
        aggregate may hold a value of each record."""
        if self.env.su:
            return
        count = max(
            [len(rows), *(len(value) for row in rows for value in row if isinstance(value, (list, tuple, set)))]
        )
        if count > BULK_READ_FLOOR:
            self.env["broker.access.log"]._record_read(self._name, count, names)
