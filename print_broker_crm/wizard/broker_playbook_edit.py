from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty


class BrokerPlaybookEdit(models.TransientModel):
    """Takes a new text of a page, and what changed in it."""

    _name = "broker.playbook.edit"
    _description = "Write a New Version"

    playbook_id = fields.Many2one("broker.playbook", string="Page", required=True, readonly=True, ondelete="cascade")
    base_id = fields.Many2one(
        "broker.playbook.version",
        string="Begun From",
        compute="_compute_base_id",
        store=True,
        readonly=False,
        ondelete="cascade",
    )
    body = fields.Html(string="Text", compute="_compute_body", store=True, readonly=False)
    change_note = fields.Char(
        string="What Changed", required=True, help="For those who knew the old text: it stands beside the version."
    )
    is_translation = fields.Boolean(
        string="A Translation",
        help="The text changes in your language alone. Otherwise what is new stands in your words in every language, "
        "until somebody translates it.",
    )
    has_languages = fields.Boolean(compute="_compute_has_languages")

    @api.depends("playbook_id")
    def _compute_base_id(self):
        for wizard in self:
            wizard.base_id = wizard.playbook_id.version_id

    @api.depends("base_id")
    @api.depends_context("lang")
    def _compute_body(self):
        for wizard in self:
            wizard.body = wizard.base_id.body

    @api.depends("playbook_id")
    def _compute_has_languages(self):
        self.has_languages = len(self.env["res.lang"].get_installed()) > 1

    def action_save(self):
        """Append the text as a version and show it from now on.

        :raises UserError: without a text, without a change, or after somebody else's
        """
        self.ensure_one()
        page = self.playbook_id
        page._check_author()
        if is_html_empty(self.body):
            raise UserError(self.env._("Write the text first. A page that is no longer needed is archived."))
        if page.version_id != self.base_id:
            raise UserError(
                self.env._(
                    "%(author)s has written version %(number)s meanwhile: read it, then write yours again.",
                    author=page.version_id.author_id.sudo().name,
                    number=page.version_id.number,
                )
            )
        if self.body == page.body:
            raise UserError(self.env._("The text is as it was."))
        page._put_in_force(page.version_id, self.change_note, self.body, self.is_translation)
        return {"type": "ir.actions.act_window_close"}
