from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_list

# What a customer or, for them, one of us has said: it stays as it is.
DECIDED_STATES = ("approved", "approved_comment", "rejected", "superseded")
APPROVED_STATES = ("approved", "approved_comment")
# What people fill in; everything else is written by the steps of the proof.
ENTRY_FIELDS = frozenset({"order_id", "order_line_id", "kind", "note", "file_ids"})
DRAFT_FIELDS = ENTRY_FIELDS - {"order_id", "order_line_id"}
# What may still be written once a proof is with the customer, by the steps alone.
ANSWER_FIELDS = frozenset(
    {
        "state",
        "decided_at",
        "decided_by",
        "decided_partner_id",
        "decided_user_id",
        "channel",
        "comment",
        "internal_note",
        "signature",
        "evidence",
        "evidence_name",
        "reminded_at",
    }
)


class BrokerProof(models.Model):
    """What the customer is to approve before a job is printed, round by round.

    A round is written down once: it is drafted, sent, and answered. What was sent and
    what was answered is changed by nobody; another version is another round.
    """

    _name = "broker.proof"
    _description = "Proof"
    _inherit = ["broker.masking.mixin", "portal.mixin", "mail.thread", "mail.activity.mixin", "broker.proof.flow.mixin"]
    _order = "order_id desc, order_line_id, round desc, id desc"
    _check_company_auto = True
    _allow_sudo_commands = False

    order_id = fields.Many2one(
        "sale.order",
        string="Job",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain="[('state', '!=', 'cancel')]",
    )
    order_line_id = fields.Many2one(
        "sale.order.line",
        string="Only for the Line",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('order_id', '=', order_id), ('display_type', '=', False)]",
        help="Empty: the proof is for the whole job.",
    )
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True, precompute=True)
    customer_id = fields.Many2one(
        related="order_id.broker_customer_id", string="Customer File", store=True, index="btree_not_null"
    )
    partner_id = fields.Many2one(related="order_id.partner_id", string="Customer")
    salesperson_id = fields.Many2one(related="order_id.user_id", string="Salesperson")
    service_user_id = fields.Many2one(related="customer_id.service_user_id")
    order_state = fields.Selection(related="order_id.state", string="Order Status")
    round = fields.Integer(readonly=True, copy=False, aggregator=None, help="1 for the first proof of the job or line.")
    kind = fields.Selection(
        [("soft", "Soft proof"), ("hard", "Hard copy"), ("dummy", "Dummy")],
        string="Kind of Proof",
        required=True,
        default="soft",
        help="Soft proof: on the screen. Hard copy: on paper. Dummy: a blank one, folded and bound.",
    )
    note = fields.Text(
        string="Note to the Customer", help="Stands on the page that the customer sees: what to look at, by when."
    )
    file_ids = fields.One2many("broker.proof.file", "proof_id", string="Files", copy=False)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("sent", "With the Customer"),
            ("approved", "Approved"),
            ("approved_comment", "Approved with Comment"),
            ("rejected", "Rejected"),
            ("superseded", "Superseded"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        help="Superseded: another round was sent before the customer answered this one.",
    )
    date_sent = fields.Datetime(string="Sent", readonly=True, copy=False)
    sent_by_id = fields.Many2one("res.users", string="Sent by", readonly=True, copy=False, index="btree_not_null")
    remind_at = fields.Datetime(
        string="Ask Again from",
        readonly=True,
        copy=False,
        help="When the customer has not answered by then, the service agent gets a to-do.",
    )
    reminded_at = fields.Datetime(string="Reminded", readonly=True, copy=False)
    decided_at = fields.Datetime(string="Answered", readonly=True, copy=False)
    decided_by = fields.Char(string="Answered by", readonly=True, copy=False, help="The customer's person, by name.")
    decided_partner_id = fields.Many2one(
        "res.partner",
        string="Logged in as",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Empty when the answer came by the link alone.",
    )
    decided_user_id = fields.Many2one(
        "res.users",
        string="Written down by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Who of the firm wrote the answer down for the customer.",
    )
    channel = fields.Selection(
        [
            ("portal", "Online"),
            ("phone", "Phone"),
            ("wechat", "WeChat"),
            ("email", "E-mail"),
            ("meeting", "In person"),
        ],
        string="Answered through",
        readonly=True,
        copy=False,
    )
    comment = fields.Text(string="Customer's Comment", readonly=True, copy=False)
    internal_note = fields.Text(
        string="How the Answer Came",
        readonly=True,
        copy=False,
        help="Written by whoever took the answer down; the customer does not see it.",
    )
    signature = fields.Image(readonly=True, copy=False, max_width=1024, max_height=1024)
    evidence = fields.Binary(
        string="Screenshot", readonly=True, copy=False, help="The message in which the customer answered."
    )
    evidence_name = fields.Char(string="Screenshot File", readonly=True, copy=False)
    is_current = fields.Boolean(
        string="Newest Round",
        compute="_compute_is_current",
        help="No later round of the same job or line was sent.",
    )
    portal_link = fields.Char(
        string="Link for the Customer",
        compute="_compute_portal_link",
        help="Whoever has this link can see and answer this proof, and nothing else.",
    )

    _round_uniq = models.UniqueIndex(
        "(order_id, COALESCE(order_line_id, 0), round)",
        "This round exists already: somebody else has just begun it. Reload the page.",
    )
    _answer_complete = models.Constraint(
        "CHECK (state NOT IN ('approved', 'approved_comment', 'rejected')"
        " OR (decided_at IS NOT NULL AND decided_by IS NOT NULL AND channel IS NOT NULL))",
        "An answer needs a person, a moment and a way by which it came.",
    )
    _sent_complete = models.Constraint(
        "CHECK (state = 'draft' OR date_sent IS NOT NULL)", "A proof that left the firm has a moment at which it did."
    )
    _remind_idx = models.Index("(remind_at) WHERE state = 'sent' AND reminded_at IS NULL")

    @api.depends("order_id.name", "order_line_id", "round", "kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for proof in self:
            proof.display_name = proof._get_title(proof.order_id.sudo().name)

    def _get_title(self, job):
        """Return what the proof is called, by a job's number."""
        self.ensure_one()
        if not self.order_line_id:
            return self.env._("%(job)s · Proof %(round)s", job=job, round=self.round or "")
        return self.env._(
            "%(job)s · %(product)s · Proof %(round)s",
            job=job,
            product=self.order_line_id.sudo().product_id.name or "",
            round=self.round or "",
        )

    @api.depends("order_id", "order_line_id", "round", "state")
    def _compute_is_current(self):
        newest = self._get_newest(self.order_id)
        for proof in self:
            proof.is_current = proof._origin in newest

    @api.depends("access_token", "state")
    def _compute_portal_link(self):
        for proof in self:
            is_open = proof.state != "draft" and proof.access_token
            proof.portal_link = is_open and proof.get_base_url() + proof.get_portal_url()

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for proof in self:
            proof.access_url = f"/my/proofs/{proof.id}"
        return result

    # CHECKS

    @api.constrains("order_id", "order_line_id")
    def _check_order_line(self):
        for proof in self.sudo():
            if proof.order_line_id and proof.order_line_id.order_id != proof.order_id:
                raise ValidationError(
                    self.env._("The line does not belong to %(job)s: choose one of its own.", job=proof.order_id.name)
                )

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        orders = self.env["sale.order"].browse({vals["order_id"] for vals in vals_list if vals.get("order_id")})
        if not self.env.su:
            # Before a message names the job: numbers can be guessed.
            orders.check_access("read")
            for vals in vals_list:
                self._check_entry(set(vals))
            self = self.env["broker.customer"]._drop_defaults(self, set(self._fields) - ENTRY_FIELDS)
        cancelled = orders.sudo().filtered(lambda order: order.state == "cancel")
        if cancelled:
            raise UserError(
                self.env._(
                    "%(jobs)s is cancelled: nothing is printed any more.",
                    jobs=format_list(self.env, cancelled.mapped("name")),
                )
            )
        return super().create(self._fill_rounds(vals_list))

    def write(self, vals):
        # The token is the customer's way in: whoever sets it sends them astray.
        names = set(vals) - (self._get_companion_fields() - {"access_token"})
        if names:
            self._check_write(names)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        sent = self.filtered(lambda proof: proof.state != "draft")
        if sent:
            raise UserError(
                self.env._(
                    "%(proofs)s was sent to the customer and is not deleted. Send another round instead.",
                    proofs=format_list(self.env, sent.mapped("display_name")),
                )
            )

    @api.model
    def _get_companion_fields(self):
        """Return the names of fields around the proof that are no part of it."""
        mixins = ("portal.mixin", "mail.thread", "mail.activity.mixin")
        return {name for mixin in mixins for name in self.env[mixin]._fields}

    @api.model
    def _check_entry(self, names):
        """Refuse what a person may not enter on a new proof."""
        refused = names - ENTRY_FIELDS - self._get_companion_fields()
        if refused or names & {"access_token"}:
            raise UserError(
                self.env._(
                    "A proof moves by its buttons only; %(fields)s cannot be entered.",
                    fields=format_list(self.env, sorted(refused or {"access_token"})),
                )
            )

    def _check_write(self, names):
        """Guard what was sent and answered against everybody, our own code included.

        :param names: set of the field names about to be written
        """
        for proof in self:
            if proof.state == "draft":
                allowed = names if self.env.su else DRAFT_FIELDS
            elif proof.state == "sent":
                allowed = ANSWER_FIELDS if self.env.su else ()
            else:
                allowed = ()
            if names - set(allowed):
                raise UserError(
                    self.env._(
                        "%(proof)s stays as it was sent and answered. Make another round for another version.",
                        proof=proof.display_name,
                    )
                    if proof.state != "draft"
                    else self.env._(
                        "A proof moves by its buttons only; %(fields)s cannot be changed.",
                        fields=format_list(self.env, sorted(names - set(allowed))),
                    )
                )

    @api.model
    def _fill_rounds(self, vals_list):
        """Number new proofs within their job or line; return the values."""
        last = {}
        order_ids = [vals["order_id"] for vals in vals_list if vals.get("order_id")]
        for order, line, highest in self.sudo()._read_group(
            Domain("order_id", "in", order_ids), ["order_id", "order_line_id"], ["round:max"]
        ):
            last[order.id, line.id] = highest
        numbered = []
        for vals in vals_list:
            key = (vals.get("order_id"), vals.get("order_line_id") or False)
            last[key] = last.get(key, 0) + 1
            numbered.append({**vals, "round": last[key]})
        return numbered

    @api.model
    def _check_attachments(self, attachments, is_new=False):
        """Guard files, signatures and screenshots where Odoo keeps them.

        :param attachments: `ir.attachment` in sudo that hold a field of a proof or file
        :param is_new: they were just created
        """
        if not self.env.su:
            raise AccessError(self.env._("The files of a proof are changed on the proof itself."))
        for attachment in attachments:
            record = self.env[attachment.res_model].sudo().browse(attachment.res_id).exists()
            proof = record.proof_id if attachment.res_model == "broker.proof.file" else record
            closed = ("sent", *DECIDED_STATES) if proof != record else DECIDED_STATES
            if proof.state not in closed:
                continue
            # The signature comes with the answer; a second one would stand before it.
            if not is_new or attachment.search_count(
                Domain("res_model", "=", attachment.res_model)
                & Domain("res_id", "=", attachment.res_id)
                & Domain("res_field", "=", attachment.res_field)
                & Domain("id", "!=", attachment.id),
                limit=1,
            ):
                raise UserError(
                    self.env._("%(proof)s stays as it was sent and answered, files and all.", proof=proof.display_name)
                )

    # SUBJECTS

    @api.model
    def _get_newest(self, orders):
        """Return the newest round that was sent, of each job and line of some orders."""
        newest = {}
        for proof in self.sudo().search(
            Domain("order_id", "in", orders.ids) & Domain("state", "!=", "draft"), order="round, id"
        ):
            newest[proof.order_id, proof.order_line_id] = proof
        return self.browse([proof.id for proof in newest.values()])

    # WHO READS

    def _broker_get_readers(self):
        return self.order_id._broker_get_readers()

    def _broker_get_other_side(self):
        return self.order_id._broker_get_other_side()
