from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class BrokerCampaignResultMixin(models.AbstractModel):
    """What came of a campaign: the jobs that its customers confirmed afterwards.

    Counted are jobs of the days that the campaign says, from the moment on in which the
    customer was turned to; where the campaign names products, their lines alone. What
    several campaigns ask for counts for the one that turned to the customer last before it,
    and for no other.
    """

    _name = "broker.campaign.result.mixin"
    _description = "Campaign: Results"

    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    follow_days = fields.Integer(
        string="Days Counted",
        compute="_compute_follow_days",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="Jobs confirmed within so many days after the customer was turned to.",
    )
    member_count = fields.Integer(string="Customers Chosen", compute="_compute_results")
    taken_count = fields.Integer(string="Turned To", compute="_compute_results")
    call_count = fields.Integer(string="Calls", compute="_compute_results")
    mail_count = fields.Integer(string="E-Mails", compute="_compute_results")
    todo_count = fields.Integer(string="To-Dos", compute="_compute_results")
    buyer_count = fields.Integer(string="Customers Who Bought", compute="_compute_results")
    job_count = fields.Integer(string="Jobs", compute="_compute_results")
    order_amount = fields.Monetary(
        string="Ordered", compute="_compute_results", help="The price of these jobs without taxes."
    )
    revenue = fields.Monetary(compute="_compute_results", help="What was invoiced for these jobs, without taxes.")

    _follow_days_positive = models.Constraint("CHECK (follow_days > 0)", "A campaign is followed for at least one day.")

    @api.depends("company_id")
    def _compute_follow_days(self):
        for campaign in self:
            company = campaign.company_id or self.env.company
            campaign.follow_days = campaign.follow_days or company.broker_campaign_follow_days

    @api.depends("member_ids.state", "follow_days")
    def _compute_results(self):
        Member = self.env["broker.campaign.member"]
        of_these = Domain("campaign_id", "in", self._origin.ids)
        counts, taken = {}, {}
        for campaign, state, channel, count in Member._read_group(
            of_these, ["campaign_id", "state", "channel"], ["__count"]
        ):
            counts[campaign.id] = counts.get(campaign.id, 0) + count
            if state == "taken":
                taken.setdefault(campaign.id, {})[channel] = count
        results = self._get_results(Member.search(of_these & Domain("state", "=", "taken")))
        members = Member.browse(results).grouped("campaign_id")
        for campaign in self:
            own = [results[member.id] for member in members.get(campaign._origin, ())]
            channels = taken.get(campaign._origin.id, {})
            campaign.member_count = counts.get(campaign._origin.id, 0)
            campaign.taken_count = sum(channels.values())
            campaign.call_count = channels.get("call", 0)
            campaign.mail_count = channels.get("mail", 0)
            campaign.todo_count = channels.get("todo", 0)
            campaign.buyer_count = len(own)
            campaign.job_count = sum(len(result["orders"]) for result in own)
            campaign.order_amount = sum(result["amount"] for result in own)
            campaign.revenue = sum(result["revenue"] for result in own)

    # ACTIONS

    def action_view_taken(self):
        """Open the customers turned to, those of one way where the button says which."""
        self.ensure_one()
        channel = self.env.context.get("broker_channel")
        domain = Domain("state", "=", "taken")
        if channel in ("call", "mail", "todo"):
            domain &= Domain("channel", "=", channel)
        return self._get_members_action(domain)

    def action_view_buyers(self):
        """Open the customers who bought afterwards."""
        self.ensure_one()
        results = self._get_results(self._get_taken_members())
        return self._get_members_action(Domain("id", "in", list(results)))

    def action_view_jobs(self):
        """Open the jobs that came of the campaign."""
        return self._get_jobs_action(self._get_taken_members())

    def _get_taken_members(self):
        """Return the customers whom the campaign turned to."""
        return self.member_ids.filtered(lambda member: member.state == "taken")

    @api.model
    def _get_jobs_action(self, members):
        action = self.env["ir.actions.act_window"]._for_xml_id("sale.action_orders")
        orders = [order_id for result in self._get_results(members).values() for order_id in result["orders"]]
        return {**action, "domain": [("id", "in", orders)], "context": {}}

    # BUSINESS

    @api.model
    def _get_results(self, members, since="taken_at"):
        """Return what customers of campaigns bought afterwards, by one query.

        :param members: `broker.campaign.member`
        :param since: the field from which on jobs count: when they were turned to, or drawn
            to be turned to or held back
        :return: {member id: {"orders": [id, …], "amount": …, "margin": …, "revenue": …}} of
            those who bought; the margin without lines whose cost is not known
        """
        if not members.ids:
            return {}
        for model in ("sale.order", "sale.order.line", "account.move", "account.move.line", "broker.job.spec"):
            self.env[model].flush_model()
        members.flush_model()
        self.env["broker.campaign"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                WITH named AS (
                    SELECT campaign.id, campaign.follow_days,
                           ARRAY(SELECT product_product_id FROM broker_campaign_bought_product_rel
                                  WHERE broker_campaign_id = campaign.id) AS products,
                           ARRAY(SELECT broker_product_type_id FROM broker_campaign_bought_type_rel
                                  WHERE broker_campaign_id = campaign.id
                                 UNION
                                 SELECT broker_product_type_id FROM broker_campaign_demand_type_rel
                                  WHERE broker_campaign_id = campaign.id) AS types,
                           ARRAY(SELECT product_category_id FROM broker_campaign_demand_category_rel
                                  WHERE broker_campaign_id = campaign.id) AS categories
                      FROM broker_campaign campaign
                     WHERE campaign.id IN (
                           SELECT campaign_id FROM broker_campaign_member
                            WHERE customer_id IN (
                                  SELECT customer_id FROM broker_campaign_member WHERE id = ANY(%(ids)s)
                            )
                     )
                ), sold AS (
                    SELECT member.id AS member_id, job.id AS order_id, line.id AS line_id,
                           line.price_subtotal / COALESCE(NULLIF(job.currency_rate, 0), 1) AS amount,
                           CASE WHEN line.purchase_price <> 0 OR line.price_subtotal < 0
                                THEN line.margin / COALESCE(NULLIF(job.currency_rate, 0), 1)
                           END AS margin
                      FROM broker_campaign_member member
                      JOIN named ON named.id = member.campaign_id
                      JOIN sale_order job ON job.broker_customer_id = member.customer_id
                      JOIN sale_order_line line ON line.order_id = job.id
                 LEFT JOIN product_product product ON product.id = line.product_id
                 LEFT JOIN product_template template ON template.id = product.product_tmpl_id
                     WHERE member.id = ANY(%(ids)s) AND member.%(since)s IS NOT NULL
                       AND job.state = 'sale' AND job.broker_claim_case_id IS NULL
                       AND line.display_type IS NULL AND line.is_downpayment IS NOT TRUE
                       AND %(counts)s
                       AND NOT EXISTS (
                               SELECT FROM broker_campaign_member later
                                 JOIN named other ON other.id = later.campaign_id
                                WHERE later.customer_id = member.customer_id AND later.id <> member.id
                                  AND (later.taken_at, later.id) > (member.%(since)s, member.id)
                                  AND %(counts_later)s
                           )
                ), billed AS (
                    SELECT sold.member_id,
                           SUM(-line.balance / (
                               SELECT COUNT(*) FROM sale_order_line_invoice_rel part
                                WHERE part.invoice_line_id = line.id
                           )) AS revenue
                      FROM sold
                      JOIN sale_order_line_invoice_rel link ON link.order_line_id = sold.line_id
                      JOIN account_move_line line ON line.id = link.invoice_line_id
                      JOIN account_move invoice ON invoice.id = line.move_id
                     WHERE invoice.state = 'posted' AND invoice.move_type IN ('out_invoice', 'out_refund')
                  GROUP BY sold.member_id
                )
                SELECT sold.member_id, ARRAY_AGG(DISTINCT sold.order_id), SUM(sold.amount), SUM(sold.margin),
                       MAX(billed.revenue)
                  FROM sold
             LEFT JOIN billed ON billed.member_id = sold.member_id
              GROUP BY sold.member_id
                """,
                ids=members.ids,
                since=SQL.identifier(since),
                counts=self._get_result_condition(SQL("named"), SQL("member.%s", SQL.identifier(since))),
                counts_later=self._get_result_condition(SQL("other"), SQL("later.taken_at")),
            )
        )
        return {
            member_id: {
                "orders": orders,
                "amount": amount or 0.0,
                "margin": margin or 0.0,
                "revenue": revenue or 0.0,
            }
            for member_id, orders, amount, margin, revenue in rows
        }

    @api.model
    def _get_result_condition(self, campaign, since):
        """Return the SQL that tells whether a `line` of a `job` is what a campaign asked for.

        :param campaign: alias of the campaign's days and products
        :param since: SQL of the moment from which on jobs count
        """
        return SQL(
            """
            job.date_order >= %(since)s
            AND job.date_order < %(since)s + MAKE_INTERVAL(days => %(campaign)s.follow_days)
            AND ((%(campaign)s.products = '{}' AND %(campaign)s.types = '{}' AND %(campaign)s.categories = '{}')
                 OR line.product_id = ANY(%(campaign)s.products)
                 OR template.categ_id = ANY(%(campaign)s.categories)
                 OR COALESCE(
                        (SELECT MIN(spec.product_type_id) FROM broker_job_spec spec WHERE spec.order_line_id = line.id),
                        template.broker_product_type_id
                    ) = ANY(%(campaign)s.types))
            """,
            campaign=campaign,
            since=since,
        )
