"""Install, upgrade and uninstall on a database whose firm has customers, orders and invoices already."""

import json

from tests import life_cycle

FILES = "SELECT company_id, partner_id FROM broker_customer ORDER BY company_id, partner_id"
BUSINESS = ("res_partner", "sale_order", "sale_order_line", "account_move", "account_move_line", "crm_lead")


def count_rows(odoo, database):
    return {table: odoo.server.query(f"SELECT count(*) FROM {table}", database) for table in BUSINESS}


def test_opens_the_customer_files_and_gives_back_everything(odoo, database):
    firm = json.loads(life_cycle.run_inside(odoo, "tests.inside.existing_firm", database).splitlines()[-1])
    before = life_cycle.take_stock(odoo.server, database)
    rows_before = count_rows(odoo, database)

    life_cycle.install(odoo, database)
    files = [list(map(int, row)) for row in odoo.server.query(FILES, database)]
    assert files == firm["customers"], "one file for each company and commercial partner that traded, and no other"

    life_cycle.install(odoo, database, update=True)
    assert [list(map(int, row)) for row in odoo.server.query(FILES, database)] == files

    # Targets that run, and what people made of ours, go with us.
    life_cycle.run_inside(odoo, "tests.inside.start_targets", database)
    life_cycle.uninstall(odoo, database)
    after = life_cycle.take_stock(odoo.server, database)
    left = {kind: sorted(after[kind] - before[kind]) for kind in before if after[kind] - before[kind]}
    lost = {kind: sorted(before[kind] - after[kind]) for kind in before if before[kind] - after[kind]}
    assert (left, lost) == ({}, {})
    assert count_rows(odoo, database) == rows_before
