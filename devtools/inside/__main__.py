"""Open a database and hand its environment to one of the scripts beside this file, or to a module by its full name.

Called as ``python -m devtools.inside CONFIGURATION DATABASE SCRIPT[:FUNCTION] [ARGUMENT ...]``; commits at the end.
"""

import importlib
import logging
import sys

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service import server
from odoo.tools import config


def main(configuration, database, script, *arguments):
    config.parse_config(["-c", configuration, "-d", database, "--no-http", "--log-level=warn"], setup_logging=True)
    logging.getLogger("odoo.tools.config").setLevel(logging.ERROR)
    server.load_server_wide_modules()
    module_name, _separator, function_name = script.partition(":")
    module = importlib.import_module(module_name if "." in module_name else f"devtools.inside.{module_name}")
    with Registry(database).cursor() as cursor:
        env = api.Environment(cursor, SUPERUSER_ID, {})
        env = env(context=env["res.users"].context_get())
        return getattr(module, function_name or "main")(env, *arguments)


sys.exit(main(*sys.argv[1:]))
