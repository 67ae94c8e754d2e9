from odoo import SUPERUSER_ID
from odoo.tools import SQL

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG


def post_init_hook(env):
    """Open the files of the customers a firm already has.

    In SQL and per company, because a database may hold a hundred thousand contacts:
    a customer is a commercial partner with a won lead, a confirmed order or a posted
    customer invoice.
    """
    env.flush_all()
    _open_customer_files(env)
    _count_silence_from_now(env)
    _link_documents(env)
    _fill_bringers(env)
    _place_jobs(env)
    env.invalidate_all()
    # The key of a name is made in Python: the rules of Unicode are not PostgreSQL's.
    customers = env["broker.customer"].with_context(active_test=False).search([])
    env.add_to_compute(customers._fields["name_key"], customers)
    env.flush_all()
    # What each customer did in the months before.
    for company in env["res.company"].search([]):
        env["broker.customer.month"]._rebuild(company)
    # Who is silent is known when somebody has looked: soon, and in batches.
    env.ref("print_broker_crm.ir_cron_broker_readiness")._trigger()


def uninstall_hook(env):
    """Leave no trace in Odoo's own tables; Odoo drops our models by itself."""
    # Odoo keeps a kind of to-do as long as there are such to-dos.
    own_types = env["ir.model.data"].search([("module", "=", "print_broker_crm"), ("model", "=", "mail.activity.type")])
    env["mail.activity"].with_context(active_test=False).search(
        [("activity_type_id", "in", own_types.mapped("res_id"))]
    ).unlink()
    # What was given as evidence goes with the legs it was given for.
    env.cr.execute("UPDATE broker_relay_leg SET attachment_id = NULL WHERE attachment_id IS NOT NULL")
    env["ir.attachment"].search([("res_model", "=", "broker.relay.leg")]).unlink()
    # Files of sent proofs are kept from everybody but this.
    kept = [("res_model", "in", ("broker.proof", "broker.proof.file")), ("id", "!=", False)]
    env["ir.attachment"].with_context(**{MODULE_UNINSTALL_FLAG: True}).search(kept).unlink()
    env["ir.config_parameter"].sudo().search([("key", "=like", "print_broker_crm.%")]).unlink()
    # Also those that people made of ours: nobody could count them any more.
    env["gamification.challenge"].search([("broker_is_target", "=", True)]).unlink()
    env["gamification.goal.definition"].search([("broker_kind", "!=", False)]).unlink()
    # The work tables of the nightly scores, of which Odoo does not know.
    env.cr.execute(
        "DROP TABLE IF EXISTS broker_tier_figure, broker_tier_kept_margin, broker_tier_kept_payment, broker_tier_mark"
    )
    # And the list of the customers whose contacts are to be gathered.
    env.cr.execute("DROP TABLE IF EXISTS broker_contact_due")
    # Plans, tiers and the like go with their tables. Deleted row by row they would meet
    # the ledgers that refer to them, and fill the log with errors.
    env["ir.model.data"].sudo().search([("module", "=", "print_broker_crm"), ("model", "=like", "broker.%")]).unlink()
    # A stage that still holds opportunities could not be deleted: they go back to the
    # won stage before it.
    stages = env["crm.stage"].search([("is_service_handoff", "=", True)])
    leads = env["crm.lead"].with_context(active_test=False).search([("stage_id", "in", stages.ids)])
    won = env["crm.stage"].search([("is_won", "=", True), ("id", "not in", stages.ids)], limit=1)
    if leads and won:
        leads.with_context(tracking_disable=True).stage_id = won
    # The months of customers, last: whatever was written until now left its mark.
    env.flush_all()
    env.cr.execute("DROP TABLE IF EXISTS broker_customer_month, broker_month_mark")


def _place_jobs(env):
    """Put the jobs of before on the board, by what the papers say. No leg is invented:
    who had them, and since when, nobody knows."""
    stages = {
        code: env.ref(f"print_broker_crm.broker_relay_stage_{code}").id
        for code in ("artwork", "printing", "reconciliation", "done")
    }
    env.cr.execute(
        SQL(
            """
            UPDATE sale_order job
               SET broker_relay_stage_id = CASE
                       WHEN job.invoice_status = 'invoiced' THEN %(done)s
                       WHEN NOT EXISTS (
                           SELECT FROM sale_order_line line
                            WHERE line.order_id = job.id AND line.display_type IS NULL
                              AND line.is_downpayment IS NOT TRUE
                              AND COALESCE(line.qty_delivered, 0) < line.product_uom_qty
                       ) THEN %(reconciliation)s
                       WHEN EXISTS (
                           SELECT FROM purchase_order_line bought
                             JOIN sale_order_line line ON line.id = bought.sale_line_id
                             JOIN purchase_order purchase ON purchase.id = bought.order_id
                            WHERE line.order_id = job.id AND purchase.state = 'purchase'
                       ) THEN %(printing)s
                       ELSE %(artwork)s
                   END
             WHERE job.state = 'sale' AND job.broker_customer_id IS NOT NULL
            """,
            **stages,
        )
    )


