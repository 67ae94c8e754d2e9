from . import broker_proof_portal
