"""What the people of the demo firm do, each through the public methods and with the rights of their own user."""

from odoo import SUPERUSER_ID, Command

CONTEXT = {
    "lang": "zh_CN",
    "tz": "Asia/Shanghai",
    # Nobody is to be mailed about the past.
    "tracking_disable": True,
    "mail_notrack": True,
    "mail_create_nolog": True,
    "mail_auto_subscribe_no_notify": True,
    "mail_activity_quick_update": True,
    "no_reset_password": True,
}
USERS = ("owner", "wang", "zhao", "li", "chen", "lin", "sun")
VAT_PERCENT = 13.0


class Firm:
    """The firm with its people and its papers; records are given from hand to hand by their user's environment."""

    def __init__(self, env):
        self.company = env.ref("print_broker_crm.demo_company")
        self.context = {**CONTEXT, "allowed_company_ids": self.company.ids}
        self.root = env(user=SUPERUSER_ID, su=True, context=self.context)
        self.company = self.company.with_env(self.root)
        self.user = {login: self.ref(f"demo_user_{login}") for login in USERS}
        self.admin = self.root.ref("base.user_admin")
        self.environments = {user: self.root(user=user.id, su=False) for user in [*self.user.values(), self.admin]}
        self.owner = self.user["owner"]
        self.officer = self.user["sun"]

    def ref(self, name):
        return self.root.ref(f"print_broker_crm.{name}")

    def as_user(self, user, records=None):
        """The records as a user handles them, or the user's environment."""
        env = self.environments[user]
        return env if records is None else records.with_env(env)

    # SETTING UP

    def open_books(self):
        """Load a chart of accounts and the value added tax."""
        company = self.company
        if not company.chart_template:
            self.root["account.chart.template"].try_loading(False, company)
        if "CN" == company.account_fiscal_country_id.code and company.account_sale_tax_id.amount == VAT_PERCENT:
            return
        group = self.root["account.tax.group"].search([("company_id", "=", company.id)], limit=1)
        for use, field in (("sale", "account_sale_tax_id"), ("purchase", "account_purchase_tax_id")):
            company[field] = self.root["account.tax"].create(
                {
                    "name": f"增值税 {VAT_PERCENT:g}%" if use == "sale" else f"进项税 {VAT_PERCENT:g}%",
                    "amount": VAT_PERCENT,
                    "type_tax_use": use,
                    "tax_group_id": group.id,
                    "company_id": company.id,
                    "country_id": company.account_fiscal_country_id.id,
                }
            )
        products = self.root["product.template"].search([("company_id", "=", company.id)])
        products.write(
            {
                "taxes_id": [Command.set(company.account_sale_tax_id.ids)],
                "supplier_taxes_id": [Command.set(company.account_purchase_tax_id.ids)],
            }
        )

    def speak_chinese(self):
        """Name the firm's plan and rules as the shipped ones are named in Chinese.

        The firm's copies were made before the translations were loaded.
        """
        chinese = self.root["broker.commission.plan"].with_context(lang="zh_CN", active_test=False)
        shipped = chinese.browse(self.root.ref("print_broker_crm.broker_commission_plan_shipped").id)
        for plan in chinese.search([("company_id", "=", self.company.id)]):
            plan.name = shipped.name
            for rule, model in zip(plan.rule_ids, shipped.rule_ids, strict=False):
                rule.name = model.name

    def let_admin_in(self):
        """Let the administrator begin in the demo firm, in English; the other companies stay in the menu."""
        self.admin.write({"company_id": self.company.id, "lang": "en_US"})

    # OPPORTUNITIES

    def open_lead(self, salesperson, contact, title, revenue, source):
        lead = self.as_user(salesperson)["crm.lead"].create(
            {
                "type": "opportunity",
                "name": title,
                "partner_id": contact.id,
                "user_id": salesperson.id,
                "team_id": self.ref("demo_team").id,
                "expected_revenue": revenue,
                "source_id": source.id,
            }
        )
        return lead.with_env(self.root)

    def move_lead(self, lead, stage):
        self.as_user(lead.user_id, lead).stage_id = stage.id

    def win_lead(self, lead):
        self.as_user(lead.user_id, lead).action_set_won()

    def lose_lead(self, lead, reason):
        orders = lead.order_ids.filtered(lambda order: order.state in ("draft", "sent"))
        self.as_user(lead.user_id, orders).action_cancel()
        self.as_user(lead.user_id, lead).action_set_lost(lost_reason_id=reason.id)

    # ORDERS

    def quote(self, salesperson, contact, lines, delivery, term, lead=None):
        """Write a quotation; lines are (product, quantity, price, cost by the list)."""
        order = self.as_user(salesperson)["sale.order"].create(
            {
                "partner_id": contact.id,
                "opportunity_id": lead.id if lead else False,
                "user_id": salesperson.id,
                "team_id": self.ref("demo_team").id,
                "commitment_date": delivery,
                "payment_term_id": term.id,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": quantity, "price_unit": price})
                    for product, quantity, price in lines
                ],
            }
        )
        return order.with_env(self.root)

    def confirm(self, order):
        self.as_user(order.user_id, order).action_confirm()

    def place_with_printer(self, agent, order, factor, vendor_place):
        """Choose the printing house, agree on its price and order there."""
        purchases = self.as_user(agent)["purchase.order"].search(
            [("order_line.sale_order_id", "=", order.id), ("state", "=", "draft")]
        )
        for purchase in purchases:
            line = purchase.order_line[:1]
            sellers = line.product_id.seller_ids
            seller = sellers[min(vendor_place, len(sellers) - 1)]
            if seller.partner_id != purchase.partner_id:
                purchase.partner_id = seller.partner_id.id
            for line in purchase.order_line:
                price = line.product_id.seller_ids.filtered(lambda s, v=seller: s.partner_id == v.partner_id)[:1].price
                line.price_unit = round((price or line.price_unit) * factor, 2)
        purchases.button_confirm()
        return purchases.with_env(self.root)

    def reprint(self, agent, purchase, factor):
        """Have the copies printed once more, on a purchase order of its own for the same job."""
        copy = self.as_user(agent)["purchase.order"].create(
            {
                "partner_id": purchase.partner_id.id,
                "origin": purchase.origin,
                "order_line": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "name": f"{line.name}\n返工重印",
                            "product_qty": line.product_qty,
                            "price_unit": round(line.price_unit * factor, 2),
                            "sale_line_id": line.sale_line_id.id,
                        }
                    )
                    for line in purchase.order_line
                ],
            }
        )
        copy.button_confirm()

    def receive(self, agent, order):
        self.as_user(agent, order).action_confirm_receipt()

    # MONEY

    def invoice(self, orders):
        """Invoice jobs, each on an invoice of its own.

        :return: the posted invoices
        """
        wizard = (
            self.as_user(self.owner)["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=orders.ids)
            .create({"advance_payment_method": "delivered", "consolidated_billing": False})
        )
        wizard.create_invoices()
        invoices = orders.invoice_ids.filtered(lambda move: move.state == "draft")
        self.as_user(self.owner, invoices).action_post()
        return invoices

    def pay(self, moves, part=1.0):
        """Register what customers paid, or what they get back on credit notes.

        :param part: of what is still owed, for one invoice alone
        """
        moves = moves.filtered(lambda move: move.state == "posted" and move.amount_residual)
        if not moves:
            return
        wizard = (
            self.as_user(self.owner)["account.payment.register"]
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({"group_payment": False})
        )
        if part < 1.0:
            wizard.amount = moves.currency_id.round(moves.amount_residual * part)
        wizard.action_create_payments()

    def credit(self, invoice, reason, part=1.0):
        """Write a credit note over a part of an invoice and set it off where something is still owed.

        :return: the posted credit note
        """
        wizard = (
            self.as_user(self.owner)["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"reason": reason, "journal_id": invoice.journal_id.id})
        )
        note = self.root["account.move"].browse(wizard.refund_moves()["res_id"])
        if part < 1.0:
            for line in self.as_user(self.owner, note).invoice_line_ids:
                # The goods stay with the customer: the price goes down, not the number of copies.
                line.price_unit = round(line.price_unit * part, 2)
        if note.state == "draft":
            self.as_user(self.owner, note).action_post()
        open_line = note.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        if not open_line.reconciled and invoice.amount_residual:
            self.as_user(self.owner, invoice).js_assign_outstanding_line(open_line[:1].id)
        return note
