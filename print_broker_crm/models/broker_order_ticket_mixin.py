import base64

from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

from odoo import models
from odoo.tools.misc import formatLang

from .broker_proof import APPROVED_STATES


class BrokerOrderTicketMixin(models.AbstractModel):
    """The sheet that travels with a job: what it says, without anybody's name.

    It goes through the firm and to the printing house, so that the job's number stands
    for the customer.
    """

    _name = "broker.order.ticket.mixin"
    _description = "Order: Job Ticket"

    def action_print_broker_ticket(self):
        """Return the job ticket as a PDF."""
        return self.env.ref("print_broker_crm.broker_job_ticket_report").report_action(self)

    def _broker_get_job_url(self):
        """Return where the QR code leads: to the job, for who may see it."""
        self.ensure_one()
        return f"{self.get_base_url()}/odoo/action-print_broker_crm.broker_job_action/{self.id}"

    def _broker_get_job_qr(self):
        """Return the QR code that leads to the job, as the address of a picture.

        Drawn here: Odoo's own way of drawing needs a library that few systems have.
        """
        code = QRCode(None, QRErrorCorrectLevel.M)
        code.addData(self._broker_get_job_url())
        code.make()
        size = range(code.getModuleCount())
        # Readers want four empty modules around the code.
        path = "".join(f"M{x + 4} {y + 4}h1v1h-1z" for y in size for x in size if code.isDark(y, x))
        full = len(size) + 8
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{full * 8}" height="{full * 8}" '
            f'viewBox="0 0 {full} {full}" shape-rendering="crispEdges"><path d="{path}"/></svg>'
        )
        return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"

    def _broker_get_ticket_rows(self):
        """Return what is printed, line by line.

        :return: list of dicts of `number`, `product`, `spec`, `proof` and `quantity`
        """
        self.ensure_one()
        order = self.sudo()
        proofs = self.env["broker.proof"].sudo()._get_newest(order)
        newest = {proof.order_line_id: proof for proof in proofs}
        is_released = order.broker_proof_state == "released"
        needing = order.order_line.browse() if is_released else order._broker_get_proof_lines()
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        rows = []
        for line in order.order_line:
            if line.display_type or line.is_downpayment:
                continue
            proof = newest.get(line)
            sentence = False
            if proof and not (is_released and proof.state not in APPROVED_STATES):
                sentence = self._broker_get_proof_sentence(proof)
            elif line in needing and not line._is_broker_proof_covered(proofs):
                sentence = self.env._("There is no proof yet: do not print.")
            quantity = line.product_uom_qty
            quantity = formatLang(self.env, quantity, digits=0 if quantity.is_integer() else digits)
            rows.append(
                {
                    "number": len(rows) + 1,
                    "product": line._get_broker_ticket_name(),
                    "spec": line.broker_job_spec_text,
                    "proof": sentence,
                    "quantity": f"{quantity} {line.product_uom_id.name}",
                }
            )
        return rows

    def _broker_get_ticket_proof(self):
        """Return where the proof of the whole job stands, or False."""
        self.ensure_one()
        if self.sudo().broker_proof_state == "released":
            return self.env._("To be printed without an approved proof, on a manager's word.")
        newest = self.env["broker.proof"].sudo()._get_newest(self)
        proof = newest.filtered(lambda proof: not proof.order_line_id)
        return bool(proof) and self._broker_get_proof_sentence(proof)

    def _broker_get_proof_sentence(self, proof):
        if proof.state not in APPROVED_STATES:
            return self.env._("Proof %(round)s is not approved: do not print.", round=proof.round)
        if proof.state == "approved":
            return self.env._("Print as in proof %(round)s, which is approved.", round=proof.round)
        return self.env._(
            "Print as in proof %(round)s, which is approved with this comment: %(comment)s",
            round=proof.round,
            comment=self._broker_hide_names(proof.comment),
        )

    def _broker_hide_names(self, text):
        """Return a text without the names of the job's customer and contact."""
        partners = self.sudo().partner_id | self.sudo().partner_id.commercial_partner_id
        for name in sorted(filter(None, partners.mapped("name")), key=len, reverse=True):
            text = text.replace(name, "…")
        return text
