"""The work that `./dev bench relay` measures, inside one database: orders of many lines are confirmed.

Nothing is kept: every measurement is rolled back, so that the next one finds the database as this one did.
"""

import json

from odoo import Command

from devtools.inside.bench_commission import _Meter


def measure(env, orders, lines, kind):
    """Print, as JSON, what confirming costs: CPU seconds, wall seconds, queries.

    :param orders: how many are confirmed, one in each call
    :param lines: of each order
    :param kind: 'bought' orders every line from a printing house
    """
    phases = {}
    meter = _Meter(env, phases)
    product = env["product.product"].search([("default_code", "=", "BENCH")])
    if kind == "bought":
        press = env["res.partner"].create({"name": "Press", "is_company": True})
        product.seller_ids = [Command.create({"partner_id": press.id, "price": 70.0})]
        product.service_to_purchase = True
    customers = env["res.partner"].search([("name", "like", "Customer ")], order="id")
    # The first two pay for what Odoo remembers from then on.
    for number in range(-2, int(orders)):
        order = env["sale.order"].create(
            {
                "partner_id": customers[number % len(customers)].id,
                "order_line": [
                    Command.create({"product_id": product.id, "price_unit": 100.0 + line}) for line in range(int(lines))
                ],
            }
        )
        env.flush_all()
        env.invalidate_all()
        # As a firm's database knows how large its tables are; see `bench_commission`.
        env.cr.execute("ANALYZE")
        with meter("warm" if number < 0 else "confirm"):
            order.action_confirm()
    env.cr.rollback()
    print(json.dumps(phases["confirm"]))
