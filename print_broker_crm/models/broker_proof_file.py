import base64
import binascii
import hashlib
from urllib.parse import urlencode

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.mimetypes import guess_mimetype

# What a browser shows without running anything that the file brings along.
PREVIEW_TYPES = frozenset({"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
EXTENSIONS = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/tiff": "tif",
    "application/zip": "zip",
}


class BrokerProofFile(models.Model):
    """A file of a proof, with the fingerprint by which it can be proven later that the
    customer has seen this very file."""

    _name = "broker.proof.file"
    _description = "Proof File"
    _order = "proof_id, id"
    _allow_sudo_commands = False

    proof_id = fields.Many2one("broker.proof", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="proof_id.company_id", store=True, index=True, precompute=True)
    name = fields.Char(string="File Name", required=True, help="As it was uploaded; customers see a name of our own.")
    content = fields.Binary(string="File", required=True, attachment=True)
    mimetype = fields.Char(string="File Type", readonly=True)
    size = fields.Integer(string="Bytes", readonly=True, aggregator=None)
    checksum = fields.Char(
        string="Fingerprint (SHA-256)", readonly=True, help="Taken when the file was uploaded, of every byte of it."
    )
    is_intact = fields.Boolean(
        string="Intact", compute="_compute_is_intact", help="The file is still the one whose fingerprint was taken."
    )

    @api.depends("content", "checksum")
    def _compute_is_intact(self):
        for file in self.with_context(bin_size=False):
            content = file.content
            file.is_intact = bool(content) and self._get_fingerprint(content)["checksum"] == file.checksum

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        proofs = self.env["broker.proof"].browse({vals["proof_id"] for vals in vals_list if vals.get("proof_id")})
        proofs.check_access("write")
        self._check_draft(proofs)
        kept = [{name: vals.get(name) for name in ("proof_id", "name", "content")} for vals in vals_list]
        if not self.env.su:
            self = self.env["broker.customer"]._drop_defaults(self, set(self._fields) - {"proof_id"})
        env = self.env
        self = self._as_uploaded()
        return super().create([{**vals, **self._get_fingerprint(vals["content"])} for vals in kept]).with_env(env)

    def write(self, vals):
        self._check_draft(self.proof_id)
        vals = {name: vals[name] for name in ("name", "content") if name in vals}
        if "content" in vals:
            vals.update(self._get_fingerprint(vals["content"]))
        self = self._as_uploaded()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        self._check_draft(self.proof_id)

    @api.model
    def _check_draft(self, proofs):
        """Raise when one of the proofs has left the firm: its files stay as they are."""
        for proof in proofs:
            if proof.state != "draft":
                raise UserError(
                    self.env._(
                        "The files of %(proof)s stay as they were sent. Make another round for another version.",
                        proof=proof.display_name,
                    )
                )

    # BUSINESS

    def _as_uploaded(self):
        """Return these records so that pictures are stored byte by byte: Odoo makes large
        ones smaller, and the customer would look at another file than the one sent."""
        return self.with_context(image_no_postprocess=True)

    @api.model
    def _get_fingerprint(self, content):
        """Return what is known of a file, as values of this model.

        :param content: the file in base64
        :raises UserError: when there is no file
        """
        try:
            raw = base64.b64decode(content or b"")
        except (TypeError, ValueError, binascii.Error):
            raw = b""
        if not raw:
            raise UserError(self.env._("The file is empty or broken: upload it again."))
        return {
            "checksum": hashlib.sha256(raw).hexdigest(),
            "mimetype": guess_mimetype(raw, default="application/octet-stream"),
            "size": len(raw),
        }

    def _is_previewed(self):
        """Return whether a browser shows the file without danger."""
        return self.mimetype in PREVIEW_TYPES

    def _get_portal_file_url(self, download=False):
        """Return where a customer with the proof's link gets the file."""
        self.ensure_one()
        return self.proof_id.get_portal_url(suffix=f"/file/{self.id}", query_string="&download=1" if download else None)

    def _get_portal_viewer_url(self):
        """Return where a browser, a phone's too, shows a PDF page by page."""
        return f"/web/static/lib/pdfjs/web/viewer.html?{urlencode({'file': self._get_portal_file_url()})}#pagemode=none"

    def _get_public_name(self):
        """Return the name under which a customer sees the file.

        Printing houses put their own name into that of their files.
        """
        self.ensure_one()
        proof = self.proof_id
        number = proof.file_ids.ids.index(self.id) + 1
        extension = EXTENSIONS.get(self.mimetype) or "bin"
        job = "".join(char if char.isalnum() else "-" for char in proof.order_id.name)
        return f"{job}-proof-{proof.round}-{number}.{extension}"
