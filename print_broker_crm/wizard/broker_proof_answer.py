from odoo import fields, models


class BrokerProofAnswer(models.TransientModel):
    """Asks what a customer said about a proof, and how it came."""

    _name = "broker.proof.answer"
    _description = "Write Down an Answer"

    proof_id = fields.Many2one("broker.proof", required=True, readonly=True, ondelete="cascade")
    answer = fields.Selection(
        [
            ("approved", "Approved"),
            ("approved_comment", "Approved with comment"),
            ("rejected", "Rejected"),
        ],
        required=True,
    )
    channel = fields.Selection(
        [("phone", "Phone"), ("wechat", "WeChat"), ("email", "E-mail"), ("meeting", "In person")],
        string="Answered through",
        required=True,
    )
    decided_by = fields.Char(string="Who Said So", required=True, help="The customer's person, by name.")
    comment = fields.Text(string="What Is to Be Changed")
    internal_note = fields.Text(
        string="How the Answer Came", required=True, help="Who said what, when. It stands for the signature."
    )
    evidence = fields.Binary(string="Screenshot")
    evidence_name = fields.Char(string="Screenshot File")

    def action_write_down(self):
        """Answer the proof for the customer."""
        self.ensure_one()
        self.proof_id._answer_for_customer(
            self.answer,
            self.decided_by,
            self.channel,
            self.internal_note,
            comment=self.comment,
            evidence=self.with_context(bin_size=False).evidence,
            evidence_name=self.evidence_name,
        )
        return {"type": "ir.actions.act_window_close"}
