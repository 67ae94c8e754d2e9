from odoo import api, models


class BrokerCustomerHookMixin(models.AbstractModel):
    """What happens on the ground floor, for the rooms above to extend.

    It stands last among the parents of `broker.customer`, so that a room's mixin
    overrides a hook and calls `super()`.
    """

    _name = "broker.customer.hook.mixin"
    _description = "Customer File: Hooks"

    @api.model
    def _before_users_leave(self, users):
        """Called before users are archived, while everything of theirs still stands.

        It may be called twice for one user and must bear that.

        :param users: the active `res.users` about to be archived
        """

    def _after_assignment_corrected(self, role, date_from, date_to):
        """Called after a manager corrected who had a role in the past.

        :param role: 'sales', 'service', 'care' or 'sponsor'
        :param date_from: first day of the correction, a `date`
        :param date_to: the first day no longer, or False
        """

    def _before_merge_into(self, target):
        """Called before the rows of these files move to another file.

        A room makes room here for what a customer may have only once.

        :param target: the `broker.customer` that remains
        """
