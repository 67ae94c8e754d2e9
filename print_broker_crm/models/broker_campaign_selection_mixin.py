from datetime import datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from pytz import UTC, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

# What each choice of trends stands for.
TRENDS = {
    "falling": ("declining", "lost"),
    "declining": ("declining",),
    "lost": ("lost",),
    "rising": ("rising",),
    "stable": ("stable",),
    "new": ("new",),
    "recovered": ("recovered",),
}
# Names of the boolean columns of `_get_preview_rows`, after the customer's id.
PREVIEWS = ("chosen", "resting", "silenced", "without_mail", "alone")


class BrokerCampaignSelectionMixin(models.AbstractModel):
    """Which customers a campaign is for, and how many they are before anybody is called.

    Every condition that is filled in must hold.
    """

    _name = "broker.campaign.selection.mixin"
    _description = "Campaign: Selection"

    tier_ids = fields.Many2many("broker.tier", "broker_campaign_tier_rel", string="Tiers", help="Empty: all.")
    trend_scope = fields.Selection(
        [
            ("falling", "Declining or Lost"),
            ("declining", "Declining"),
            ("lost", "Lost"),
            ("rising", "Rising"),
            ("stable", "Stable"),
            ("new", "New"),
            ("recovered", "Recovered"),
        ],
        string="Trend",
        help="Empty: all.",
    )
    risk_min = fields.Integer(string="Risk From", help="Customers at this risk of leaving or a higher one. 0: all.")
    demand_type_ids = fields.Many2many(
        "broker.product.type",
        "broker_campaign_demand_type_rel",
        string="Want",
        help="Customers who said that they want such products and still wait: needs, wishes in calls, and what they "
        "had printed elsewhere.",
    )
    demand_category_ids = fields.Many2many(
        "product.category", "broker_campaign_demand_category_rel", string="Want of Category"
    )
    demand_text = fields.Char(string="Said", help="Customers with an open need or wish that contains this.")
    bought_type_ids = fields.Many2many(
        "broker.product.type",
        "broker_campaign_bought_type_rel",
        string="Kinds Bought",
        help="Customers with jobs of these.",
    )
    bought_product_ids = fields.Many2many(
        "product.product", "broker_campaign_bought_product_rel", string="Bought the Product", check_company=True
    )
    bought_from = fields.Date(help="The season last year, from its first to its last day.")
    bought_to = fields.Date(string="Bought Until")
    silent_from = fields.Date(
        string="Not Again Since",
        compute="_compute_silent_from",
        store=True,
        readonly=False,
        help="Customers who bought it again from this day on are left out. Empty: nobody is.",
    )
    silent_all = fields.Boolean(
        string="Nothing Else Either", help="Customers who bought anything at all since then are left out as well."
    )

    match_count = fields.Integer(string="Customers Found", compute="_compute_preview")
    fresh_count = fields.Integer(string="To Be Added", compute="_compute_preview")
    resting_count = fields.Integer(string="Resting", compute="_compute_preview")
    silenced_count = fields.Integer(string="Want No Calls", compute="_compute_preview")
    without_mail_count = fields.Integer(string="Without an E-Mail Address", compute="_compute_preview")
    alone_count = fields.Integer(string="Served by Nobody", compute="_compute_preview")

    _risk_range = models.Constraint("CHECK (risk_min BETWEEN 0 AND 100)", "The risk lies between 0 and 100.")

    @api.depends("bought_from", "bought_to")
    def _compute_silent_from(self):
        """The same season this year, or since last year's where that is still to come."""
        for campaign in self:
            first, last = campaign.bought_from, campaign.bought_to
            if not first and not last:
                campaign.silent_from = campaign.silent_from
                continue
            again = (first or last) + relativedelta(years=1)
            today = (campaign.company_id or self.env.company)._get_broker_today()
            campaign.silent_from = again if again <= today or not last else last + timedelta(days=1)

    @api.depends(
        "company_id",
        "tier_ids",
        "trend_scope",
        "risk_min",
        "demand_type_ids",
        "demand_category_ids",
        "demand_text",
        "bought_type_ids",
        "bought_product_ids",
        "bought_from",
        "bought_to",
        "silent_from",
        "silent_all",
        "state",
        "member_ids",
    )
    def _compute_preview(self):
        for campaign in self:
            counts = dict.fromkeys(("match", "fresh", *PREVIEWS), 0)
            if campaign.company_id and campaign.state != "closed":
                for row in campaign._get_preview_rows():
                    found = dict(zip(PREVIEWS, row[1:], strict=True))
                    counts["match"] += 1
                    counts["fresh"] += not found["chosen"] and not found["resting"]
                    for name, value in found.items():
                        counts[name] += bool(value)
            campaign.match_count = counts["match"]
            campaign.fresh_count = counts["fresh"]
            campaign.resting_count = counts["resting"]
            campaign.silenced_count = counts["silenced"]
            campaign.without_mail_count = counts["without_mail"]
            campaign.alone_count = counts["alone"]

    @api.constrains("bought_from", "bought_to")
    def _check_season(self):
        for campaign in self:
            if campaign.bought_from and campaign.bought_to and campaign.bought_from > campaign.bought_to:
                raise ValidationError(
                    self.env._("%(campaign)s: the season ends before it begins.", campaign=campaign.name)
                )

    # ACTIONS

    def action_select(self):
        """Write the customers found into the list, but for those who rest or stand there."""
        self.ensure_one()
        self.check_access("write")
        if self.state == "closed":
            raise UserError(self.env._("%(campaign)s is closed. Reopen it first.", campaign=self.name))
        fresh = [row[0] for row in self._get_preview_rows() if not row[1] and not row[2]]
        if not fresh:
            raise UserError(
                self.env._(
                    "Nobody is to be added: no customer matches who is not in the list yet and does not rest from "
                    "another campaign."
                )
            )
        facts = self._get_selection_facts(fresh)
        self.env["broker.campaign.member"].sudo().create(
            [{"campaign_id": self.id, "customer_id": customer_id, **facts[customer_id]} for customer_id in fresh]
        )
        return self._get_members_action(Domain.TRUE)

    def action_view_preview(self):
        """Open the customers whom a number of the preview counts."""
        self.ensure_one()
        wanted = self.env.context.get("broker_preview")
        rows = self._get_preview_rows()
        if wanted in PREVIEWS:
            place = PREVIEWS.index(wanted) + 1
            rows = [row for row in rows if row[place]]
        elif wanted == "fresh":
            rows = [row for row in rows if not row[1] and not row[2]]
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_customer_action")
        domain = [("id", "in", [row[0] for row in rows])]
        return {**action, "display_name": self.name, "domain": domain, "context": {}}

    # BUSINESS

    def _get_match_domain(self):
        """Return which customer files the campaign asks for, as a `Domain`."""
        self.ensure_one()
        domain = Domain("company_id", "=", self.company_id.id) & Domain("active", "=", True)
        if self.tier_ids:
            domain &= Domain("tier_id", "in", self.tier_ids.ids)
        if self.trend_scope:
            domain &= Domain("trend", "in", TRENDS[self.trend_scope])
        if self.risk_min:
            domain &= Domain("churn_risk", ">=", self.risk_min)
        if self.demand_type_ids or self.demand_category_ids or (self.demand_text or "").strip():
            domain &= Domain("id", "in", self._get_wanting_ids())
        if self._has_season():
            domain &= Domain("id", "in", self._get_buyer_ids(self.bought_from, self.bought_to))
        if self.silent_from:
            anything = self.silent_all or not self._has_season()
            domain &= Domain("id", "not in", self._get_buyer_ids(self.silent_from, None, anything))
        return domain

    def _has_season(self):
        """Return whether the campaign asks what was bought."""
        return bool(self.bought_type_ids or self.bought_product_ids or self.bought_from or self.bought_to)

    def _get_wanting_ids(self):
        """Return the ids of the customers who still wait for what the campaign offers."""
        domain = Domain("company_id", "=", self.company_id.id) & Domain("state", "=", "open")
        if self.demand_type_ids or self.demand_category_ids:
            domain &= Domain("product_type_id", "in", self.demand_type_ids.ids) | (
                Domain("product_type_id", "=", False) & Domain("category_id", "in", self.demand_category_ids.ids)
            )
        if said := (self.demand_text or "").strip():
            domain &= Domain("name", "ilike", said)
        groups = self.env["broker.demand.voice"].sudo()._read_group(domain, ["customer_id"])
        return [customer.id for (customer,) in groups]

    def _get_buyer_ids(self, first, last, anything=False):
        """Return the ids of the customers with a job in some days of the firm.

        What is printed again for a claim is no purchase.

        :param first: the first day, None without limit
        :param last: the last day, None without limit
        :param anything: whether any job counts, and not only of what the campaign names
        """
        self.env["sale.order"].flush_model()
        self.env["sale.order.line"].flush_model()
        self.env["broker.job.spec"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT job.broker_customer_id
                  FROM sale_order job
                  JOIN sale_order_line line ON line.order_id = job.id
                 WHERE job.company_id = %(company)s AND job.state = 'sale'
                   AND job.broker_customer_id IS NOT NULL AND job.broker_claim_case_id IS NULL
                   AND line.display_type IS NULL AND line.is_downpayment IS NOT TRUE
                   AND %(since)s AND %(until)s AND %(wanted)s
                """,
                company=self.company_id.id,
                since=SQL("job.date_order >= %s", self._get_day_start(first)) if first else SQL("TRUE"),
                until=(
                    SQL("job.date_order < %s", self._get_day_start(last + timedelta(days=1))) if last else SQL("TRUE")
                ),
                wanted=(
                    SQL("TRUE")
                    if anything
                    else self._get_product_condition(self.bought_product_ids.ids, self.bought_type_ids.ids)
                ),
            )
        )
        return [customer_id for (customer_id,) in rows]

    def _get_day_start(self, day):
        """Return the moment at which a day of the firm begins, naive UTC."""
        zone = timezone(self.company_id._get_broker_tz())
        return zone.localize(datetime.combine(day, time.min)).astimezone(UTC).replace(tzinfo=None)

    @api.model
    def _get_product_condition(self, product_ids, type_ids):
        """Return the SQL condition that an order line sells some products, or prints some
        types; every line where nothing is named.

        A line's spec says what is printed, or else its product does.
        """
        if not product_ids and not type_ids:
            return SQL("TRUE")
        return SQL(
            """
            (line.product_id = ANY(%(products)s) OR COALESCE(
                (SELECT MIN(spec.product_type_id) FROM broker_job_spec spec WHERE spec.order_line_id = line.id),
                (SELECT template.broker_product_type_id
                   FROM product_product product
                   JOIN product_template template ON template.id = product.product_tmpl_id
                  WHERE product.id = line.product_id)
            ) = ANY(%(types)s))
            """,
            products=list(product_ids),
            types=list(type_ids),
        )

    def _get_preview_rows(self):
        """Return what stands in the way of turning to the customers found.

        :return: list of tuples: the customer's id, then one value for each of `PREVIEWS`
        """
        self.ensure_one()
        customers = self.env["broker.customer"].search(self._get_match_domain(), order="id")
        if not customers:
            return []
        self.env["broker.campaign.member"].flush_model()
        self.env["mail.blacklist"].flush_model()
        self.env["res.partner"].flush_model()
        self.env["broker.customer"].flush_model()
        return self.env.execute_query(
            SQL(
                """
                SELECT customer.id, member.id IS NOT NULL,
                       member.id IS NULL AND customer.last_campaign_date > %(rested)s,
                       COALESCE(customer.do_not_call, FALSE),
                       mail.id IS NULL OR mail.is_refused,
                       NOT EXISTS (
                           SELECT FROM res_users person
                             JOIN res_company_users_rel works ON works.user_id = person.id
                            WHERE person.id IN (contact.user_id, customer.service_user_id)
                              AND person.active AND person.share IS NOT TRUE AND works.cid = customer.company_id
                       )
                  FROM broker_customer customer
                  JOIN res_partner contact ON contact.id = customer.partner_id
             LEFT JOIN broker_campaign_member member
                    ON member.customer_id = customer.id AND member.campaign_id = %(campaign)s
             LEFT JOIN LATERAL (%(addressee)s) mail ON TRUE
                 WHERE customer.id = ANY(%(ids)s)
              ORDER BY customer.tier_rank DESC NULLS LAST, customer.id
                """,
                rested=self._get_rested_day(),
                campaign=self._origin.id or 0,
                addressee=self._get_addressee_query(),
                ids=customers.ids,
            )
        )

    def _get_rested_day(self):
        """Return the day: who was turned to after it rests from campaigns still."""
        company = self.company_id
        days = company.broker_campaign_rest_days
        # Without a rest even today's are free.
        return company._get_broker_today() - timedelta(days=days) if days else datetime.max.date()

    @api.model
    def _get_addressee_query(self):
        """Return the SELECT of the person to write to: who ordered last, else the customer
        itself, else its first contact; those with an address only.

        Whether that address refused mails says `is_refused`: nobody else is written to
        instead. The query around it knows `customer`.
        """
        return SQL(
            """
            SELECT person.id,
                   EXISTS (
                       SELECT FROM mail_blacklist refused
                        WHERE refused.active AND refused.email = person.email_normalized
                   ) AS is_refused
              FROM res_partner person
         LEFT JOIN LATERAL (
                       SELECT job.partner_id
                         FROM sale_order job
                        WHERE job.broker_customer_id = customer.id AND job.state = 'sale'
                     ORDER BY job.date_order DESC, job.id DESC
                        LIMIT 1
                   ) latest ON TRUE
             WHERE person.commercial_partner_id = customer.partner_id AND person.active
               AND person.email_normalized <> ''
          ORDER BY (person.id = latest.partner_id) IS TRUE DESC, person.id = customer.partner_id DESC, person.id
             LIMIT 1
            """
        )

    def _get_selection_facts(self, customer_ids):
        """Return what the list says of each customer when it is chosen.

        :return: {customer id: {partner_id, bought_date, bought_amount}}
        """
        day = self.env["broker.care.call"]._sql_day(self.company_id, SQL("job.date_order"))
        first, last = self.bought_from, self.bought_to
        rows = self.env.execute_query(
            SQL(
                """
                SELECT customer.id, COALESCE(mail.id, customer.partner_id), bought.date, bought.amount
                  FROM broker_customer customer
             LEFT JOIN LATERAL (%(addressee)s) mail ON TRUE
             LEFT JOIN LATERAL (
                           SELECT MAX(%(day)s) AS date,
                                  SUM(line.price_subtotal / COALESCE(NULLIF(job.currency_rate, 0), 1)) AS amount
                             FROM sale_order job
                             JOIN sale_order_line line ON line.order_id = job.id
                            WHERE %(has_season)s AND job.broker_customer_id = customer.id AND job.state = 'sale'
                              AND job.broker_claim_case_id IS NULL
                              AND line.display_type IS NULL AND line.is_downpayment IS NOT TRUE
                              AND %(since)s AND %(until)s AND %(wanted)s
                       ) bought ON TRUE
                 WHERE customer.id = ANY(%(ids)s)
                """,
                addressee=self._get_addressee_query(),
                day=day,
                has_season=self._has_season(),
                since=SQL("job.date_order >= %s", self._get_day_start(first)) if first else SQL("TRUE"),
                until=(
                    SQL("job.date_order < %s", self._get_day_start(last + timedelta(days=1))) if last else SQL("TRUE")
                ),
                wanted=self._get_product_condition(self.bought_product_ids.ids, self.bought_type_ids.ids),
                ids=list(customer_ids),
            )
        )
        return {
            customer_id: {"partner_id": partner_id, "bought_date": date, "bought_amount": amount or 0.0}
            for customer_id, partner_id, date, amount in rows
        }
