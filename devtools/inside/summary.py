"""The demo firm in figures, read back from the database."""

import unicodedata

from odoo import SUPERUSER_ID
from odoo.fields import Domain

LEAVERS = 20  # customers of a leaver that are named


def print_summary(env):
    """Print what the firm has come to: tiers, handoffs, commission, care calls and who left."""
    print("\n".join(get_summary(env)))


def get_summary(env):
    """The lines of the summary of the demo firm."""
    company = env.ref("print_broker_crm.demo_company")
    context = {"lang": "en_US", "tz": "Asia/Shanghai", "allowed_company_ids": company.ids}
    env = env(user=SUPERUSER_ID, su=True, context=context)
    company = company.with_env(env)
    lines = [f"{company.name}, {company._get_broker_today()}, amounts in {company.currency_id.name}", ""]
    for title, table in (
        ("Customers per tier", _tiers(env, company)),
        ("What the tiers tell", _judgements(env, company)),
        ("Handoffs from sales to service", _handoffs(env, company)),
        ("Jobs in the relay", _relay(env, company)),
        ("How the printing houses kept their word", _promises(env, company)),
        ("Questions of customers that were passed on", _questions(env, company)),
        ("Commission", _commission(env, company)),
        ("Care calls", _calls(env, company)),
        ("Who left, and who has the customers now", _leavers(env, company)),
    ):
        lines += [title, *(f"  {line}" for line in _align(table)), ""]
    return lines[:-1]


def _tiers(env, company):
    rows = env["broker.tier.score"]._get_summary(company)
    return [["Tier", *(name for name, _count in rows)], ["Customers", *(count for _name, count in rows)]]


def _judgements(env, company):
    rows = get_judgements(env, company)
    return [["", "Number", "Customers"]] + [[title, len(names), "、".join(names)] for title, names in rows.items()]


def get_judgements(env, company):
    """What stands beside the tiers: {what: names of the customers}."""
    customers = env["broker.customer"].search([("company_id", "=", company.id)])
    orders = env["sale.order"].search([("company_id", "=", company.id)])
    today = company._get_broker_today()
    score = env["broker.tier.score"]
    drafts = env["broker.tier.policy"].search([("company_id", "=", company.id), ("state", "=", "draft")], limit=1)
    movers = customers.browse()
    if drafts:
        now, then = (score._preview(policy, today) for policy in (drafts._get_at(company, today), drafts))
        movers = customers.filtered(
            lambda customer: now[customer.id]["tier_proposed_id"] != then[customer.id]["tier_proposed_id"]
        )
    found = {
        "Capped": customers.filtered("last_score_id.capped_by"),
        "Tier by hand": customers.filtered("tier_manual_id"),
        "Score by hand that ended": customers.filtered(lambda c: any(c.tier_score_manual_ids.mapped("is_ended"))),
        "Service drain": customers.filtered("is_service_drain"),
        "Would move under the draft policy": movers,
        "Disputes an invoice": customers.filtered("tier_disputed_amount"),
        "Rush jobs": customers.filtered("tier_rush_count"),
        "Revised quotations": customers.filtered("tier_revision_count"),
        "Changes after confirmation": customers.filtered("tier_change_count"),
        "Quotation without credit": orders.filtered("broker_credit_warning").broker_customer_id,
        "Released without credit": orders.filtered("broker_credit_reason").broker_customer_id,
        "Signed online without credit": orders.filtered("broker_credit_open").broker_customer_id,
    }
    return {title: [customer.name[:4] for customer in records] for title, records in found.items()}


def _relay(env, company):
    orders = env["sale.order"].search([("company_id", "=", company.id), ("broker_relay_stage_id", "!=", False)])
    legs = env["broker.relay.leg"]
    finished = [("company_id", "=", company.id), ("finished_at", "!=", False)]
    medians = {
        stage: (count, median, late, returned)
        for stage, count, median, late, returned in legs._read_group(
            finished, ["stage_id"], ["__count", "hours:median", "late_count:sum", "return_count:sum"]
        )
    }
    rows = [["Stage", "Jobs now", "Late now", "Legs", "Working hours, median", "Late", "Returns"]]
    for stage in env["broker.relay.stage"]._get_stages(company):
        here = orders.filtered(lambda order, stage=stage: order.broker_relay_stage_id == stage)
        count, median, late, returned = medians.get(stage, (0, 0.0, 0, 0))
        rows.append(
            [
                stage.name,
                len(here),
                len(here.filtered(lambda order: order.broker_clock == "late")),
                count,
                f"{median:.1f}" if count else "–",
                late,
                returned,
            ]
        )
    return rows