def _open_customer_files(env):
    env.cr.execute(
        SQL(
            """
            WITH sale AS (
                SELECT company_id, partner_id, date_order::date AS day
                  FROM sale_order
                 WHERE state = 'sale'
                UNION ALL
                SELECT company_id, partner_id, invoice_date
                  FROM account_move
                 WHERE move_type IN ('out_invoice', 'out_refund') AND state = 'posted'
                UNION ALL
                SELECT COALESCE(lead.company_id, salesperson.company_id),
                       lead.partner_id, lead.date_closed::date
                  FROM crm_lead lead
             LEFT JOIN res_users salesperson ON salesperson.id = lead.user_id
                 WHERE lead.won_status = 'won' AND lead.active
            ), customer AS (
                SELECT sale.company_id, partner.commercial_partner_id AS partner_id,
                       MIN(sale.day) AS day
                  FROM sale
                  JOIN res_partner partner ON partner.id = sale.partner_id
                 WHERE sale.company_id IS NOT NULL
              GROUP BY sale.company_id, partner.commercial_partner_id
            ), opened AS (
                INSERT INTO broker_customer (
                    company_id, partner_id, active, date_opened,
                    create_uid, create_date, write_uid, write_date
                )
                SELECT company_id, partner_id, TRUE,
                       COALESCE(day, (NOW() AT TIME ZONE 'UTC')::date),
                       %(uid)s, NOW() AT TIME ZONE 'UTC',
                       %(uid)s, NOW() AT TIME ZONE 'UTC'
                  FROM customer
                    ON CONFLICT DO NOTHING
             RETURNING id, company_id, partner_id, date_opened
            )
            INSERT INTO broker_assignment (
                customer_id, company_id, role, user_id, origin, date_from, date_to, operator_id,
                create_uid, create_date, write_uid, write_date
            )
            SELECT opened.id, opened.company_id, 'sales', partner.user_id, 'developed',
                   opened.date_opened,
                   -- Somebody who has left: the next one inherits.
                   CASE WHEN salesperson.active THEN NULL ELSE opened.date_opened END,
                   %(uid)s,
                   %(uid)s, NOW() AT TIME ZONE 'UTC', %(uid)s, NOW() AT TIME ZONE 'UTC'
              FROM opened
              JOIN res_partner partner ON partner.id = opened.partner_id
              JOIN res_users salesperson ON salesperson.id = partner.user_id
              -- The contact is shared: in a company's ledger stand its own people.
              JOIN res_company_users_rel member
                ON member.user_id = salesperson.id AND member.cid = opened.company_id
            """,
            uid=env.uid,
        )
    )


def _count_silence_from_now(env):
    """Hold against nobody that their calls of before were not logged: where there are
    customers already, silence counts from today."""
    for (company,) in env["broker.customer"].with_context(active_test=False)._read_group([], ["company_id"]):
        company.broker_coverage_from = company._get_broker_today()


def _link_documents(env):
    for table, company in (
        ("sale_order", SQL("document.company_id")),
        ("account_move", SQL("document.company_id")),
        ("crm_lead", SQL("COALESCE(document.company_id, salesperson.company_id)")),
    ):
        salesperson = (
            SQL("LEFT JOIN res_users salesperson ON salesperson.id = document.user_id")
            if table == "crm_lead"
            else SQL()
        )
        sales_only = (
            SQL("AND document.move_type IN ('out_invoice','out_refund','out_receipt')")
            if table == "account_move"
            else SQL()
        )
        env.cr.execute(
            SQL(
                """
                UPDATE %(table)s linked
                   SET broker_customer_id = customer.id
                  FROM %(table)s document
                  JOIN res_partner partner ON partner.id = document.partner_id
                  %(salesperson)s
                  JOIN broker_customer customer
                    ON customer.partner_id = partner.commercial_partner_id
                   AND customer.company_id = %(company)s
                 WHERE linked.id = document.id %(sales_only)s
                """,
                table=SQL.identifier(table),
                salesperson=salesperson,
                company=company,
                sales_only=sales_only,
            )
        )


def _fill_bringers(env):
    """Say on quotations who brought them, so that managers see it before they are jobs.

    On the first day there are no service agents and no care line: it was the customer
    alone, or else sales. Nobody knows who brought the orders of the past, which bear no
    commission; one that becomes a job again is looked at then.
    """
    env.cr.execute(
        SQL(
            """
            UPDATE sale_order filled
               SET broker_brought_by = CASE WHEN bringer.share THEN 'customer' ELSE 'sales' END
              FROM sale_order quotation
              JOIN res_partner contact ON contact.id = quotation.partner_id
              JOIN res_partner partner ON partner.id = contact.commercial_partner_id
         LEFT JOIN crm_lead lead ON lead.id = quotation.opportunity_id
         LEFT JOIN LATERAL (
                    SELECT person.share
                      FROM (
                            VALUES (1, lead.create_uid), (2, lead.user_id),
                                   (3, quotation.create_uid), (4, quotation.user_id)
                           ) AS candidate (position, user_id)
                      JOIN res_users person ON person.id = candidate.user_id
                     WHERE person.id <> %(root)s AND (person.share OR person.id = partner.user_id)
                  ORDER BY candidate.position
                     LIMIT 1
                   ) bringer ON TRUE
             WHERE filled.id = quotation.id
               AND filled.broker_brought_by IS NULL
               AND quotation.state IN ('draft', 'sent')
            """,
            root=SUPERUSER_ID,
        )
    )
