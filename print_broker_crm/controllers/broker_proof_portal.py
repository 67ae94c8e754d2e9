from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Domain
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.broker_proof_flow_mixin import NAME_MAX


class BrokerProofPortal(CustomerPortal):
    """The pages on which a customer looks at proofs, answers them, and confirms that the
    goods have come."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "broker_proof_count" in counters:
            values["broker_proof_count"] = request.env["broker.proof"].sudo().search_count(self._get_waiting_proofs())
        return values

    def _get_waiting_proofs(self):
        """Return which proofs wait for whoever is logged in, as a domain for sudo."""
        partner = request.env.user.partner_id.commercial_partner_id
        return Domain("state", "=", "sent") & Domain(
            "order_id",
            "any",
            Domain("partner_id", "child_of", partner.ids) & Domain("state", "!=", "cancel"),
        )

    def _get_proof(self, proof_id, access_token=None):
        """Return a proof in sudo for who has its token or may read its job, else nothing.

        A draft is shown to nobody.
        """
        proof = request.env["broker.proof"].sudo().browse(proof_id).exists()
        if not proof or proof.state == "draft":
            return request.env["broker.proof"]
        if access_token and proof.access_token and consteq(proof.access_token.encode(), str(access_token).encode()):
            return proof
        try:
            self._document_check_access("sale.order", proof.order_id.id)
        except (AccessError, MissingError):
            return request.env["broker.proof"]
        return proof

    def _get_answering_partner(self):
        """Return the contact who is logged in, or nobody for visitors."""
        user = request.env.user
        return request.env["res.partner"].sudo() if user._is_public() else user.sudo().partner_id

    @http.route(["/my/proofs"], type="http", auth="user", website=True)
    def portal_my_proofs(self, **kwargs):
        """List the proofs that wait for the customer."""
        proofs = request.env["broker.proof"].sudo().search(self._get_waiting_proofs(), order="date_sent")
        values = {**self._prepare_portal_layout_values(), "proofs": proofs, "page_name": "broker_proofs"}
        return request.render("print_broker_crm.portal_my_proofs", values)

    @http.route(["/my/proofs/<int:proof_id>"], type="http", auth="public", website=True)
    def portal_proof_page(self, proof_id, access_token=None, message=None, **kwargs):
        """Show one round of a proof."""
        proof = self._get_proof(proof_id, access_token)
        if not proof:
            return request.redirect("/my")
        partner = self._get_answering_partner()
        is_staff = request.env.user._is_internal()
        values = {
            "proof": proof,
            "page_name": "broker_proof",
            "message": message if message in ("answered", "failed") else None,
            "error": request.session.pop("broker_portal_error", None) if message == "failed" else None,
            "can_answer": proof.state == "sent" and not is_staff and not proof._get_closed_reason(),
            "closed_reason": proof.state == "sent" and proof._get_closed_reason(),
            "is_staff": is_staff,
            "signer": partner.name or "",
            "approve_label": request.env._("Approve and Sign"),
            "name_max": NAME_MAX,
            "res_company": proof.company_id,
        }
        return request.render("print_broker_crm.portal_proof_page", values)

    @http.route(["/my/proofs/<int:proof_id>/file/<int:file_id>"], type="http", auth="public", readonly=True)
    def portal_proof_file(self, proof_id, file_id, access_token=None, download=False, **kwargs):
        """Give a file of a proof, under a name that tells nobody who prints."""
        proof = self._get_proof(proof_id, access_token)
        file = proof.file_ids.filtered(lambda file: file.id == file_id)
        if not file:
            return request.redirect("/my")
        stream = request.env["ir.binary"]._get_stream_from(
            file, "content", filename=file._get_public_name(), mimetype=file.mimetype
        )
        return stream.get_response(as_attachment=bool(download) or not file._is_previewed())

    @http.route(["/my/proofs/<int:proof_id>/approve"], type="jsonrpc", auth="public", website=True)
    def portal_proof_approve(self, proof_id, access_token=None, name=None, signature=None, comment=None, **kwargs):
        """Approve a proof with a name and a signature, with or without a comment."""
        access_token = access_token or request.httprequest.args.get("access_token")
        proof = self._get_proof(proof_id, access_token)
        if not proof:
            return {"error": request.env._("This proof does not exist, or the link is not complete.")}
        try:
            self._answer(proof, "approved", name, comment, signature=signature)
        except (UserError, ValueError) as error:
            return {"error": str(error)}
        return {"force_refresh": True, "redirect_url": proof.get_portal_url(query_string="&message=answered")}

    @http.route(["/my/proofs/<int:proof_id>/reject"], type="http", auth="public", methods=["POST"], website=True)
    def portal_proof_reject(self, proof_id, access_token=None, name=None, comment=None, **kwargs):
        """Reject a proof and say what is to be changed."""
        proof = self._get_proof(proof_id, access_token)
        if not proof:
            return request.redirect("/my")
        message = "answered"
        try:
            self._answer(proof, "rejected", name, comment)
        except UserError as error:
            request.session["broker_portal_error"] = str(error)
            message = "failed"
        return request.redirect(proof.get_portal_url(query_string=f"&message={message}"))

    def _answer(self, proof, answer, name, comment, **kwargs):
        proof._check_customer_may_answer(request.env.user)
        with request.env.cr.savepoint():
            proof._answer_online(
                answer,
                str(name or ""),
                str(comment or ""),
                partner=self._get_answering_partner(),
                **kwargs,
            )

    @http.route(["/my/orders/<int:order_id>/receipt"], type="http", auth="public", methods=["POST"], website=True)
    def portal_order_receipt(self, order_id, access_token=None, outcome=None, name=None, comment=None, **kwargs):
        """Take the customer's word that the goods have come; that something is wrong opens
        a case."""
        if outcome != "complete":
            return self.portal_order_case(order_id, access_token=access_token, name=name, comment=comment, **kwargs)
        try:
            order = self._document_check_access("sale.order", order_id, access_token=access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        message = "receipt_failed"
        try:
            order.env["broker.proof"]._check_customer_may_answer(request.env.user)
            with request.env.cr.savepoint():
                order._broker_answer_receipt(str(name or ""), str(comment or ""), self._get_answering_partner())
            message = "receipt_ok"
        except UserError as error:
            request.session["broker_portal_error"] = str(error)
        return request.redirect(order.get_portal_url(query_string=f"&message={message}", anchor="broker_receipt"))