def _promises(env, company):
    figures = env["purchase.order.line"]._broker_get_promise_figures(Domain("company_id", "=", company.id))
    return [["Printing house", "Came", "Late", "Days late, mean"]] + [
        [partner.name, count, late, f"{days:.1f}"] for partner, (count, late, days) in figures.items()
    ]


def _handoffs(env, company):
    figures = env["broker.handoff"]._get_summary(company)
    hours = figures["median_hours"]
    return [
        ["Accepted", "Returned", "Working hours to acceptance, median"],
        [figures["accepted"], figures["returned"], "–" if hours is None else f"{hours:.1f}"],
    ]


def _questions(env, company):
    table = [["Person", "Passed on", "Got", "Still waiting", "Working minutes to the answer, median"]]
    for user, row in env["broker.question.pass"]._get_summary(company).items():
        median = row["median_minutes"]
        table.append(
            [user.name, row["passed"], row["received"], row["waiting"], "–" if median is None else f"{median:.0f}"]
        )
    return table


def _commission(env, company):
    origins = dict(env["broker.assignment"]._fields["origin"]._description_selection(env))
    rows = env["broker.commission.entry"]._get_summary(company)
    table = [["Person", "Customer's origin", "Earned", "Released", "Held"]]
    for row in rows:
        person = row["user"].name or "(nobody yet)"
        amounts = (row["earned"], row["released"], row["held"])
        table.append([person, origins.get(row["origin"], "–"), *map(_format_money, amounts)])
    totals = [sum(row[book] for row in rows) for book in ("earned", "released", "held")]
    return [*table, ["Sum", "", *map(_format_money, totals)]]


def _calls(env, company):
    figures = env["broker.care.call"]._get_summary(company)
    return [
        ["Done", "Missed", "Planned", "Sales rated", "Service rated"],
        [
            *(figures[state] for state in ("done", "missed", "planned")),
            *(f"{figures[rating]:.2f} of 5" for rating in ("sales_rating", "service_rating")),
        ],
    ]


def _leavers(env, company):
    rows = env["broker.assignment"]._read_group(
        [
            ("company_id", "=", company.id),
            ("role", "=", "sales"),
            ("date_to", "=", False),
            ("predecessor_id.active", "=", False),
        ],
        ["predecessor_id", "user_id", "origin"],
        ["customer_id:recordset", "date_from:min"],
    )
    alone = env["broker.customer"].search([("company_id", "=", company.id), ("user_id.active", "=", False)])
    origins = dict(env["broker.assignment"]._fields["origin"]._description_selection(env))
    table = [["Left", "Customers now with", "Since", "Origin", "Number", "Customers"]]
    for leaver, user, origin, customers, since in rows:
        names = "、".join(customer.name[:4] for customer in customers[:LEAVERS])
        table.append([leaver.name, user.name, since, origins[origin], len(customers), names])
    if alone:
        names = "、".join(customer.name[:4] for customer in alone[:LEAVERS])
        table.append([", ".join(alone.user_id.mapped("name")), "(nobody)", "", "", len(alone), names])
    return table


def _format_money(amount):
    return f"{amount:,.2f}"


def _align(table):
    """Lay a table out in columns; Chinese characters are two columns wide, numbers go to the right."""
    cells = [[str(cell) for cell in row] for row in table]
    widths = [max(map(_measure, column)) for column in zip(*cells, strict=True)]
    is_number = [
        all(cell.replace(",", "").replace(".", "").lstrip("-").isdigit() or not cell for cell in column[1:])
        for column in zip(*cells, strict=True)
    ]
    for row in cells:
        padded = []
        for cell, width, right in zip(row, widths, is_number, strict=True):
            space = " " * (width - _measure(cell))
            padded.append(space + cell if right else cell + space)
        yield "  ".join(padded).rstrip()


def _measure(text):
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
