from odoo.fields import Command

from odoo.addons.print_broker_crm.tests.common_account import BrokerAccountCommon


class ClaimCommon(BrokerAccountCommon):
    """Claims on the job of the design: 10,000 with a margin of 3,000, a pool of 300.

    Ten brochures at 1,000 each, bought at 700; two of them came with the wrong fold.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner.user_id = cls.sales_wang
        cls.press = cls.env["res.partner"].create({"name": "Golden Press", "is_company": True})
        cls.job = cls._create_job(price=1000, cost=700, quantity=10, user_id=cls.sales_wang.id)
        cls.Case = cls.env["broker.case"]

    @classmethod
    def _open_claim(cls, job=None, user=None, granted=0.0, quantity=2.0, **vals):
        job = job or cls.job
        case = (
            cls.Case.with_user(user or cls.service_chen)
            .create(
                {
                    "customer_id": cls.customer.id,
                    "title": "Wrong fold",
                    "kind": "claim",
                    "order_id": job.id,
                    "claim_line_ids": [Command.create({"order_line_id": job.order_line[:1].id, "quantity": quantity})],
                    **vals,
                }
            )
            .with_user(cls.service_chen)
        )
        if granted:
            case.claim_line_ids.amount_granted = granted
        return case

    @classmethod
    def _fill_result(cls, case):
        case.write({"outcome": "Money back", "corrective_action": "Check the first fold", "cause": "printing_house"})

    def _get_charges(self, case):
        """Return [(role, amount)] of the charges that stand, and the number of all."""
        charges = self.env["broker.commission.charge"].search([("case_id", "=", case.id)])
        standing = charges.filtered(lambda charge: not charge.is_reversed and not charge.reversed_id)
        return [(charge.role, charge.amount) for charge in standing], len(charges)
