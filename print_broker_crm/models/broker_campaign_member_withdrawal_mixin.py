from odoo import api, models
from odoo.fields import Domain


class BrokerCampaignMemberWithdrawalMixin(models.AbstractModel):
    """What a campaign has asked for and nobody has begun is taken back when it is closed,
    or when a customer is taken out of it.

    Whom somebody has called, written to or visited stays turned to, and counts. The others
    wait again, do not rest, and are asked for anew when the campaign is reopened.
    """

    _name = "broker.campaign.member.withdrawal.mixin"
    _description = "Customer of a Campaign: Withdrawal"

    # BUSINESS

    def _withdraw(self):
        """Take back the calls, e-mails and to-dos of these customers that nobody has begun.

        :return: the customers who wait again, in sudo
        """
        taken = self.sudo().filtered(lambda member: member.state == "taken")
        lines = taken._get_withdrawn_reasons()
        waiting = taken.browse()
        dropped = taken._get_dropped_reasons()
        waiting |= taken._get_withdrawn_callees(lines | dropped)
        # They stay on their calls as history, and another call can be asked for.
        dropped.event_key = False
        todos = taken.filtered(lambda member: member.channel == "todo").activity_id.filtered("active")
        waiting |= taken.filtered(lambda member: member.channel == "todo" and member.activity_id in todos)
        mails = taken._get_withdrawn_mails()
        waiting |= mails.broker_campaign_member_id
        # Before the calls are closed: the planning that follows asks who is still to be called.
        waiting.write({"state": "open", "skip_reason": "withdrawn", "taken_at": False, "date_taken": False})
        waiting._forget_rest()
        todos.unlink()
        messages = mails.mail_message_id
        mails.unlink()
        # What was never sent is no message of the customer either.
        messages.exists().unlink()
        self.env["broker.care.call"].sudo()._withdraw_reasons(lines, self._get_withdrawal_note())
        return waiting

    @api.model
    def _get_withdrawal_note(self):
        """Return what stands on a call that a campaign does not ask for any more."""
        return self.env._("The campaign does not ask for this call any more.")

    def _get_reasons(self):
        """Return the reasons by which calls are planned for these customers, in sudo."""
        keys = [str(member_id) for member_id in self.ids]
        return (
            self.env["broker.care.call.reason"]
            .sudo()
            .search(Domain("reason", "=", "campaign") & Domain("event_key", "in", keys))
        )

    def _get_withdrawn_reasons(self):
        """Return the reasons of calls that nobody has begun."""
        lines = self.filtered(lambda member: member.channel == "call")._get_reasons()
        free = lines.call_id._get_withdrawable()
        return lines.filtered(lambda line: line.call_id in free)

    def _get_dropped_reasons(self):
        """Return the reasons of calls that were cancelled before anybody began them, because
        the customer was archived or wants no calls any more."""
        return (
            self.filtered(lambda member: member.channel == "call")
            ._get_reasons()
            .filtered(
                lambda line: line.call_id.close_reason in ("archived", "do_not_call") and not line.call_id._is_begun()
            )
        )

    def _get_withdrawn_callees(self, lines):
        """Return who was to be called and is not: those of withdrawn reasons, and those whom
        no call was planned for yet."""
        called = self.filtered(lambda member: member.channel == "call")
        kept = {line.event_key for line in called._get_reasons() - lines}
        return called.filtered(lambda member: str(member.id) not in kept)

    def _get_withdrawn_mails(self):
        """Return the e-mails that wait to be sent; those on their way are left alone."""
        mails = (
            self.env["mail.mail"]
            .sudo()
            .search(Domain("broker_campaign_member_id", "in", self.ids) & Domain("state", "=", "outgoing"))
        )
        return mails.try_lock_for_update()

    def _forget_rest(self):
        """Let customers rest from the campaigns that did turn to them, and from no other."""
        customers = self.customer_id
        last = {}
        for customer, date_taken, drawn_at in (
            self.env["broker.campaign.member"]
            .sudo()
            ._read_group(
                Domain("customer_id", "in", customers.ids) & Domain("state", "in", ("taken", "held")),
                ["customer_id"],
                ["date_taken:max", "drawn_at:max"],
            )
        ):
            date_drawn = drawn_at and customer.company_id._get_broker_date(drawn_at)
            last[customer] = max(filter(None, (date_taken, date_drawn)), default=False)
        for date, of_date in customers.grouped(lambda customer: last.get(customer, False)).items():
            of_date.write({"last_campaign_date": date})

    def _resume(self):
        """Ask anew for the calls and to-dos that were taken back when the campaign closed.

        Texts of e-mails are not kept: these customers wait until somebody writes again.
        """
        waiting = self.sudo().filtered(lambda member: member.state == "open" and member.skip_reason == "withdrawn")
        called = waiting.filtered(lambda member: member.channel == "call")
        served = waiting.filtered(lambda member: member.channel == "todo")
        waiting.write({"channel": False, "skip_reason": False})
        if called and self.env["broker.care.rule"]._get_rules(called.company_id, "campaign"):
            called._give_to_care_line()
        if served:
            served._give_to_people()
