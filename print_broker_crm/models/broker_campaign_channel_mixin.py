from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, plaintext2html


class BrokerCampaignChannelMixin(models.AbstractModel):
    """How a campaign turns to its customers: by calls of the care line, by e-mail, or by
    to-dos of whoever serves them.

    A customer is taken once, by one way, and rests from every campaign afterwards.
    """

    _name = "broker.campaign.channel.mixin"
    _description = "Campaign: Channels"

    todo_role = fields.Selection(
        [("sales", "Salesperson"), ("service", "Service Agent")],
        string="To-Dos Go To",
        required=True,
        default="sales",
        help="Where a customer has nobody in this role, the other one gets the to-do.",
    )
    open_count = fields.Integer(string="Still to Be Turned To", compute="_compute_open_count")

    @api.depends("member_ids.state")
    def _compute_open_count(self):
        counts = dict(
            self.env["broker.campaign.member"]._read_group(
                Domain("campaign_id", "in", self.ids) & Domain("state", "=", "open"), ["campaign_id"], ["__count"]
            )
        )
        for campaign in self:
            campaign.open_count = counts.get(campaign._origin, 0)

    # ACTIONS

    def action_make_calls(self):
        """Give all customers who are left to the care line."""
        self.ensure_one()
        return self._get_open_members()._give_to_care_line()

    def action_write_mails(self):
        """Write one e-mail to all customers who are left."""
        self.ensure_one()
        return self._get_open_members()._write_mails()

    def action_give_todos(self):
        """Give all customers who are left to whoever serves them."""
        self.ensure_one()
        return self._get_open_members()._give_to_people()

    # BUSINESS

    def _get_open_members(self):
        """Return the customers who are left; there must be some."""
        self.check_access("write")
        members = self.env["broker.campaign.member"].search(
            Domain("campaign_id", "=", self.id) & Domain("state", "=", "open"), order="id"
        )
        if not members:
            raise UserError(
                self.env._("%(campaign)s has nobody left to turn to. Choose its customers first.", campaign=self.name)
            )
        return members

    def _check_running(self):
        """Refuse to turn to anybody in the name of a closed campaign."""
        self.ensure_one()
        if self.state == "closed":
            raise UserError(self.env._("%(campaign)s is closed. Reopen it first.", campaign=self.name))

    def _take(self, members, channel):
        """Take customers who do not rest, for good: two people who press at once take each
        of them once. Whom the lot holds back is not turned to.

        :param members: open `broker.campaign.member` of this campaign
        :param channel: 'call', 'mail' or 'todo'
        :return: the members taken, in sudo; on the others stands that the customer rests
        """
        self._check_running()
        # Whoever closes the campaign at the same moment waits, fails and is run again by Odoo, as happens
        # here to whoever comes second: nobody is turned to unseen by the one who closes.
        self.env.cr.execute(SQL("UPDATE broker_campaign SET write_date = write_date WHERE id = %s", self.id))
        members = members.sudo().filtered(lambda member: member.state == "open" and member.customer_id.active)
        today = self.company_id._get_broker_today()
        self.env["broker.customer"].flush_model(["last_campaign_date"])
        # Whoever writes the same row at the same moment waits, fails and is run again by Odoo.
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE broker_customer
                   SET last_campaign_date = %(today)s
                 WHERE id = ANY(%(ids)s)
                   AND (last_campaign_date IS NULL OR last_campaign_date <= %(rested)s)
             RETURNING id
                """,
                today=today,
                ids=members.customer_id.ids,
                rested=self._get_rested_day(),
            )
        )
        members.customer_id.invalidate_recordset(["last_campaign_date"])
        free = {customer_id for (customer_id,) in rows}
        taken = members.filtered(lambda member: member.customer_id.id in free)
        (members - taken).write({"skip_reason": "resting"})
        # Those held back rest like the others, or the next campaign would turn to them first.
        held = self._draw(taken)
        held.write({"state": "held", "channel": channel, "skip_reason": False})
        taken -= held
        taken.write(
            {
                "state": "taken",
                "channel": channel,
                "taken_at": fields.Datetime.now(),
                "date_taken": today,
                "skip_reason": False,
            }
        )
        if taken | held and self.state == "draft":
            self.sudo().write({"state": "running", "date_start": today})
        return taken

    def _get_todo_user(self, customer):
        """Return the `res.users` of the company who serves a customer, or none."""
        roles = (customer.partner_id.user_id, customer.service_user_id)
        for user in roles if self.todo_role == "sales" else reversed(roles):
            if user.active and not user.share and self.company_id in user.company_ids:
                return user
        return self.env["res.users"]

    def _create_todos(self, members):
        """Give the people of taken customers a to-do each, in one write.

        :param members: `broker.campaign.member` in sudo whose customers have somebody
        """
        deadline = self.company_id._get_broker_today() + timedelta(days=self.company_id.broker_campaign_todo_days)
        type_id = self.env.ref("mail.mail_activity_data_todo").id
        model_id = self.env["ir.model"]._get_id("broker.customer")
        activities = (
            self.env["mail.activity"]
            .sudo()
            .with_context(mail_activity_quick_update=True)
            .create(
                [
                    {
                        "res_model_id": model_id,
                        "res_id": member.customer_id.id,
                        "activity_type_id": type_id,
                        "user_id": self._get_todo_user(member.customer_id).id,
                        "date_deadline": deadline,
                        "summary": self.name,
                        "note": plaintext2html(self.message or ""),
                    }
                    for member in members
                ]
            )
        )
        for member, activity in zip(members, activities, strict=True):
            member.activity_id = activity

    def _get_mail_composer(self, members):
        """Return the action that writes one e-mail to some customers, with Odoo's composer:
        addresses that refused mails get none."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("E-Mail of the Campaign"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_composition_mode": "mass_mail",
                "default_model": "res.partner",
                "default_res_ids": members.partner_id.ids,
                "default_broker_campaign_id": self.id,
                "default_subject": self.name,
                "default_body": plaintext2html(self.message or ""),
                "default_use_exclusion_list": True,
            },
        }

    def _take_mailed(self, mail_values):
        """Take the customers whom an e-mail is about to go to.

        :param mail_values: {`res.partner` id: values of the mail}, as Odoo's composer has them
        :return: the same for those who are taken
        """
        self.ensure_one()
        self.check_access("write")
        members = (
            self.env["broker.campaign.member"]
            .sudo()
            .search(
                Domain("campaign_id", "=", self.id)
                & Domain("state", "=", "open")
                & Domain("partner_id", "in", list(mail_values))
            )
        )
        reachable = members.browse()
        # Whatever the composer was told: an address that refused mails gets none.
        addresses = members.partner_id.filtered("email_normalized").mapped("email_normalized")
        refusing = set(self.env["mail.blacklist"].sudo().search(Domain("email", "in", addresses)).mapped("email"))
        for member in members:
            values = mail_values[member.partner_id.id]
            refused = member.partner_id.email_normalized in refusing or values.get("failure_type") in (
                "mail_bl",
                "mail_optout",
            )
            if refused or values.get("state") in ("cancel", "exception") or not member._is_reachable():
                member.skip_reason = "refused" if refused else "no_mail"
            else:
                reachable += member
        taken = self._take(reachable, "mail")
        return {
            member.partner_id.id: {**mail_values[member.partner_id.id], "broker_campaign_member_id": member.id}
            for member in taken
        }
