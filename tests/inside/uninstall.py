"""Uninstall an addon as the Apps menu does."""


def main(env, name):
    env["ir.module.module"].search([("name", "=", name)]).button_immediate_uninstall()
