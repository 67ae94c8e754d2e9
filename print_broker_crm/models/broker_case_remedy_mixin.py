from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

from .broker_case_clock_mixin import OPEN_STATES


class BrokerCaseRemedyMixin(models.AbstractModel):
    """What a claim leads to: printing again, money back, and the printing house's part."""

    _name = "broker.case.remedy.mixin"
    _description = "Case: Remedies"

    # Of the company, as the case says.
    company_currency_id = fields.Many2one("res.currency")
    reprint_order_ids = fields.One2many(
        "sale.order", "broker_claim_case_id", string="Reprints", readonly=True, copy=False
    )
    reprint_count = fields.Integer(string="Number of Reprints", compute="_compute_reprint_count", compute_sudo=True)
    reprint_cost = fields.Monetary(
        currency_field="company_currency_id",
        compute="_compute_reprint_cost",
        store=True,
        compute_sudo=True,
        help="What printing again costs, by the cost of its lines.",
    )
    claim_move_ids = fields.One2many(
        "account.move", "broker_case_id", string="Credit Notes and Refunds", readonly=True, copy=False
    )
    claim_move_count = fields.Integer(
        string="Number of Credit Notes and Refunds", compute="_compute_claim_move_count", compute_sudo=True
    )

    @api.depends("reprint_order_ids.state")
    def _compute_reprint_count(self):
        for case in self:
            case.reprint_count = len(case._get_reprints())

    @api.depends(
        "reprint_order_ids.state",
        "reprint_order_ids.order_line.purchase_price",
        "reprint_order_ids.order_line.product_uom_qty",
    )
    def _compute_reprint_cost(self):
        for case in self:
            total = 0.0
            for order in case._get_reprints():
                cost = sum(line.purchase_price * line.product_uom_qty for line in order.order_line)
                total += order.currency_id._convert(
                    cost, case.company_id.currency_id, case.company_id, order.date_order or fields.Date.today()
                )
            case.reprint_cost = total

    @api.depends("claim_move_ids")
    def _compute_claim_move_count(self):
        counts = dict(
            self.env["account.move"]._read_group(
                Domain("broker_case_id", "in", self.ids) & Domain("state", "!=", "cancel"),
                ["broker_case_id"],
                ["__count"],
            )
        )
        for case in self:
            case.claim_move_count = counts.get(case._origin, 0)

    # REPRINT

    def action_reprint(self):
        """Print what is affected again for nothing: an order without a price, confirmed,
        and what is to be bought for it; or open the one that there is."""
        self.ensure_one()
        self.check_access("read")
        reprint = self._get_reprints()[:1]
        if not reprint:
            if not self._may_decide_claims():
                raise AccessError(self.env._("Service and managers let a job be printed again."))
            self._check_step(*OPEN_STATES, "solved")
            self._check_claim_open()
            if not self.sudo().claim_line_ids:
                raise UserError(self.env._("What is to be printed again? Enter the lines of the claim first."))
            reprint = self.sudo()._create_reprint()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": reprint.id,
            "views": [(False, "form")],
        }

    def _get_reprints(self):
        return self.sudo().reprint_order_ids.filtered(lambda order: order.state != "cancel")

    def _create_reprint(self):
        """Create and confirm the order by which a claim is printed again, with the job
        specs of the lines; it bears no commission."""
        self.ensure_one()
        job = self.order_id
        reprint = job.copy(
            {
                "broker_claim_case_id": self.id,
                "origin": self.name,
                "order_line": [
                    Command.create(
                        line.order_line_id.copy_data(
                            {
                                "product_uom_qty": line.quantity,
                                "price_unit": 0.0,
                                "discount": 0.0,
                                "purchase_price": line.order_line_id.purchase_price,
                            }
                        )[0]
                    )
                    for line in self.claim_line_ids
                ],
            }
        )
        reprint.action_confirm()
        self._buy_reprint(reprint)
        link = reprint._get_html_link()
        self._message_log(body=self.env._("Printed again by %(order)s.", order=link))
        job._message_log(body=self.env._("%(case)s: printed again by %(order)s.", case=self.name, order=link))
        return reprint

    def _buy_reprint(self, reprint):
        """Ask those who printed the job for what is printed again, where confirming the
        reprint did not do so; whoever buys sends and confirms it."""
        new_lines = dict(zip(self.claim_line_ids, reprint.order_line, strict=True))
        by_order = {}
        for line, new_line in new_lines.items():
            bought = line.order_line_id.purchase_line_ids.filtered(lambda row: row.order_id.state == "purchase")[-1:]
            if bought and not new_line.purchase_line_ids:
                by_order.setdefault(bought.order_id, []).append((line, new_line, bought))
        self.env["purchase.order"].create(
            [
                {
                    "partner_id": purchase.partner_id.id,
                    "company_id": purchase.company_id.id,
                    "currency_id": purchase.currency_id.id,
                    "user_id": purchase.user_id.filtered("active").id,
                    "origin": reprint.name,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": bought.product_id.id,
                                "name": bought.name,
                                "product_qty": bought.product_qty
                                * line.quantity
                                / (line.order_line_id.product_uom_qty or 1.0),
                                "product_uom_id": bought.product_uom_id.id,
                                "price_unit": bought.price_unit,
                                "date_planned": fields.Datetime.now(),
                                "sale_line_id": new_line.id,
                            }
                        )
                        for line, new_line, bought in rows
                    ],
                }
                for purchase, rows in by_order.items()
            ]
        )

    # MONEY BACK

    def action_refund(self):
        """Open Odoo's dialog for a credit note, filled in; it makes a draft. Where all that
        was granted is on credit notes already, open those."""
        self.ensure_one()
        self.check_access("write")
        if not self.amount_granted:
            raise UserError(self.env._("%(case)s: nothing was granted yet.", case=self.name))
        if not self._get_uncredited():
            return self.action_view_claim_moves()
        invoice = self._get_claimed_invoice()
        if not invoice:
            raise UserError(self.env._("%(case)s: no posted invoice has what is claimed.", case=self.name))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit Note"),
            "res_model": "account.move.reversal",
            "view_mode": "form",
            "target": "new",
            "context": {
                "active_model": "account.move",
                "active_ids": invoice.ids,
                "default_broker_case_id": self.id,
                "default_reason": self.name,
            },
        }

    def _get_claimed_invoice(self):
        """Return the newest posted invoice with the claimed lines of the job."""
        lines = self.sudo().claim_line_ids.order_line_id or self.sudo().order_id.order_line
        moves = lines.invoice_lines.move_id.filtered(
            lambda move: move.move_type == "out_invoice" and move.state == "posted" and move.payment_state != "reversed"
        )
        return moves.sorted("id")[-1:].with_env(self.env)

    def _fit_credit_note(self, move):
        """Let a draft credit note give back what was granted, line by line.

        :param move: a draft `account.move` that reverses the whole invoice
        """
        self.ensure_one()
        granted = self._get_uncredited(without=move)
        lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        kept = lines.filtered(lambda line: line.sale_line_ids & self.env["sale.order.line"].concat(*granted))
        if not granted or move.state != "draft" or move.currency_id != self.claim_currency_id or not kept:
            return
        commands = [Command.delete(line.id) for line in move.invoice_line_ids - kept]
        for line in kept:
            # Once, also where a line of the job stands on the invoice twice.
            amount = sum(granted.pop(sold, 0.0) for sold in line.sale_line_ids)
            price = self._get_credit_price(line, amount)
            commands.append(
                Command.update(line.id, {"quantity": 1.0, "price_unit": price, "discount": 0.0})
                if amount
                else Command.delete(line.id)
            )
        move.write({"invoice_line_ids": commands})

    def _get_uncredited(self, without=None):
        """Return {line of the job: what was granted and is on no credit note of the claim yet}.

        :param without: an `account.move` that does not count
        """
        self.ensure_one()
        case, currency = self.sudo(), self.sudo().claim_currency_id
        left = {line.order_line_id: line.amount_granted for line in case.claim_line_ids}
        notes = case.claim_move_ids.filtered(lambda move: move.move_type == "out_refund" and move.state != "cancel")
        for row in (notes - (without or notes.browse())).invoice_line_ids:
            sold = row.sale_line_ids.filtered(lambda line: line in left)[:1]
            if sold:
                amount = row.currency_id._convert(row.price_subtotal, currency, row.company_id, row.move_id.date)
                left[sold] -= amount
        return {sold: amount for sold, amount in left.items() if currency.compare_amounts(amount, 0.0) > 0}

    @api.model
    def _get_credit_price(self, line, amount):
        """Return the price at which an invoice line gives back an amount without taxes.

        :param line: the `account.move.line` as it was invoiced
        """
        if not any(line.tax_ids.flatten_taxes_hierarchy().mapped("price_include")) or not line.price_subtotal:
            return amount
        gross = line.price_unit * line.quantity * (1.0 - line.discount / 100.0)
        return line.currency_id.round(amount * gross / line.price_subtotal)

    # THE PRINTING HOUSE'S PART

    def action_vendor_refund(self):
        """Draft the refund of the printing house, and note the claim on its orders; where
        all that it takes is on refunds already, open the last one."""
        self.ensure_one()
        self.check_access("write")
        case = self.sudo()
        vendor = case.printing_house_id
        if not vendor or case.company_id.currency_id.compare_amounts(case.vendor_amount, 0.0) <= 0:
            raise UserError(self.env._("Say which printing house takes how much first."))
        refunds = case.claim_move_ids.filtered(lambda move: move.move_type == "in_refund" and move.state != "cancel")
        draft = refunds.sorted("id")[-1:]
        left = case.company_currency_id.round(case.vendor_amount - case._sum_refunds(refunds))
        if not draft or left > 0:
            purchases = case.order_id.order_line.purchase_line_ids.order_id.filtered(
                lambda order: (
                    order.state == "purchase" and order.partner_id.commercial_partner_id == vendor.commercial_partner_id
                )
            )
            # In the name of whoever asks: bills are accounting's.
            draft = (
                self.env["account.move"]
                .with_company(case.company_id)
                .create(
                    {
                        "move_type": "in_refund",
                        "partner_id": vendor.id,
                        "company_id": case.company_id.id,
                        "currency_id": case.company_id.currency_id.id,
                        "ref": case.name,
                        "invoice_origin": ", ".join(purchases.mapped("name")),
                        "invoice_date": case.company_id._get_broker_today(),
                        "broker_case_id": case.id,
                        "invoice_line_ids": [Command.create({"name": case.name, "quantity": 1.0, "price_unit": left})],
                    }
                )
            )
            for purchase in purchases:
                purchase._message_log(
                    body=self.env._(
                        "%(case)s: the printing house takes %(amount)s of the claim.",
                        case=case.name,
                        amount=case.company_id.currency_id.format(left),
                    )
                )
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": draft.id,
            "views": [(False, "form")],
        }

    def _sum_refunds(self, moves):
        """Return what some refunds come to without taxes, in the company's currency."""
        self.ensure_one()
        return sum(
            move.currency_id._convert(move.amount_untaxed, self.company_currency_id, self.company_id, move.date)
            for move in moves
        )

    def action_view_claim_moves(self):
        """Open the credit notes and refunds of the claim."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit Notes and Refunds"),
            "res_model": "account.move",
            "views": [(False, "list"), (False, "form")],
            "domain": [("broker_case_id", "=", self.id)],
        }
