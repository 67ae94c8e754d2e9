from psycopg2.errors import UniqueViolation

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.fields import Domain

MANAGER_GROUP = "print_broker_crm.group_manager"
_TODO = "mail.mail_activity_data_todo"


class BrokerSignal(models.Model):
    """Something that a manager should look at: a sign that business goes past the firm.

    A sign is no verdict. It comes with the rows it was read from, is handled or dismissed
    with a reason, and stays. Nobody but managers reads it, and no manager reads what is
    about themselves: another one decides.
    """

    _name = "broker.signal"
    _description = "Signal"
    _inherit = ["mail.thread", "mail.activity.mixin", "broker.signal.finder.mixin", "broker.customer.link.mixin"]
    _order = "date desc, id desc"
    _rec_name = "summary"
    _check_company_auto = True
    _allow_sudo_commands = False
    # Managers write notes and to-dos; what the signal says they do not change.
    _mail_post_access = "read"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    customer_id = fields.Many2one(
        "broker.customer", readonly=True, index="btree_not_null", ondelete="set null", check_company=True
    )
    kind = fields.Selection(selection="_selection_kind", required=True, readonly=True, index=True)
    user_id = fields.Many2one(
        "res.users",
        string="Person Concerned",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Whom it is about. This person does not see the signal, whatever their rights.",
    )
    date = fields.Date(string="Raised on", required=True, readonly=True)
    summary = fields.Char(required=True, readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("handled", "Handled"), ("dismissed", "Dismissed")],
        string="Status",
        required=True,
        readonly=True,
        default="open",
        index=True,
        group_expand=True,
    )
    decision_note = fields.Text(
        string="What Was Done, or Why It Is Nothing", readonly=True, help="The reason of the last decision."
    )
    decided_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    decided_at = fields.Datetime(string="Decided on", readonly=True)
    key = fields.Char(required=True, readonly=True, help="What makes this signal one and the same, raised once.")
    evidence_ids = fields.One2many("broker.signal.evidence", "signal_id", readonly=True)
    evidence_count = fields.Integer(string="Pieces of Evidence", compute="_compute_evidence_count")
    event_ids = fields.One2many("broker.signal.event", "signal_id", string="History", readonly=True)

    _key_uniq = models.UniqueIndex("(company_id, key)", "This signal was already raised.")

    @api.model
    def _selection_kind(self):
        return list(self._get_kinds().items())

    @api.depends("evidence_ids")
    def _compute_evidence_count(self):
        counts = dict(
            self.env["broker.signal.evidence"]._read_group(
                Domain("signal_id", "in", self.ids), ["signal_id"], ["__count"]
            )
        )
        for signal in self:
            signal.evidence_count = counts.get(signal._origin, 0)

    # CRUD

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A signal is kept: handle or dismiss it with a reason."))

    def copy_data(self, default=None):
        raise UserError(self.env._("A signal is raised once and not copied."))

    # ACTIONS

    def action_decide(self):
        """Ask the manager what was done about these signals, or why they are nothing."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Decide"),
            "res_model": "broker.signal.decision",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_signal_ids": self.ids,
                "default_decision": self.env.context.get("broker_signal_decision"),
            },
        }

    def action_reopen(self):
        """Look at decided signals again: a decision was wrong."""
        self._check_may_decide()
        closed = self.sudo().filtered(lambda signal: signal.state != "open")
        closed.write({"state": "open", "decision_note": False, "decided_by_id": False, "decided_at": False})
        closed._log("reopened", self.env.user)
        return True

    # BUSINESS

    @api.model
    def _get_kinds(self):
        """Hook: return {kind: label}; a room adds its own."""
        return {
            "mismatch": self.env._("Answers Differ"),
            "departure": self.env._("Orders Fall after a Departure"),
            "elsewhere": self.env._("Lost, Then Printed Elsewhere"),
            "export": self.env._("Many Customers Taken Out"),
        }

    @api.model
    def _raise(self, vals_list):
        """Raise signals; one that was raised before is raised again only by new evidence.

        It runs as the system: whoever happened to cause a signal, a care officer say, is
        neither its author nor its follower.

        :param vals_list: dicts of `company_id`, `kind`, `key` and `evidence`, a list of
            (record, text); where known also `customer_id`, `user_id` (whom it is about),
            `date` (the company's today otherwise) and `summary`
        :return: the signals that were raised, in sudo; raised again included
        """
        Signal = self.env(user=SUPERUSER_ID, su=True, context=self._get_raising_context())[self._name]
        wanted = {}
        for vals in vals_list:
            known = wanted.setdefault((vals["company_id"], vals["key"]), {**vals, "evidence": []})
            known["evidence"] += vals["evidence"]
        found = Signal._find_by_key(wanted)
        missing = {place: vals for place, vals in wanted.items() if place not in found}
        try:
            with self.env.cr.savepoint():
                raised = Signal.create([Signal._prepare_signal(vals) for vals in missing.values()])
        except UniqueViolation as error:
            # Somebody raised the same at the same moment; Odoo runs the request again,
            # and then it is found.
            raise ConcurrencyError(str(error)) from error
        raised._log("raised")
        found |= zip(missing, raised, strict=True)
        changed = Signal.env["broker.signal.evidence"]._add(
            {found[place]: vals["evidence"] for place, vals in wanted.items()}
        )
        again = (changed - raised).filtered(lambda signal: signal.state != "open")
        again.write({"state": "open"})
        again._log("again")
        (changed - raised - again)._log("evidence")
        (raised + again)._ask_manager()
        return self.sudo().browse((raised + again).ids)

    @api.model
    def _get_raising_context(self):
        """Return the context in which signals are raised. Nothing of the caller's is in
        it but the language: defaults, tracking and authors are not theirs to say."""
        return {
            "lang": self.env.lang,
            "mail_activity_quick_update": True,
            "mail_create_nolog": True,
            "mail_create_nosubscribe": True,
            "tracking_disable": True,
        }

    @api.model
    def _find_by_key(self, places):
        """Return {(company id, key): signal} of those raised before.

        :param places: the (company id, key) looked for
        """
        signals = self.search(
            Domain("company_id", "in", list({company_id for company_id, _key in places}))
            & Domain("key", "in", list({key for _company_id, key in places}))
        )
        found = {(signal.company_id.id, signal.key): signal for signal in signals}
        return {place: found[place] for place in places if place in found}

    @api.model
    def _prepare_signal(self, vals):
        company = self.env["res.company"].browse(vals["company_id"])
        prepared = {name: value for name, value in vals.items() if name != "evidence"}
        prepared.setdefault("date", company._get_broker_today())
        prepared["summary"] = vals.get("summary") or self._get_kinds()[vals["kind"]]
        return prepared

    def _log(self, kind, user=None, note=None):
        """Append to the history of these signals.

        :param kind: a value of `broker.signal.event`
        :param user: the `res.users` who did it; nobody: the system
        """
        return (
            self.env["broker.signal.event"]
            .sudo()
            .create(
                [{"signal_id": signal.id, "kind": kind, "user_id": user and user.id, "note": note} for signal in self]
            )
        )

    # WHO LOOKS AT IT

    @api.model
    def _get_deciders(self, company):
        """Return who may be asked about a company's signals, first come first: who is named
        in the settings, then the managers."""
        managers = (
            self.env.ref(MANAGER_GROUP)
            .sudo()
            .all_user_ids.filtered(lambda user: user.active and not user.share and company in user.company_ids)
        ) - self.env.ref("base.user_root")
        return (company.sudo().broker_signal_user_id & managers) | managers.sorted("id")

    def _ask_manager(self, leaving=None):
        """Give a manager whom it is not about the to-do of looking at each signal, where the
        company wants that.

        :param leaving: `res.users` who are about to leave and get nothing more
        """
        todo = self.env.ref(_TODO)
        model_id = self.env["ir.model"]._get_id(self._name)
        vals_list = []
        for company, signals in self.grouped("company_id").items():
            deciders = company.broker_signal_todo and self._get_deciders(company)
            for signal in signals if deciders else ():
                manager = (deciders - signal.user_id - (leaving or deciders.browse()))[:1]
                if manager:
                    vals_list.append(
                        {
                            "activity_type_id": todo.id,
                            "automated": True,
                            "date_deadline": company._get_broker_today(),
                            "res_id": signal.id,
                            "res_model_id": model_id,
                            "summary": signal.with_context(lang=manager.lang).env._("Look at this signal"),
                            "user_id": manager.id,
                        }
                    )
        quiet = {"mail_activity_quick_update": True}
        self.env(user=SUPERUSER_ID, su=True, context=quiet)["mail.activity"].create(vals_list)

    # DECIDING

    def _check_may_decide(self):
        """Raise unless the present user decides these signals."""
        if not self.env.user.has_group(MANAGER_GROUP):
            raise AccessError(self.env._("Only a manager decides about a signal."))
        # Also keeps everybody from what is about themselves, and from other companies.
        self.check_access("read")
        if self.env.user in self.sudo().user_id:
            raise AccessError(self.env._("Nobody decides about a signal that concerns them: another manager does."))

    def _decide(self, decision, note):
        """Close signals with a reason, in the name of the present user.

        :param decision: 'handled' or 'dismissed'
        :param note: what was done, or why it is nothing
        """
        self._check_may_decide()
        if decision not in ("handled", "dismissed"):
            raise UserError(self.env._("A signal is handled or dismissed."))
        if not (note or "").strip():
            raise UserError(self.env._("Say what was done, or why it is nothing: the reason is kept."))
        signals = self.sudo()
        signals.lock_for_update(allow_referencing=True)
        signals.invalidate_recordset(["state"])
        closed = signals.filtered(lambda signal: signal.state != "open")
        if closed:
            raise UserError(
                self.env._(
                    "%(signal)s is already decided. Reopen it first.",
                    signal=", ".join(closed.mapped("display_name")),
                )
            )
        signals.write(
            {
                "state": decision,
                "decision_note": note.strip(),
                "decided_by_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
            }
        )
        signals._log(decision, self.env.user, note.strip())
        signals.activity_unlink([_TODO])
