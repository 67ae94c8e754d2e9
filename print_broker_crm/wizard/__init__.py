from . import base_partner_merge, broker_handoff_return
