from odoo import models


class BrokerTodoMixin(models.AbstractModel):
    """A document that gives people to-dos."""

    _name = "broker.todo.mixin"
    _description = "To-Dos on a Document"

    def _schedule(self, activity_xmlid, users, deadlines, get_summary):
        """Give people a to-do on these documents, each in their language.

        :param activity_xmlid: of the `mail.activity.type`
        :param users: {document: `res.users`, any number of them}
        :param deadlines: {document: date}
        :param get_summary: function of an environment and a document that returns the text
        """
        if self.env.context.get("mail_activity_automation_skip"):
            return
        activity_type = self.env.ref(activity_xmlid)
        model = self.env["ir.model"]._get(self._name)
        self.env["mail.activity"].sudo().create(
            [
                {
                    "activity_type_id": activity_type.id,
                    "automated": True,
                    "date_deadline": deadlines[document],
                    "res_id": document.id,
                    "res_model_id": model.id,
                    "summary": get_summary(self.with_context(lang=user.lang or self.env.lang).env, document),
                    "user_id": user.id,
                }
                for document in self
                for user in users[document]
            ]
        )
