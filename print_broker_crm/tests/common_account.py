from odoo.fields import Command

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.print_broker_crm.tests.common import BrokerCommon


class BrokerAccountCommon(BrokerCommon, AccountTestInvoicingCommon):
    """The firm with a chart of accounts: jobs, invoices, money and commission.

    The company's currency is the dollar of the generic chart; the shipped plan holds:
    10 % of the margin, 70/30 on own customers, 30/70 on inherited ones, on collection.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls.env["broker.commission.plan"].search([("company_id", "=", cls.company.id)])
        cls.print_category = cls.env["product.category"].create({"name": "Print"})
        cls.box_category = cls.env["product.category"].create({"name": "Boxes", "parent_id": cls.print_category.id})
        cls.print_product = cls._create_print_product("Brochure", cls.print_category)
        cls.box_product = cls._create_print_product("Folding Box", cls.box_category)
        cls.customer = cls._open_customer(service=cls.service_chen)
        # The firm's outstanding receipts are on an account: a registered payment is
        # money that came in, without a bank statement.
        cls.company_data["default_journal_bank"].inbound_payment_method_line_ids.payment_account_id = cls.company_data[
            "default_account_receivable"
        ].copy({"account_type": "asset_current", "reconcile": True, "code": "BRK101"})

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.env.ref("print_broker_crm.group_manager")

    @classmethod
    def _create_print_product(cls, name, category, **kwargs):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "invoice_policy": "order",
                "categ_id": category.id,
                "taxes_id": [Command.clear()],
                "supplier_taxes_id": [Command.clear()],
                "property_account_income_id": cls.company_data["default_account_revenue"].id,
                **kwargs,
            }
        )

    @classmethod
    def _create_job(cls, price=10000.0, cost=7000.0, quantity=1.0, lines=(), confirm=True, **kwargs):
        """Create an order and confirm it.

        :param lines: more lines as (product, price, cost)
        """
        order = cls.env["sale.order"].create(
            {
                "partner_id": cls.partner.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_qty": quantity,
                            "price_unit": line_price,
                            "purchase_price": line_cost,
                        }
                    )
                    for product, line_price, line_cost in [(cls.print_product, price, cost), *lines]
                ],
                **kwargs,
            }
        )
        if confirm:
            order.action_confirm()
        return order

    @classmethod
    def _create_posted_invoice(cls, order, date=None):
        invoice = order._create_invoices()
        if date:
            invoice.invoice_date = date
        invoice.action_post()
        return invoice

    @classmethod
    def _pay(cls, invoice, amount=None, date=None):
        """Register a payment that is matched with the invoice; return the payment."""
        values = {"payment_date": date or invoice.invoice_date}
        if amount is not None:
            values["amount"] = amount
        return cls._register_payment(invoice, **values)

    @classmethod
    def _credit(cls, invoice, quantity=None, price=None, post=True):
        """Reverse an invoice, in whole or in part, without matching the two."""
        note = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        for line in note.invoice_line_ids:
            if quantity is not None:
                line.quantity = quantity
            if price is not None:
                line.price_unit = price
        if post:
            note.action_post()
            # Odoo matches the two when the note is posted; people undo that, to use the
            # note for another invoice.
            note.line_ids.remove_move_reconcile()
        return note

    @classmethod
    def _match(cls, invoice, note):
        """Match the receivables of an invoice and its credit note."""
        lines = (invoice + note).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        lines.reconcile()
        return lines

    def _get_sums(self, orders, book="released"):
        """Return {user: sum of the entries of some orders} in a book."""
        return {
            user: self.company.currency_id.round(amount)
            for user, amount in self.env["broker.commission.entry"]
            .sudo()
            ._read_group(
                [("order_id", "in", orders.ids), ("book", "=", book)],
                ["user_id"],
                ["amount:sum"],
            )
        }

    def assertCommission(self, orders, sales, service, book="released", salesperson=None, agent=None):
        """Check what Wang and Chen have of some orders; nobody else has anything."""
        sums = self._get_sums(orders, book)
        people = {salesperson or self.sales_wang: sales, agent or self.service_chen: service}
        self.assertEqual(
            {user: amount for user, amount in sums.items() if amount},
            {user: amount for user, amount in people.items() if amount},
        )
