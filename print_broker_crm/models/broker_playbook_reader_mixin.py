from odoo import api, fields, models


class BrokerPlaybookReaderMixin(models.AbstractModel):
    """Shows the pages of the playbook beside the work they are about.

    A model says by `_get_playbook_topics` what its records are about.
    """

    _name = "broker.playbook.reader.mixin"
    _description = "Playbook: Beside the Work"

    broker_playbook = fields.Html(
        string="Playbook", compute="_compute_broker_playbook", sanitize=False, groups="base.group_user"
    )

    @api.depends_context("lang", "uid", "company")
    def _compute_broker_playbook(self):
        """Show the pages folded, each with a link to where it can be read alone."""
        Playbook = self.env["broker.playbook"]
        may_open = Playbook.has_access("read")
        shown = {}
        for record in self:
            topics = tuple(f"{kind}:{value}" for kind, value in record._get_playbook_topics())
            company = record._get_playbook_company()
            if (topics, company) not in shown:
                pages = Playbook._get_topic_pages(topics, company) if topics else Playbook
                shown[topics, company] = pages and self.env["ir.qweb"]._render(
                    "print_broker_crm.broker_playbook_pages", {"pages": pages, "may_open": may_open}
                )
            record.broker_playbook = shown[topics, company] or False

    def _get_playbook_topics(self):
        """Return what this record is about: a list of (kind, value) as in
        `broker.playbook._get_pages`."""
        self.ensure_one()
        return []

    def _get_playbook_company(self):
        """Return the company whose pages are shown."""
        self.ensure_one()
        return self.sudo().company_id or self.env.company

    def action_open_playbook(self):
        """Open the pages about this record."""
        self.ensure_one()
        topics = [f"{kind}:{value}" for kind, value in self._get_playbook_topics()]
        pages = self.env["broker.playbook"]._get_topic_pages(topics, self._get_playbook_company())
        action = self.env["ir.actions.act_window"]._for_xml_id("print_broker_crm.broker_playbook_action")
        action["domain"] = [("id", "in", pages.ids)]
        action["context"] = {"create": False}
        if len(pages) == 1:
            action.update(res_id=pages.id, views=[(False, "form")], view_mode="form", target="new")
        return action
