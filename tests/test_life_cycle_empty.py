"""Install, upgrade and uninstall on a database that holds no business yet."""

from tests import life_cycle


def test_leaves_no_complaint_and_no_trace(odoo, database):
    before = life_cycle.take_stock(odoo.server, database)
    life_cycle.install(odoo, database)
    life_cycle.install(odoo, database, update=True)
    life_cycle.uninstall(odoo, database)
    after = life_cycle.take_stock(odoo.server, database)
    left = {kind: sorted(after[kind] - before[kind]) for kind in before if after[kind] - before[kind]}
    lost = {kind: sorted(before[kind] - after[kind]) for kind in before if before[kind] - after[kind]}
    assert (left, lost) == ({}, {})
