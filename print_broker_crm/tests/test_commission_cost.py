from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


@tagged("post_install", "-at_install")
class TestCommissionCost(BrokerAccountCommon):
    """The price of the printing house is the cost of the job."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.printing_house = cls._create_partner("Sun Press", supplier_rank=1)
        cls.buyer = new_test_user(cls.env, login="broker_buyer", groups="purchase.group_purchase_user")

    def _create_purchase(self, job, price, quantity=1.0, **kwargs):
        line = job.order_line.filtered("product_id")[:1]
        return self.env["purchase.order"].create(
            {
                "partner_id": self.printing_house.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "product_qty": quantity,
                            "price_unit": price,
                            "tax_ids": [Command.clear()],
                            "sale_line_id": line.id,
                        }
                    )
                ],
                **kwargs,
            }
        )

    def test_confirmed_purchase_moves_posted_commission(self):
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        self._pay(invoice, 4000)
        purchase = self._create_purchase(job, 6000)
        self.assertEqual(job.order_line.purchase_price, 7000, "a request for quotation is no cost")
        purchase.with_user(self.buyer).button_confirm()
        self.assertEqual(job.order_line.purchase_price, 6000)
        # Margin 4,000, pool 400, of which 160 released.
        self.assertCommission(job, 280, 120, "earned")
        self.assertCommission(job, 112, 48)
        entries = self.env["broker.commission.entry"].search([("order_id", "=", job.id), ("kind", "=", "cost")])
        self.assertEqual(sum(entries.filtered(lambda e: e.book == "earned").mapped("amount")), 100)

    def test_changed_purchase_price(self):
        job = self._create_job()
        purchase = self._create_purchase(job, 6000)
        purchase.button_confirm()
        self._pay(self._create_posted_invoice(job))
        self.assertCommission(job, 280, 120)
        purchase.order_line.with_user(self.buyer).price_unit = 8000
        self.assertEqual(job.order_line.purchase_price, 8000)
        self.assertCommission(job, 140, 60)
        purchase.order_line.discount = 25
        self.assertEqual(job.order_line.purchase_price, 6000)
        self.assertCommission(job, 280, 120)

    def test_cost_survives_the_recompute_of_sales(self):
        job = self._create_job(quantity=10, price=1000, cost=500)
        self._create_purchase(job, 600, quantity=10).button_confirm()
        line = job.order_line
        self.print_product.standard_price = 1
        line.env.add_to_compute(line._fields["purchase_price"], line)
        self.assertEqual(line.purchase_price, 600)
        in_form = line.new(origin=line)
        in_form.product_uom_id = self.uom_dozen
        self.assertEqual(in_form.purchase_price, 7200)
        line.product_uom_id = self.uom_dozen
        self.assertEqual(line.purchase_price, 7200)

    def test_several_purchases_are_weighted(self):
        job = self._create_job(quantity=4, price=1000, cost=0)
        self._create_purchase(job, 100, quantity=1).button_confirm()
        self._create_purchase(job, 200, quantity=3).button_confirm()
        self.assertEqual(job.order_line.purchase_price, 175)

    def test_reprint_is_borne_by_what_was_sold(self):
        job = self._create_job(quantity=10, price=1000, cost=0)
        self._create_purchase(job, 600, quantity=10).button_confirm()
        self._create_purchase(job, 300, quantity=10).button_confirm()
        # 6,000 and 3,000 for the reprint, over ten that are paid for.
        self.assertEqual(job.order_line.purchase_price, 900)

    def test_fewer_sold_than_bought(self):
        job = self._create_job(quantity=10, price=1000, cost=0)
        self._create_purchase(job, 600, quantity=10).button_confirm()
        job.order_line.product_uom_qty = 8
        # 6,000 were spent, and eight pay for it.
        self.assertEqual(job.order_line.purchase_price, 750)

    def test_unit_and_currency_of_the_purchase(self):
        gold = self.setup_other_currency("EUR", rates=[("1900-01-01", 2.0)])
        job = self._create_job(quantity=24, price=100, cost=0)
        purchase = self._create_purchase(job, 1200, quantity=2, currency_id=gold.id)
        purchase.order_line.product_uom_id = self.uom_dozen
        purchase.order_line.price_unit = 1200
        purchase.button_confirm()
        # 1,200 gold coins a dozen are 600 dollars, 50 a piece.
        self.assertEqual(job.order_line.purchase_price, 50)

    def test_cancelled_purchase_leaves_the_last_price(self):
        job = self._create_job(quantity=2)
        first = self._create_purchase(job, 6000)
        second = self._create_purchase(job, 5000)
        (first + second).button_confirm()
        self.assertEqual(job.order_line.purchase_price, 5500)
        first.button_cancel()
        self.assertEqual(job.order_line.purchase_price, 5000)
        second.button_cancel()
        self.assertEqual(job.order_line.purchase_price, 5000)

    def test_salesperson_does_not_talk_the_cost_down(self):
        job = self._create_job()
        purchase = self._create_purchase(job, 6000)
        purchase.button_confirm()
        with self.assertRaisesRegex(UserError, purchase.name):
            job.order_line.with_user(self.sales_wang).purchase_price = 1
        job.order_line.with_user(self.sales_wang).write({"purchase_price": 6000})

    def test_cost_by_hand_before_a_purchase(self):
        job = self._create_job(confirm=False)
        job.order_line.with_user(self.sales_wang).purchase_price = 5000
        self.assertEqual(job.order_line.purchase_price, 5000)

    def test_cost_of_a_job_is_not_lowered_by_hand(self):
        job = self._create_job()
        line = job.order_line
        with self.assertRaisesRegex(UserError, "Only a manager lowers"):
            line.with_user(self.sales_wang).purchase_price = 6999
        with self.assertRaisesRegex(UserError, "Only a manager lowers"):
            job.with_user(self.service_chen).write({"order_line": [Command.update(line.id, {"purchase_price": 0})]})
        line.with_user(self.sales_wang).purchase_price = 7200
        line.with_user(self.manager_qian).purchase_price = 6500
        self.assertEqual(line.purchase_price, 6500)

    def test_typed_cost_is_seen_by_the_manager(self):
        """Until a purchase order is confirmed, entries and splits say that the cost was
        typed in; what was written then still says so."""
        job = self._create_job()
        invoice = self._create_posted_invoice(job)
        Entry = self.env["broker.commission.entry"]
        splits = self.env["broker.commission.split"].search([("order_id", "=", job.id)])
        self.assertEqual(set(splits.with_user(self.manager_qian).mapped("cost_typed")), {True})
        typed = Entry.search([("order_id", "=", job.id)])
        self.assertEqual(set(typed.mapped("cost_typed")), {True})
        self._create_purchase(job, 7000).button_confirm()
        self.assertEqual(set(splits.mapped("cost_typed")), {False})
        self._pay(invoice)
        later = Entry.search([("order_id", "=", job.id)]) - typed
        self.assertEqual(set(later.mapped("cost_typed")), {False})
        self.assertEqual(set(typed.mapped("cost_typed")), {True})

    def test_purchase_line_added_to_a_confirmed_order(self):
        job = self._create_job()
        purchase = self._create_purchase(self._create_job(), 1)
        purchase.button_confirm()
        purchase.order_line = [
            Command.create(
                {
                    "product_id": self.print_product.id,
                    "product_qty": 1,
                    "price_unit": 6500,
                    "tax_ids": [Command.clear()],
                    "sale_line_id": job.order_line.id,
                }
            )
        ]
        self.assertEqual(job.order_line.purchase_price, 6500)

    def test_outsourced_service(self):
        """Confirming the job asks the printing house; its answer is the cost."""
        self.print_product.seller_ids = [Command.create({"partner_id": self.printing_house.id, "price": 5500})]
        self.print_product.service_to_purchase = True
        job = self._create_job()
        purchase = self.env["purchase.order.line"].search([("sale_line_id", "=", job.order_line.id)]).order_id
        self.assertEqual(len(purchase), 1)
        self.assertEqual(job.order_line.purchase_price, 7000)
        purchase.button_confirm()
        self.assertEqual(job.order_line.purchase_price, 5500)

    def test_negative_cost_is_a_managers(self):
        """Margin out of nothing: a line of 1 with a cost of -5,000 on a job."""
        job = self._create_job()
        vals = {"order_id": job.id, "product_id": job.order_line.product_id.id, "price_unit": 1}
        Line = self.env["sale.order.line"].with_user(self.sales_wang)
        with self.assertRaisesRegex(UserError, "not negative"):
            Line.create({**vals, "purchase_price": -5000})
        with self.assertRaisesRegex(UserError, "not negative"):
            Line.with_context(default_purchase_price=-5000).create(vals)
        line = Line.create(vals)
        with self.assertRaisesRegex(UserError, "not negative"):
            line.purchase_price = -5000
        line.with_user(self.manager_qian).purchase_price = -5
