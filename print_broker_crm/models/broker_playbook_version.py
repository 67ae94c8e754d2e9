from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.translate import html_translate


class BrokerPlaybookVersion(models.Model):
    """A text of a page of the playbook, as it was from some day on.

    Versions are appended and never changed: what was said on a call last year can be
    read as it stood then. The text is translated term by term, so that one page speaks
    every language of the firm.
    """

    _name = "broker.playbook.version"
    _description = "Version of a Playbook Page"
    _order = "playbook_id, number desc"
    _rec_name = "number"
    _allow_sudo_commands = False

    playbook_id = fields.Many2one("broker.playbook", string="Page", required=True, index=True, ondelete="restrict")
    number = fields.Integer(string="Version", required=True, readonly=True, aggregator=None)
    body = fields.Html(string="Text", required=True, translate=html_translate)
    change_note = fields.Char(string="What Changed", required=True, translate=True)
    date = fields.Datetime(string="Written On", required=True, default=fields.Datetime.now)
    author_id = fields.Many2one("res.users", required=True, ondelete="restrict", default=lambda self: self.env.user)
    source_id = fields.Many2one(
        "broker.playbook.version",
        string="Begun From",
        index="btree_not_null",
        ondelete="restrict",
        help="The version whose text this one took over, or changed.",
    )
    is_shipped = fields.Boolean(string="Came With the Product")
    is_in_force = fields.Boolean(string="In Force", compute="_compute_is_in_force")

    _number_uniq = models.UniqueIndex("(playbook_id, number)", "Somebody has just written this page: open it again.")

    @api.depends("playbook_id.name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(page)s, version %(number)s", page=version.playbook_id.name, number=version.number
            )

    @api.depends("playbook_id.version_id")
    def _compute_is_in_force(self):
        for version in self:
            version.is_in_force = version.playbook_id.version_id == version

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        """Number new versions; they come with the product, or by `_append`.

        The first text of a page is in force at once. A later one that comes with the
        product is offered, because the firm may have written its own.

        :raises UserError: for a version by hand
        """
        if not self.env.su:
            raise UserError(self.env._("A version is written on its page: press Write a New Version there."))
        last = dict(
            self._read_group(
                [("playbook_id", "in", [vals["playbook_id"] for vals in vals_list])], ["playbook_id"], ["number:max"]
            )
        )
        last = {page.id: number for page, number in last.items()}
        numbered = []
        for vals in vals_list:
            number = last.get(vals["playbook_id"], 0) + 1
            last[vals["playbook_id"]] = number
            numbered.append({**vals, "number": number})
        versions = super().create(numbered)
        for version in versions.filtered("is_shipped"):
            page = version.playbook_id
            if page.version_id:
                page.offered_id = version
            else:
                page.version_id = version
        return versions

    def write(self, vals):
        """Refuse every change.

        :raises UserError: whenever a column would change
        """
        if self and vals:
            raise UserError(self.env._("A version is not edited: write a new one on its page."))
        return super().write(vals)

    def _load_records_write(self, values):
        """Leave a version as it is when its file is read again: a new text is a new version."""

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The versions of a page are never deleted."))

    def copy_data(self, default=None):
        raise UserError(self.env._("A version is not copied: restore it instead."))

    # ACTIONS

    def action_restore(self):
        """Put the text of an earlier version in force again, as a new version."""
        self.ensure_one()
        self.playbook_id._check_author()
        self.playbook_id._put_in_force(
            self, self.env._("The text of version %(number)s is used again", number=self.number)
        )
        return self.playbook_id.get_formview_action()

    # BUSINESS

    @api.model
    def _append(self, page, base, note, body=None, is_translation=False):
        """Write a version; not to be had by RPC.

        :param page: one `broker.playbook`
        :param base: the version it begins with, or none
        :param note: what changed
        :param body: the text in the user's language; without one the base's
        :param is_translation: leave the other languages as they are
        :return: the version, in sudo
        """
        self = self.sudo()
        version = self.create(
            [
                {
                    "playbook_id": page.id,
                    "body": base.body if body is None else body,
                    "change_note": note,
                    "date": fields.Datetime.now(),
                    "author_id": self.env.uid,
                    "source_id": base.id,
                    "is_shipped": False,
                }
            ]
        )
        if base:
            version._take_over_text(base, self.env.lang or "en_US" if is_translation and body is not None else "")
            if body is not None and not is_translation:
                # Over the text of before, so that what stays also keeps its translations.
                past_the_guard = super(BrokerPlaybookVersion, version)
                past_the_guard.write({"body": body})
        return version

    def _take_over_text(self, base, kept_lang=""):
        """Give this version, just appended, the text of another.

        :param base: the other version
        :param kept_lang: the language that keeps its own text
        """
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                """
                UPDATE broker_playbook_version AS version
                   SET body = base.body || COALESCE(
                           jsonb_build_object(%(lang)s, version.body -> %(lang)s) - %(no_lang)s, '{}'
                       )
                  FROM broker_playbook_version AS base
                 WHERE version.id = %(version)s AND base.id = %(base)s
             RETURNING version.id
                """,
                lang=kept_lang,
                no_lang="",
                version=self.id,
                base=base.id,
            )
        )
        self.invalidate_recordset(["body"])
