from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_list

# What a person may write on an item; everything else belongs to the handoff.
ANSWER_FIELDS = frozenset({"status", "answer", "settle_by", "note", "attachment_ids"})
# What is added to an unknown point after the handoff was accepted.
SETTLING_FIELDS = frozenset({"settled_note", "attachment_ids"})


class BrokerHandoffItem(models.Model):
    """The answer to one requirement on one handoff: provided, not applicable, or
    unknown and to be settled by a date; never blank when the job changes hands.

    What the system can see for itself it answers itself, at the moment it is read.
    When the handoff is accepted the answers are frozen as they stood.
    """

    _name = "broker.handoff.item"
    _description = "Handoff Item"
    _order = "sequence, id"
    _rec_name = "requirement_id"

    handoff_id = fields.Many2one("broker.handoff", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="handoff_id.company_id", store=True, index=True, precompute=True)
    requirement_id = fields.Many2one(
        "broker.handoff.requirement",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    sequence = fields.Integer(related="requirement_id.sequence", store=True, precompute=True)
    check_method = fields.Selection(related="requirement_id.check_method")
    required = fields.Boolean(related="requirement_id.required")
    note_required = fields.Boolean(related="requirement_id.note_required")
    file_required = fields.Boolean(related="requirement_id.file_required")
    state = fields.Selection(related="handoff_id.state", string="Handoff Status")
    answer = fields.Selection(
        [
            ("provided", "Provided"),
            ("not_applicable", "Not applicable"),
            ("unknown", "Unknown"),
        ],
        readonly=True,
        help="What a person answered. A system check that passes needs no answer.",
    )
    status = fields.Selection(
        selection=lambda self: self._fields["answer"].selection,
        compute="_compute_status",
        inverse="_inverse_status",
        compute_sudo=True,
    )
    settle_by = fields.Date(help="The day by which the unknown is settled.")
    note = fields.Text()
    attachment_ids = fields.Many2many(
        "ir.attachment", "broker_handoff_item_attachment_rel", string="Files", bypass_search_access=True
    )
    file_count = fields.Integer(compute="_compute_file_count", compute_sudo=True)
    reminded_on = fields.Date(string="Reminded", readonly=True)
    settled_note = fields.Text(string="How It Was Settled")
    settled_at = fields.Datetime(string="Settled", readonly=True)
    settled_by_id = fields.Many2one("res.users", readonly=True)
    check_failure = fields.Char(
        string="System Check",
        compute="_compute_status",
        compute_sudo=True,
        help="What the system found missing.",
    )
    gap_reason = fields.Char(
        string="Missing",
        compute="_compute_status",
        compute_sudo=True,
        help="Why the handoff cannot be submitted or accepted as it stands.",
    )
    is_returned = fields.Boolean(
        string="Returned",
        readonly=True,
        help="The service agent returned the handoff because of this item.",
    )

    _handoff_requirement_uniq = models.UniqueIndex(
        "(handoff_id, requirement_id)",
        "This requirement is already on the handoff's list.",
    )
    _unknown_has_date = models.Constraint(
        "CHECK (answer IS DISTINCT FROM 'unknown' OR settle_by IS NOT NULL)",
        "Say by which day the unknown item is settled.",
    )
    _due_idx = models.Index("(settle_by) WHERE answer = 'unknown' AND settled_at IS NULL AND reminded_on IS NULL")

    @api.depends("attachment_ids")
    def _compute_file_count(self):
        for item in self:
            item.file_count = len(item.attachment_ids)

    @api.depends(
        "answer",
        "note",
        "attachment_ids",
        "settle_by",
        "requirement_id",
        "handoff_id.state",
        "handoff_id.promises",
        "handoff_id.not_sold",
        "handoff_id.still_open",
    )
    def _compute_status(self):
        # Orders and leads are left out of the dependencies on purpose: nobody who
        # writes an order should pay for this list. Whoever decides on it asks
        # `broker.handoff._get_gaps`, which looks anew.
        for check_method, items in self.grouped("check_method").items():
            handoffs = items.handoff_id.filtered(lambda h: not h._is_closed())
            failures = handoffs._get_check_failures(check_method) if check_method and check_method != "manual" else {}
            for item in items:
                item._set_status(failures)

    def _set_status(self, failures):
        """Fill the computed fields of one item.

        :param failures: {handoff: why its check fails} for the item's check method
        """
        self.ensure_one()
        self.check_failure = failures.get(self.handoff_id, False)
        is_checked = self.check_method not in (False, "manual")
        if self.handoff_id._is_closed() or not is_checked:
            self.status = self.answer
        elif not self.check_failure:
            self.status = "provided"
        else:
            # A failed check is not provided, whatever somebody answered.
            self.status = self.answer != "provided" and self.answer
        self.gap_reason = self._get_gap_reason()

    def _inverse_status(self):
        for item in self:
            is_checked = item.check_method not in (False, "manual")
            if is_checked and item.status == "provided":
                failures = item.handoff_id._get_check_failures(item.check_method)
                if item.handoff_id in failures:
                    raise ValidationError(
                        self.env._(
                            "%(item)s is checked by the system: %(reason)s",
                            item=item.display_name,
                            reason=failures[item.handoff_id],
                        )
                    )
            item.answer = item.status
            if item.status != "unknown":
                item.settle_by = False

    @api.constrains("answer", "settle_by")
    def _check_settle_by(self):
        for item in self:
            if item.answer != "unknown":
                continue
            if not item.settle_by:
                raise ValidationError(
                    self.env._(
                        "%(item)s is marked as unknown: say by which day it is settled.",
                        item=item.display_name,
                    )
                )
            if item.settle_by < item.company_id._get_broker_today():
                raise ValidationError(
                    self.env._(
                        "%(item)s cannot be settled in the past (%(date)s): choose today or a later day.",
                        item=item.display_name,
                        date=fields.Date.to_string(item.settle_by),
                    )
                )

    # CRUD

    def write(self, vals):
        """Only answers are written, and only while the handoff is open; a point accepted
        as unknown takes what settles it."""
        if not self.env.su and not (set(vals) <= SETTLING_FIELDS and all(item._may_settle() for item in self)):
            if set(vals) - ANSWER_FIELDS:
                raise UserError(
                    self.env._("On a handoff's list only the answer, its date and its note can be changed.")
                )
            self.handoff_id._check_open_for_change()
        if "settle_by" in vals:
            # Another day, another reminder.
            vals = {**vals, "reminded_on": False}
        result = super().write(vals)
        if "attachment_ids" in vals:
            self._claim_files()
        return result

    # ACTIONS

    def action_mark_provided(self):
        """Answer "provided" with one tap."""
        self.write({"status": "provided"})

    def action_mark_not_applicable(self):
        """Answer "not applicable" with one tap."""
        self.write({"status": "not_applicable"})

    def action_mark_open(self):
        """Take the answer back with one tap."""
        self.write({"status": False})

    def action_open_item(self):
        """Open the point in a dialog: files, and how it was settled."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "view_id": self.env.ref("print_broker_crm.broker_handoff_item_view_form").id,
            "target": "new",
        }

    def action_settle(self):
        """Say that what was unknown at the acceptance is settled now."""
        for item in self:
            if not item._may_settle():
                raise UserError(
                    self.env._(
                        "%(item)s waits for nothing: only what was accepted as unknown is settled afterwards.",
                        item=item.display_name,
                    )
                )
        items = self.sudo()
        items.write({"settled_at": fields.Datetime.now(), "settled_by_id": self.env.uid})
        items.handoff_id._close_reminders()
        for item in items:
            lines = [self.env._("Settled: %(item)s", item=item.display_name), item.settled_note]
            item.handoff_id.message_post(body="\n".join(filter(None, lines)), subtype_xmlid="mail.mt_note")
        return {"type": "ir.actions.act_window_close"}

    # BUSINESS

    def _may_settle(self):
        """Tell whether the point was accepted as unknown and the present user may settle it."""
        self.ensure_one()
        handoff = self.handoff_id
        return (
            handoff.state == "accepted"
            and self.answer == "unknown"
            and not self.settled_at
            and (handoff._is_sender() or handoff._is_receiver())
        )

    def _claim_files(self):
        """Make the files of an answer readable to whoever reads the answer.

        A file of somebody else's document is not taken: it would become readable too.
        """
        for item in self:
            files = item.sudo().attachment_ids
            own = files.filtered(
                lambda file: (
                    not file.res_id and file.res_model in (False, self._name) and file.create_uid == file.env.user
                )
            )
            own.write({"res_model": self._name, "res_id": item.id})
            foreign = files.filtered(lambda file, item=item: (file.res_model, file.res_id) != (self._name, item.id))
            if foreign and not self.env.su:
                raise UserError(
                    self.env._(
                        "Upload the file here: %(files)s belongs to another document.",
                        files=format_list(self.env, foreign.mapped("name")),
                    )
                )

    def _is_untouched(self):
        """Tell whether nobody has said or attached anything here."""
        self.ensure_one()
        return not (self.answer or self.note or self.is_returned or self.attachment_ids)

    def _get_gap_reason(self):
        """Return why the item holds the handoff up, or False."""
        self.ensure_one()
        if self.handoff_id._is_closed():
            return False
        if not self.status:
            if not self.required:
                return False
            return self.check_failure or self.env._("not answered yet")
        if self.status == "provided" and self.note_required and not self.note:
            return self.env._("write it down in the note")
        if self.status == "provided" and self.file_required and not self.attachment_ids:
            return self.env._("attach the file")
        if self.status == "unknown":
            if not self.settle_by:
                return self.env._("say by which day it is settled")
            if self.settle_by < self.handoff_id.company_id._get_broker_today():
                return self.env._(
                    "was to be settled by %(date)s",
                    date=fields.Date.to_string(self.settle_by),
                )
        return False

    def _freeze(self):
        """Keep the answers as they stand now, the system's own included."""
        for status, items in self.grouped("status").items():
            items.sudo().write({"answer": status, "is_returned": False})
