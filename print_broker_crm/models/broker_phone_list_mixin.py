from odoo import api, models

_PHONE_LIST_CLASS = "o_broker_phone_list"


class BrokerPhoneListMixin(models.AbstractModel):
    """One list of cards on phones, where the desktop shows columns.

    A phone shows one column at a time and opens on the first, whatever stands in it: often
    nothing, while what is due stands in the next. A kanban view asks for the list by the
    class `o_broker_phone_list`; its cards say themselves there what the column says on the
    desktop. Grouping by hand stays possible.
    """

    _name = "broker.phone.list.mixin"
    _description = "One List on Phones"

    # The order of the list, where it is not that of the columns: what is due first.
    _phone_list_order = None

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Leave out the columns on phones. What is cached of a view is kept apart for them."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "kanban" and options.get("mobile") and _PHONE_LIST_CLASS in arch.get("class", "").split():
            arch.attrib.pop("default_group_by", None)
            if self._phone_list_order:
                arch.set("default_order", self._phone_list_order)
        return arch, view
