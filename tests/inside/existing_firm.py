"""A firm that has worked with Odoo before it hears of our addon: customers, orders, invoices."""

import json

from odoo.fields import Command


def main(env):
    """Print, as JSON, which partner is a customer of which company and who is none."""
    first = env.company
    second = env["res.company"].create({"name": "Second Broker"})
    customers = [*_trade(env, first), *_trade(env, second)]
    prospect = env["res.partner"].create({"name": "Only A Prospect", "is_company": True})
    vendor = env["res.partner"].create({"name": "Printing House", "is_company": True, "supplier_rank": 1})
    env["sale.order"].with_company(first).create({"partner_id": prospect.id, "company_id": first.id})
    print(json.dumps({"customers": sorted(customers), "others": [prospect.id, vendor.id]}))


def _trade(env, company):
    """Give one company a customer with an order, one with an invoice, and one whose contact person orders."""
    env = env(context={**env.context, "allowed_company_ids": [company.id]})
    if not env["account.journal"].search_count([("company_id", "=", company.id)]):
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
    product = env["product.product"].create({"name": "Brochure", "list_price": 100.0, "type": "consu"})
    ordering, invoiced, parent = env["res.partner"].create(
        [{"name": f"{company.name} {number}", "is_company": True} for number in range(3)]
    )
    contact = env["res.partner"].create({"name": "Contact Person", "parent_id": parent.id})
    for partner in (ordering, contact):
        order = env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": company.id,
                "order_line": [Command.create({"product_id": product.id, "product_uom_qty": 10})],
            }
        )
        order.action_confirm()
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": invoiced.id,
            "company_id": company.id,
            "invoice_line_ids": [Command.create({"product_id": product.id, "quantity": 10, "price_unit": 100.0})],
        }
    )
    invoice.action_post()
    return [[company.id, partner.id] for partner in (ordering, invoiced, parent)]
