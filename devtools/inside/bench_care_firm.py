"""The firm that `./dev bench care` measures: some customers by the ORM, the others copied from them in SQL.

Each has ten touches: two orders, three e-mails of the customer, two messages to it and three contacts that people
logged by hand.
"""

from datetime import timedelta

from odoo import Command, fields
from odoo.tools import SQL

from devtools.inside.bench_tier_firm import TABLES, _copy_table, _insert, _shift, _without_indexes

PROTOTYPES = 20
# In the order in which rows refer to each other.
COPIED = (
    "res_partner",
    "broker_customer",
    "broker_assignment",
    "sale_order",
    "sale_order_line",
    "mail_message",
    "broker_contact",
)
RECIPIENTS = "mail_message_res_partner_rel"
# A night does not take for news what was written as long ago as this.
AGE = "30 days"


def prepare(env, count):
    """Fill a fresh database with ``count`` customers of ten touches each."""
    env = env(context=dict(env.context, tracking_disable=True, mail_create_nolog=True, no_reset_password=True))
    people = {
        role: env["res.users"].create(
            {
                "name": role.capitalize(),
                "login": f"bench_{role}",
                "group_ids": [Command.link(env.ref(f"print_broker_crm.{group}").id)],
            }
        )
        for role, group in (
            ("sales", "group_salesperson"),
            ("service", "group_service_agent"),
            ("care", "group_care_officer"),
            ("manager", "group_manager"),
        )
    }
    product = env["product.product"].create({"name": "Brochure", "type": "service", "taxes_id": [Command.clear()]})
    # Jobs in the relay and their handoffs are measured by others.
    env.company.write({"broker_relay_active": False, "broker_coverage_from": False})
    partners = env["res.partner"].union(*(_meet(env, number, people, product) for number in range(PROTOTYPES)))
    env.flush_all()
    age(env)
    copies = max(int(count) // PROTOTYPES - 1, 0)
    if copies:
        _copy(env, partners, copies)


def age(env):
    """Make all that is there look as if it had been written long ago."""
    env.flush_all()
    for table in (*COPIED, "broker_care_call"):
        columns = ("create_date", "write_date")
        env.cr.execute(
            SQL(
                "UPDATE %s SET %s",
                SQL.identifier(table),
                SQL(", ").join(
                    SQL("%s = NOW() AT TIME ZONE 'UTC' - %s::interval", SQL.identifier(column), AGE)
                    for column in columns
                ),
            )
        )
    env.invalidate_all()


def add_news(env):
    """Let one customer in thirty write today, and the salesperson answer every second: ten touches a year each."""
    now = fields.Datetime.now()
    for every, direction in ((30, "in"), (60, "out")):
        env.cr.execute(
            SQL(
                """
                INSERT INTO broker_contact (customer_id, company_id, user_id, role, channel, direction, date,
                                            create_uid, create_date, write_uid, write_date)
                SELECT file.id, file.company_id, salesperson.id, 'sales', 'wechat', %s, %s,
                       1, %s, 1, %s
                  FROM broker_customer file
                  JOIN res_users salesperson ON salesperson.login = 'bench_sales'
                 WHERE file.id %% %s = 0
                """,
                direction,
                now - timedelta(hours=1),
                now,
                now,
                every,
            )
        )
        if direction == "in":
            env.cr.execute(
                SQL(
                    """
                    INSERT INTO mail_message (author_id, date, message_type, model, res_id, body,
                                              create_uid, create_date, write_uid, write_date)
                    SELECT file.partner_id, %s, 'email', 'res.partner', file.partner_id, '', 1, %s, 1, %s
                      FROM broker_customer file
                     WHERE file.id %% %s = 0
                    """,
                    now - timedelta(hours=1),
                    now,
                    now,
                    every,
                )
            )


def _meet(env, number, people, product):
    """Make one customer and be in touch with it; the later its number, the longer ago."""
    now = fields.Datetime.now()
    partner = env["res.partner"].create(
        {
            "name": f"Customer {number:02d}",
            "is_company": True,
            "user_id": people["sales"].id,
            "email": f"c{number}@x.example",
            "phone": f"+86 21 6234 {1000 + number}",
        }
    )
    quiet = timedelta(days=12 * number)
    for turn in range(2):
        order = env["sale.order"].create(
            {
                "partner_id": partner.id,
                "user_id": people["sales"].id,
                "order_line": [Command.create({"product_id": product.id, "price_unit": 100.0})],
            }
        )
        order.action_confirm()
        order.date_order = now - quiet - timedelta(days=40 * (1 + turn))
        order.message_post(
            body="Done", message_type="comment", author_id=people["sales"].partner_id.id, partner_ids=partner.ids
        ).date = now - timedelta(days=5 * number + turn)
        for mail in range(1 + turn):
            order.message_post(body="Thanks", message_type="email", author_id=partner.id).date = (
                now - quiet - timedelta(days=10 * mail + turn)
            )
    file = partner.broker_customer_ids
    file.date_opened = env.company._get_broker_today() - timedelta(days=400)
    # Who sells to it did so then, too: their touches are those of sales.
    file.assignment_ids.sudo().flush_recordset()
    env.cr.execute(SQL("UPDATE broker_assignment SET date_from = %s WHERE customer_id = %s", file.date_opened, file.id))
    env["broker.contact"].sudo().create(
        [
            {
                "customer_id": file.id,
                "user_id": people["service" if turn else "sales"].id,
                "channel": "wechat",
                "direction": "out",
                "date": now - timedelta(days=6 * number + 12 * turn),
            }
            for turn in range(3)
        ]
    )
    return partner


def _copy(env, partners, copies):
    """Copy everything of the prototypes ``copies`` times."""
    ids = dict.fromkeys(TABLES, ())
    orders = env["sale.order"].search([("partner_id", "in", partners.ids)])
    files = partners.broker_customer_ids
    ids.update(
        {
            "res_partner": partners.ids,
            "broker_customer": files.ids,
            "broker_assignment": files.assignment_ids.ids,
            "sale_order": orders.ids,
            "sale_order_line": orders.order_line.ids,
            "mail_message": env["mail.message"]
            .search([("model", "=", "sale.order"), ("res_id", "in", orders.ids)])
            .ids,
            "broker_contact": env["broker.contact"].search([("customer_id", "in", files.ids)]).ids,
        }
    )
    ids = {table: list(rows) for table, rows in ids.items()}
    stride = 1 + max(max(rows, default=0) for rows in ids.values())
    env.cr.execute("SET session_replication_role = replica")
    for table in COPIED:
        _without_indexes(env, table, lambda table=table: _copy_table(env, table, ids, stride, copies))
    _insert(
        env,
        RECIPIENTS,
        {
            "mail_message_id": _shift("mail_message_id", ids["mail_message"], stride),
            "res_partner_id": _shift("res_partner_id", ids["res_partner"], stride),
        },
        SQL("src.mail_message_id = ANY(%s)", ids["mail_message"]),
        copies,
    )
    env.cr.execute("SET session_replication_role = origin")
