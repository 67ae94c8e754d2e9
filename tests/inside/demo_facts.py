"""What must hold in the grown demo firm, read back from the database."""

import json
from datetime import datetime, timedelta

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError

from devtools.inside.demo.clock import Clock
from devtools.inside.demo.story import Story
from devtools.inside.demo_firm import REFUSALS
from devtools.inside.summary import get_judgements

# Days of the story that are lived through twice to see that chance decides nothing.
REPEATED_DAYS = 12


def main(env):
    """Print the facts as JSON; nothing is written to the database."""
    company = env.ref("print_broker_crm.demo_company")
    env = env(user=SUPERUSER_ID, su=True, context={"lang": "en_US", "allowed_company_ids": company.ids})
    company = company.with_env(env)
    facts = {
        "commission": _commission(env, company),
        "customers_alone": _customers_alone(env, company),
        "tiers": dict(env["broker.tier.score"]._get_summary(company)),
        "judgements": get_judgements(env, company),
        "handoffs": env["broker.handoff"]._get_summary(company),
        "calls": env["broker.care.call"]._get_summary(company),
        "origins": sorted({row["origin"] or "" for row in env["broker.commission.entry"]._get_summary(company)}),
        "leavers": _leavers(env, company),
        "mails": env["mail.mail"].search_count([("res_id", "!=", False), ("model", "=like", "broker.%")]),
        "entries_of_a_sweep": _sweep(env, company),
        "refused": _refuse(env, company),
        "refusals": json.loads(env["ir.config_parameter"].get_param(REFUSALS)),
        "stories": [_retell(env, company) for _time in range(2)],
    }
    env.cr.rollback()
    print(json.dumps(facts, default=str))


def _commission(env, company):
    """Invoices with what the ledger says, beside the pool worked out anew from the invoice and the cost."""
    entries = env["broker.commission.entry"].search([("company_id", "=", company.id)])
    # What was charged to a job comes off its margin beside the invoice.
    charged = env["broker.commission.charge"].search([("state", "=", "posted")]).order_id
    rows = []
    for move, of_move in entries.grouped("move_id").items():
        if move.state != "posted":
            continue
        sign = 1 if move.move_type == "out_invoice" else -1
        lines = move.invoice_line_ids.filtered("sale_line_ids")
        cost = sum(line.quantity * line.sale_line_ids.purchase_price for line in lines)
        rows.append(
            {
                "name": move.name,
                "is_plain": move.move_type == "out_invoice"
                and not move.reversal_move_ids
                and not charged & of_move.order_id,
                "revenue": sign * sum(lines.mapped("price_subtotal")),
                "cost": sign * cost,
                "paid": 1 - move.amount_residual / move.amount_total,
                "rate": of_move.split_id[:1].rate,
                "percents": sum(
                    env["broker.commission.split"]
                    .search([("order_id", "=", of_move.order_id[:1].id)])
                    .mapped("percent")
                ),
                "is_held": any(split._is_held() for split in of_move.split_id),
                "earned": round(sum(of_move.mapped("earned")), 2),
                "released": round(sum(of_move.mapped("released")), 2),
            }
        )
    return rows


def _customers_alone(env, company):
    """Customers with neither an open sales assignment of somebody who works here nor a planned call."""
    customers = env["broker.customer"].search([("company_id", "=", company.id)])
    served = env["broker.assignment"]._get_open(customers, "sales")
    called = env["broker.care.call"].search([("state", "=", "planned")]).customer_id
    return [
        customer.name
        for customer in customers - called
        if customer.id not in served or not served[customer.id].user_id.active
    ]


def _leavers(env, company):
    """Who left, how many customers they had, and with how many of those they still stand."""
    Assignment = env["broker.assignment"]
    rows = {}
    for user in env["res.users"].search([("active", "=", False), ("company_id", "=", company.id)]):
        had = Assignment.search([("role", "=", "sales"), ("user_id", "=", user.id)])
        still = had.filtered(lambda row: not row.date_to) | Assignment.search(
            [("customer_id", "in", had.customer_id.ids), ("user_id.active", "=", False), ("date_to", "=", False)]
        )
        rows[user.login] = {"customers": len(had.customer_id), "still": len(still)}
    return rows


def _sweep(env, company):
    """How many entries settling everything again would write."""
    with env.cr.savepoint() as savepoint:
        moves = env["account.move"].search([("company_id", "=", company.id), ("move_type", "like", "out_")])
        count = len(env["broker.commission.entry"]._settle(moves))
        env.flush_all()
        savepoint.rollback()
    env.invalidate_all()
    return count


def _refuse(env, company):
    """Somebody writes and is refused: what is left of it, and what is told."""
    start = datetime(2026, 3, 2, 9)
    clock = Clock(env, company.resource_calendar_id, start, start + timedelta(days=1))

    def rename():
        company.name = "Renamed"
        raise UserError("Not you.")

    clock.at(start, rename)
    moments = [str(moment) for moment in clock.run()]
    return {"moments": moments, "name": company.name, "refusals": clock.refusals}


def _retell(env, company):
    """The first days of the story once more, as a list of what was ordered; nothing of it stays."""
    with env.cr.savepoint() as savepoint:
        known = env["sale.order"].search([("company_id", "=", company.id)])
        story = Story(env, datetime(2026, 3, 2).date())
        # Without the nights: one of their batches commits.
        story.plan_customers()
        for moment in story.clock.run():
            if (moment - story.clock.start).days >= REPEATED_DAYS:
                break
        orders = env["sale.order"].search([("company_id", "=", company.id), ("id", "not in", known.ids)], order="id")
        told = [[order.partner_id.name, str(order.date_order), order.amount_untaxed, order.state] for order in orders]
        env.flush_all()
        savepoint.rollback()
    env.invalidate_all()
    return told
