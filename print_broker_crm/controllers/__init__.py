from . import broker_case_portal, broker_proof_portal, broker_rating_portal
