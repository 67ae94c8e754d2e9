"""Databases: cached templates that hold what the addon depends on, and the clones that people work in.

What a database holds is written in its comment, so that it goes away with it.
"""

import ast
import json
import os
import re
import shutil

from devtools import locks, paths, stamps
from devtools.console import DevError, Step, say

PREFIX = paths.ADDON
DEMO = f"{PREFIX}_demo"
TEST = f"{PREFIX}_test"
DEMO_OPTIONS = ("--with-demo", "--load-language=en_US,zh_CN")


def check_name(name):
    """Refuse a name that would need quoting, or that PostgreSQL would cut."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise DevError(f"{name!r} is no database name: use small letters, digits and _, at most 63.")
    return name


def read_dependencies():
    """The modules that the addon's manifest depends on."""
    manifest = paths.ADDON_FOLDER / "__manifest__.py"
    if not manifest.is_file():
        raise DevError(f"There is no addon in {paths.ADDON_FOLDER}.")
    return sorted(ast.literal_eval(manifest.read_text(encoding="utf-8"))["depends"])


def addon_fingerprint():
    """Changes when an installed addon has to be upgraded; tests and static files need no upgrade."""
    return stamps.digest_files(paths.ADDON_FOLDER, leave_out=("tests", "static"))


class Databases:
    """The databases of one server, made by one Odoo."""

    def __init__(self, odoo):
        self.odoo = odoo
        self.server = odoo.server

    def names(self):
        """Ours among the server's databases."""
        rows = self.server.query(
            "SELECT datname FROM pg_database "
            f"WHERE datname LIKE '{PREFIX}%' OR shobj_description(oid, 'pg_database') LIKE '{{\"{PREFIX}\"%' "
            "ORDER BY datname"
        )
        return [name for (name,) in rows]

    def exists(self, name):
        return bool(self.server.query(f"SELECT 1 FROM pg_database WHERE datname = '{check_name(name)}'"))

    def read_state(self, name):
        """What is known of a database; empty when it does not exist or was not finished."""
        rows = self.server.query(
            "SELECT replace(shobj_description(oid, 'pg_database'), chr(10), ' ') FROM pg_database "
            f"WHERE datname = '{check_name(name)}'"
        )
        try:
            return json.loads(rows[0][0])[PREFIX]
        except (IndexError, ValueError, KeyError, TypeError):
            return {}

    def write_state(self, name, **state):
        """Remember what a database holds; written last, so an unfinished one is known by its lack."""
        text = json.dumps({PREFIX: state}).replace("'", "''")
        self.server.query(f"COMMENT ON DATABASE {check_name(name)} IS '{text}'")

    def drop(self, name):
        """Drop a database with its files; nothing happens when there is none."""
        self.server.query(f"DROP DATABASE IF EXISTS {check_name(name)} WITH (FORCE)")
        shutil.rmtree(self._filestore(name), ignore_errors=True)

    def clone(self, template, name):
        """Make a database from another; its files are linked, as Odoo never changes a stored file."""
        with locks.exclusive("databases"):
            self.drop(name)
            self.server.query(f"CREATE DATABASE {check_name(name)} TEMPLATE {check_name(template)}")
            if self._filestore(template).is_dir():
                shutil.copytree(self._filestore(template), self._filestore(name), copy_function=os.link)

    def ensure_template(self, kind, modules=None):
        """The template that holds the given modules (the addon's dependencies), made when it is missing.

        :param kind: ``plain`` or ``demo``, or another word for a template with other modules
        """
        modules = modules or read_dependencies()
        options = DEMO_OPTIONS if kind == "demo" else ()
        key = stamps.digest(self.odoo.source.version, paths.LOCK_FILE.read_bytes(), *modules, *options)
        prefix = f"{PREFIX}_template_{kind}_"
        name = prefix + key
        if self.read_state(name):
            return name
        with locks.exclusive(f"template-{kind}"):
            if self.read_state(name):
                return name
            for outdated in self.names():
                if outdated.startswith(prefix):
                    self.drop(outdated)
            self.odoo.install(f"Database with Odoo's own modules ({kind})", name, modules, *options)
            self.write_state(name, modules=modules)
        return name

    def build(self, name, kind, title):
        """Make a database anew with the addon in it."""
        template = self.ensure_template(kind)
        fingerprint = addon_fingerprint()
        with Step(f"Copying the database for {name}"):
            self.clone(template, name)
        self.odoo.install(title, name, [paths.ADDON], *(DEMO_OPTIONS[:1] if kind == "demo" else ()))
        self._check_installed(name)
        return {"template": template, "addon": fingerprint}

    def upgrade(self, name, state):
        """Bring the addon in a database up to the files; gives the new state."""
        fingerprint = addon_fingerprint()
        if state["addon"] == fingerprint:
            return state
        self.odoo.install(f"Upgrading {paths.ADDON} in {name}", name, [paths.ADDON], update=True)
        self._check_installed(name)
        return {**state, "addon": fingerprint}

    def prepare_test(self, name, keep):
        """A database for tests, with the addon and without demo data."""
        with locks.exclusive(f"database-{name}"):
            state = self.read_state(name)
            template = self.ensure_template("plain")
            if keep and state and state.get("template") == template:
                state = self.upgrade(name, state)
            else:
                if keep and state:
                    say("  the dependencies have changed: making the test database anew")
                state = self.build(name, "plain", f"Installing {paths.ADDON}")
            self.write_state(name, **state)

    def _check_installed(self, name):
        """Odoo ends with 0 even when it skipped a module."""
        rows = self.server.query(f"SELECT state FROM ir_module_module WHERE name = '{paths.ADDON}'", name)
        if rows != [["installed"]]:
            state = rows[0][0] if rows else "unknown to Odoo"
            raise DevError(f"{paths.ADDON} is {state} in {name}; see {paths.LOGS / name}.log")

    def _filestore(self, name):
        return paths.ODOO_DATA / "filestore" / name
