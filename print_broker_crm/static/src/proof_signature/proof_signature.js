import { useState } from "@odoo/owl";
import { SignatureForm } from "@portal/signature_form/signature_form";
import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { redirect } from "@web/core/utils/urls";

/**
 * Odoo's signature form with a comment: what the customer signs is sent together with
 * what is to be changed before printing.
 */
export class ProofSignatureForm extends SignatureForm {
    static template = "print_broker_crm.ProofSignatureForm";

    setup() {
        super.setup();
        this.proof = useState({ comment: "", isSending: false });
    }

    async onClickSubmit() {
        // A second tap while the first is on its way is no second answer.
        if (this.proof.isSending) {
            return;
        }
        this.proof.isSending = true;
        this.state.error = false;
        let data = {};
        try {
            data = await rpc(this.props.callUrl, {
                name: this.signature.name,
                signature: this.signature.getSignatureImage().split(",")[1],
                comment: this.proof.comment,
            });
        } finally {
            if (!data.redirect_url) {
                this.proof.isSending = false;
            }
        }
        if (data.redirect_url) {
            redirect(data.redirect_url);
        } else {
            this.state.error = data.error || false;
        }
    }
}

registry
    .category("public_components")
    .add("print_broker_crm.proof_signature_form", ProofSignatureForm);
