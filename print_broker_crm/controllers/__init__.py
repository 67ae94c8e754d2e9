from . import broker_proof_portal, broker_rating_portal
