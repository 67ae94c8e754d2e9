import io
import re

from reportlab.pdfgen.canvas import Canvas

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_list, html_escape
from odoo.tools.mail import html_to_inner_content
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

# Of each chapter the field whose values are its topics.
TOPIC_SOURCES = {
    "reason": ("broker.care.rule", "reason"),
    "case": ("broker.case", "kind"),
    "leg": ("broker.relay.stage", "code"),
}
# What the versions alone decide.
_GUARDED_FIELDS = frozenset({"version_id", "offered_id", "version_ids"})
_EXCERPT_LENGTH = 90


class BrokerPlaybook(models.Model):
    """A page of the playbook: what to say and do on a call, in a case, on a leg of a job.

    The page tells what it is about; its text is kept in versions, of which the last one
    put in force is shown. A page of a company stands in for the common page of the same
    topic.
    """

    _name = "broker.playbook"
    _inherit = "broker.phone.list.mixin"
    _description = "Playbook Page"
    _order = "sequence, id"
    _allow_sudo_commands = False
    _BOOKLET = "print_broker_crm.report_playbook"

    name = fields.Char(string="Title", required=True, translate=True)
    sequence = fields.Integer(default=1000)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index="btree_not_null", help="Leave empty for a page of every company.")
    topic = fields.Selection(
        selection="_selection_topic",
        string="Shown On",
        index=True,
        help="The calls, cases or legs of jobs beside which the page is shown. Empty: a page of the basics, found in "
        "the playbook alone.",
    )
    kind = fields.Selection(
        [("general", "Basics"), ("reason", "Calls"), ("case", "Cases"), ("leg", "Jobs")],
        string="Chapter",
        compute="_compute_kind",
        store=True,
        precompute=True,
        group_expand=True,
    )
    author_ids = fields.Many2many(
        "res.users",
        string="Authors",
        domain="[('share', '=', False)]",
        help="Who may write new versions of this page, besides the managers.",
    )
    version_id = fields.Many2one(
        "broker.playbook.version",
        string="Version in Force",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    offered_id = fields.Many2one(
        "broker.playbook.version",
        string="New Text Offered",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="A newer text came with an update. It is used when somebody says so.",
    )
    version_ids = fields.One2many("broker.playbook.version", "playbook_id", string="Versions", readonly=True)
    version_count = fields.Integer(compute="_compute_version_count")
    number = fields.Integer(related="version_id.number", string="Version")
    date = fields.Datetime(related="version_id.date", string="In Force Since")
    body = fields.Html(related="version_id.body", string="Text")
    offered_body = fields.Html(related="offered_id.body", string="The New Text")
    excerpt = fields.Char(compute="_compute_excerpt")
    search_text = fields.Char(string="Title or Text", compute="_compute_excerpt", search="_search_search_text")
    can_edit = fields.Boolean(compute="_compute_can_edit")

    @api.model
    def _selection_topic(self):
        """Return the topics: the reasons of calls, the kinds of cases, the legs of jobs."""
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        return [
            (f"{kind}:{value}", f"{kinds[kind]}: {label}")
            for kind in TOPIC_SOURCES
            for value, label in self._get_topic_values(kind)
        ]

    @api.model
    def _get_topic_values(self, kind):
        """Return what pages of a kind can be about, as (value, label) of a selection."""
        model, name = TOPIC_SOURCES[kind]
        if model not in self.env:
            return []
        values = self.env[model]._fields[name]._description_selection(self.env)
        # A job that is done is in nobody's hands.
        return [(value, label) for value, label in values if (kind, value) != ("leg", "done")]

    # COMPUTES

    @api.depends("topic")
    def _compute_kind(self):
        for page in self:
            page.kind = page.topic.partition(":")[0] if page.topic else "general"

    def _compute_version_count(self):
        counts = dict(
            self.env["broker.playbook.version"]._read_group(
                Domain("playbook_id", "in", self.ids), ["playbook_id"], ["__count"]
            )
        )
        for page in self:
            page.version_count = counts.get(page._origin, 0)

    @api.depends("version_id.body")
    @api.depends_context("lang")
    def _compute_excerpt(self):
        for page in self:
            text = html_to_inner_content(page.version_id.body)
            page.search_text = text
            page.excerpt = text if len(text) <= _EXCERPT_LENGTH else f"{text[:_EXCERPT_LENGTH]}…"

    @api.model
    def _search_search_text(self, operator, value):
        """Find the pages in which each word stands, in the title or in the text in force."""
        if operator not in ("ilike", "like", "=ilike", "=like") or not isinstance(value, str):
            return NotImplemented
        return Domain.AND(
            Domain("name", "ilike", word) | Domain("version_id.body", "ilike", str(html_escape(word)))
            for word in value.split()
        )

    @api.depends("author_ids")
    @api.depends_context("uid")
    def _compute_can_edit(self):
        for page in self:
            page.can_edit = page._is_author()

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_guarded(vals)
        self = self.env["broker.customer"]._drop_defaults(self, _GUARDED_FIELDS)
        return super().create(vals_list)

    def write(self, vals):
        self._check_guarded(vals)
        return super().write(vals)

    @api.model
    def _check_guarded(self, vals):
        """Raise when somebody sets a version past the steps that do it.

        :raises UserError: for a version among the values
        """
        if not self.env.su and not _GUARDED_FIELDS.isdisjoint(vals):
            raise UserError(
                self.env._("The text of a page changes by a new version: write one, or restore an earlier one.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_written(self):
        written = self.filtered("version_ids")
        if written:
            raise UserError(
                self.env._(
                    "%(pages)s: calls were made with these pages. Archive them instead of deleting.",
                    pages=format_list(self.env, written.mapped("name")),
                )
            )

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "company_id" in (default or {}):
            return vals_list
        return [
            {**vals, "name": self.env._("%(page)s (copy)", page=page.name)}
            for page, vals in zip(self, vals_list, strict=True)
        ]

    def copy(self, default=None):
        pages = super().copy(default)
        for page, new in zip(self, pages, strict=True):
            if page.version_id:
                new._put_in_force(page.version_id, self.env._("Taken over from the page “%(page)s”", page=page.name))
        return pages

    # ACTIONS

    def action_edit(self):
        """Open the text to be written anew."""
        self.ensure_one()
        self._check_author()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write a New Version"),
            "res_model": "broker.playbook.edit",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_playbook_id": self.id, "dialog_size": "extra-large"},
        }

    def action_use_offered(self):
        """Put the text that came with an update in force."""
        self._check_author()
        for page in self.filtered("offered_id"):
            page._put_in_force(page.offered_id, self.env._("The new text of the product is used"))
        self.sudo().offered_id = False
        return True

    def action_keep_present(self):
        """Leave the text that came with an update aside; it stays among the versions."""
        self._check_author()
        self.sudo().offered_id = False
        return True

    def action_make_own(self):
        """Give the present company a page of its own beside a common one."""
        self.ensure_one()
        own = self.copy({"company_id": self.env.company.id})
        return own.get_formview_action()

    def action_view_versions(self):
        """Open all versions of the page."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_playbook_version_action")
        action["domain"] = [("playbook_id", "=", self.id)]
        return action

    def action_print_booklet(self):
        """Print these pages, or without any those of the present company, as a booklet."""
        pages = self
        if not pages:
            topics = [topic for topic, _label in self._selection_topic()]
            shown = self._get_topic_pages([*topics, False], self.env.company)
            pages = self.browse(shown.ids)
        return self.env.ref("print_broker_crm.broker_playbook_report").report_action(pages, config=False)

    # BUSINESS

    def _is_author(self):
        """Return whether the present user may write the text of this page."""
        self.ensure_one()
        user = self.env.user
        return self.env.su or user.has_group("print_broker_crm.group_manager") or user in self.sudo().author_ids

    def _check_author(self):
        """Raise unless the present user may write the text of these pages.

        :raises UserError: naming the pages of others
        """
        self.check_access("read")
        refused = self.filtered(lambda page: not page._is_author())
        if refused:
            raise UserError(
                self.env._(
                    "%(pages)s: a manager writes this, or somebody whom a manager names as an author of the page.",
                    pages=format_list(self.env, refused.mapped("name")),
                )
            )

    def _put_in_force(self, base, note, body=None, is_translation=False):
        """Append a version and show it from now on.

        Terms that the new text keeps also keep their translations.

        :param base: the `broker.playbook.version` it begins with, or none
        :param note: what changed
        :param body: the text in the user's language; without one the base's
        :param is_translation: leave the other languages as they are
        :return: the version
        """
        self.ensure_one()
        page = self.sudo()
        page.lock_for_update()
        version = self.env["broker.playbook.version"]._append(page, base, note, body, is_translation)
        page.version_id = version
        return version

    @api.model
    def _get_pages(self, kind, value, company=None):
        """Return the pages to be shown beside a call, a case or a leg, in sudo.

        :param kind: 'reason', 'case' or 'leg'
        :param value: of the reason, the kind of case, the code of the stage
        :param company: the `res.company`, else the present one
        """
        return self._get_topic_pages([f"{kind}:{value}"], company or self.env.company)

    @api.model
    def _get_topic_pages(self, topics, company):
        """Return the pages of several topics in their order, in sudo.

        Of a topic only the company's own pages count when it has any.
        """
        pages = self.sudo().search(
            Domain("topic", "in", topics)
            & Domain("company_id", "in", (company.id, False))
            & Domain("version_id", "!=", False)
        )
        own = set(pages.filtered("company_id").mapped("topic"))
        places = {topic: place for place, topic in enumerate(topics)}
        return pages.filtered(lambda page: page.company_id or page.topic not in own).sorted(
            lambda page: places[page.topic]
        )

    def _get_chapters(self):
        """Return the pages as they are bound: (chapter, pages) in the order of the chapters."""
        by_kind = self.filtered("version_id").sorted().grouped("kind")
        return [
            (label, by_kind[kind])
            for kind, label in self._fields["kind"]._description_selection(self.env)
            if kind in by_kind
        ]

    # BOOKLET

    def _get_booklet_mark(self):
        """Return what tells in a draft of the booklet on which sheet this page begins."""
        self.ensure_one()
        return f"playbook-{self.id}-begins"

    @api.model
    def _read_page_numbers(self, stream):
        """Return {id of a page of the playbook: number of its sheet} of a draft.

        :param stream: the draft, a PDF with the marks
        """
        numbers = {}
        for number, sheet in enumerate(PdfFileReader(stream).pages, start=1):
            text = re.sub(r"\s", "", sheet.extract_text())
            for page_id in re.findall(r"playbook-(\d+)-begins", text):
                numbers.setdefault(int(page_id), number)
        return numbers

    @api.model
    def _number_pages(self, stream):
        """Return the booklet with a number at the foot of each sheet but the cover."""
        writer = PdfFileWriter()
        for number, sheet in enumerate(PdfFileReader(stream).pages, start=1):
            if number > 1:
                width, height = float(sheet.mediaBox.getWidth()), float(sheet.mediaBox.getHeight())
                foot = io.BytesIO()
                canvas = Canvas(foot, pagesize=(width, height))
                canvas.setFont("Helvetica", 9)
                canvas.drawCentredString(width / 2, 24, str(number))
                canvas.save()
                sheet.mergePage(PdfFileReader(foot).getPage(0))
            writer.addPage(sheet)
        bound = io.BytesIO()
        writer.write(bound)
        return bound
