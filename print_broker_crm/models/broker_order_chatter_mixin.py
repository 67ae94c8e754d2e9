from odoo import models


class BrokerOrderChatterMixin(models.AbstractModel):
    """What the customer reads of a job's chatter: never a word from who prints it."""

    _name = "broker.order.chatter.mixin"
    _description = "Order: Chatter"

    def message_post(self, **kwargs):
        """Keep what a printing house writes about the job inside the firm.

        It may answer an e-mail that was passed on to it: as a comment its name would
        stand on the customer's page, and go to the customer by e-mail.
        """
        author = self.env["res.partner"].sudo().browse(kwargs.get("author_id") or self.env.user.partner_id.id)
        if author.partner_share and author.commercial_partner_id in self._broker_get_printing_houses():
            kwargs = {**kwargs, "subtype_id": self.env.ref("mail.mt_note").id, "subtype_xmlid": False}
        return super().message_post(**kwargs)
