"""Starting Odoo: its configuration, its environment, and the steps that install a module into a database."""

import os
import re
import sys
from dataclasses import dataclass

from devtools import paths, stamps
from devtools.console import run_logged
from devtools.postgres import Server, clean_environment, handed_on_server
from devtools.setup_odoo import Source, ensure_source


@dataclass(frozen=True)
class Odoo:
    """A source of Odoo together with the server whose databases it works on."""

    source: Source
    server: Server
    addons_folder: str = str(paths.ROOT)

    @property
    def configuration(self):
        """The configuration file; named after its content, so that several can be in use at once."""
        addons_paths = [*self.source.addons_paths, self.addons_folder]
        lines = [
            "[options]",
            f"addons_path = {','.join(map(str, addons_paths))}",
            f"data_dir = {paths.ODOO_DATA}",
            f"screenshots = {paths.LOGS / 'screenshots'}",
            "http_interface = 127.0.0.1",
            "list_db = False",
            f"db_user = {self.server.user}",
            f"db_password = {self.server.password}",
            f"pg_path = {self.server.programs}",
        ]
        lines += [f"db_host = {self.server.host}"] if self.server.host else []
        lines += [f"db_port = {self.server.port}"] if self.server.port else []
        text = "\n".join(lines) + "\n"
        paths.CONFIGURATIONS.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = paths.CONFIGURATIONS / f"{stamps.digest(text)}.conf"
        if not path.is_file():
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.touch(mode=0o600)
            unfinished.write_text(text)
            unfinished.rename(path)
        return path

    def environment(self):
        """The environment of a process that imports Odoo."""
        programs = [str(paths.VENV / "bin"), os.environ.get("PATH", ""), self.server.programs]
        return {
            **clean_environment(),
            **self.server.environment(),
            **self.server.hand_on(),
            "PATH": os.pathsep.join(programs),
            "PYTHONPATH": os.pathsep.join([str(self.source.python_path), str(paths.ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            # Odoo's source lies among files that are not ours to change, so their warnings are noise.
            "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "ignore"),
        }

    def command(self, subcommand, database, *options):
        """The command line of ``odoo SUBCOMMAND``."""
        return [paths.PYTHON, "-m", "odoo", subcommand, "-c", self.configuration, "-d", database, *options]

    def inside(self, script, database, *arguments):
        """The command line that runs one of ``devtools/inside`` with an environment of the database."""
        return [paths.PYTHON, "-m", "devtools.inside", self.configuration, database, script, *arguments]

    def install(self, title, database, modules, *options, update=False):
        """Install or update modules as one step, naming the module at work. Gives the log's path."""
        log_name = f"{database}.log"

        def progress(line):
            found = re.search(r"Loading module (\w+) \((\d+)/(\d+)\)", line)
            return "{} ({} of {})".format(*found.groups()) if found else None

        return run_logged(
            title,
            self.command(
                "server",
                database,
                *("-u" if update else "-i", ",".join(modules), "--stop-after-init", "--no-http", *options),
            ),
            log_name,
            on_line=progress,
            env=self.environment(),
        )


def handed_on_odoo():
    """The Odoo of the ./dev that started this process."""
    return Odoo(ensure_source(), handed_on_server())


def running_in_venv():
    """Whether this process has the packages of the lock file."""
    return sys.prefix == str(paths.VENV)
