from . import (
    account_payment_register,
    base_partner_merge,
    broker_assignment_correction,
    broker_commission_instalment,
    broker_commission_statement_opening,
    broker_commission_statement_payment,
    broker_commission_plan_version,
    broker_handoff_return,
    broker_staff_change_preview,
    broker_staff_change_successor,
)
