"""Who can log in, and with what password, as far as it is the usual one of a demonstration."""

from odoo.exceptions import AccessDenied


def main(env):
    users = env["res.users"].search([("share", "=", False)], order="id")
    rows = [(user.login, _find_password(user), user.name) for user in users]
    widths = [max(map(len, column)) for column in zip(("login", "password", ""), *rows, strict=True)]
    for row in (("login", "password", ""), *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _find_password(user):
    credential = {"type": "password", "login": user.login, "password": user.login}
    try:
        user.with_user(user)._check_credentials(credential, {"interactive": False})
    except AccessDenied:
        return "(not shown)"
    return user.login
