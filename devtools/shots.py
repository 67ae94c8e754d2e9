"""The pictures that ./dev shots takes of the demo firm, for the README and for looking at every screen as every role.

A path may hold what is only known in the database: ``{id:MODULE.XMLID}`` is a record's id, ``{first:MODEL}`` or
``{first:MODEL:DOMAIN}`` the first record that the login sees.
"""

from dataclasses import dataclass

DESKTOP = (1440, 900)
PHONE = (375, 667)


@dataclass(frozen=True)
class Shot:
    """One page as one person sees it; each size is a file of its own."""

    name: str
    login: str
    path: str
    wait: str = ""
    sizes: tuple = (DESKTOP, PHONE)


SHOTS = (
    Shot("customers", "admin", "/odoo/action-print_broker_crm.broker_customer_action", ".o_kanban_view, .o_list_view"),
)
