import base64

from .common_account import BrokerAccountCommon

# The smallest PNG there is: one transparent point.
PNG = base64.b64encode(
    base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
).decode()
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n").decode()


class ProofCommon(BrokerAccountCommon):
    """A job of Jade Restaurant, sold by Wang and served by Chen, and its proofs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner.user_id = cls.sales_wang
        cls.job = cls._create_job(user_id=cls.sales_wang.id)

    @classmethod
    def _create_proof(cls, order=None, line=None, user=None, content=PNG, name="Golden Press menu.png", **kwargs):
        """Draft a proof with a file whose name tells who prints it."""
        env = cls.env(user=user or cls.service_chen)
        proof = env["broker.proof"].create(
            {"order_id": (order or cls.job).id, "order_line_id": line.id if line else False, **kwargs}
        )
        env["broker.proof.file"].create({"proof_id": proof.id, "name": name, "content": content})
        return proof.with_env(cls.env)

    @classmethod
    def _send_proof(cls, *args, user=None, **kwargs):
        proof = cls._create_proof(*args, user=user, **kwargs)
        proof.with_user(user or cls.service_chen)._send()
        return proof

    def _answer_online(self, proof, answer="approved", name="Li Na", comment="", signature=PNG, **kwargs):
        return proof.sudo()._answer_online(answer, name, comment, signature=signature, **kwargs)
