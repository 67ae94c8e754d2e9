from odoo import models


class AccountPaymentRegister(models.TransientModel):
    _inherit = "account.payment.register"

    def _create_payments(self):
        with self.env["broker.commission.entry"]._settling_together():
            return super()._create_payments()
