"""./dev run: the demo firm, its figures, and the web client."""

import contextlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

from devtools import locks, paths, stamps
from devtools.command_line import prepared
from devtools.console import DevError, run_foreground, run_logged, say, terminating
from devtools.database import Databases
from devtools.tools import PDF_ENGINE, find_tool

READY_TIMEOUT = 120


def run_demo(arguments):
    """Make or refresh the demo firm, print its table, and serve it unless only the table is wanted."""
    if not arguments.once:
        _check_port(arguments.port)
    with prepared() as odoo:
        prepare_demo(odoo, arguments.database, rebuild=arguments.rebuild)
        _print_summary(odoo, arguments.database)
        if not find_tool(PDF_ENGINE):
            say("No wkhtmltopdf on this machine: reports show as web pages, not as PDF (Debian: wkhtmltopdf).\n")
        if arguments.once:
            return 0
        with serving(odoo, arguments.database, arguments.port) as (address, server):
            say(f"Serving {address}/odoo    Ctrl-C stops.")
            with contextlib.suppress(KeyboardInterrupt):
                return server.wait()
            # Odoo has heard the Ctrl-C as well and is closing.
            return server.wait()


def prepare_demo(odoo, name, rebuild=False):
    """Have the demo firm in a database: grown once, and never half."""
    databases = Databases(odoo)
    with locks.exclusive(f"database-{name}"):
        template = databases.ensure_template("demo")
        state = {} if rebuild else databases.read_state(name)
        if not state and databases.exists(name):
            say(f"  {'Making' if rebuild else 'The last start broke off: making'} the demo firm anew")
        elif state and state["template"] != template:
            say("  What the addon depends on has changed: making the demo firm anew")
            state = {}
        if state:
            if state.get("growth") != _growth_fingerprint():
                say("  The script that grows the demo firm has changed since; ./dev run --rebuild makes it anew.")
            databases.write_state(name, **databases.upgrade(name, state))
            return
        # From here to write_state the database has no state, so that a start that breaks off is seen.
        state = databases.build(name, "demo", f"Installing {paths.ADDON} with its demo firm")
        state["growth"] = _growth_fingerprint()
        if state["growth"]:
            run_logged(
                "Growing the demo firm by eighteen months",
                odoo.inside("demo_firm:grow", name),
                f"{name}.log",
                on_line=str.strip,
                env=odoo.environment(),
            )
        else:
            say("  devtools/inside/demo_firm.py is not there yet: the demo firm has no history.")
        databases.write_state(name, **state)


@contextlib.contextmanager
def serving(odoo, name, port, *options):
    """Serve a database; gives the address and the process once it answers."""
    log_path = paths.LOGS / f"{name}-server.log"
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    command = odoo.command(
        "server",
        name,
        *(f"--http-port={port}", "--max-cron-threads=1", f"--db-filter=^{name}$", *options),
    )
    with (
        log_path.open("ab") as log,
        terminating(
            subprocess.Popen(list(map(str, command)), env=odoo.environment(), stdout=log, stderr=log)
        ) as server,
    ):
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + READY_TIMEOUT
        while not _answers(f"{address}/web/health"):
            if server.poll() is not None or time.monotonic() > deadline:
                raise DevError(f"Odoo does not serve. Its log: {log_path}")
            time.sleep(0.3)
        yield address, server


def find_free_port():
    """A port for a server that nobody types the address of."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _growth_fingerprint():
    script = paths.INSIDE / "demo_firm.py"
    if not script.is_file():
        return ""
    return stamps.digest(script.read_bytes(), stamps.digest_files(paths.INSIDE / "demo"))


def _print_summary(odoo, name):
    scripts = ["logins"]
    if (paths.INSIDE / "summary.py").is_file():
        scripts.insert(0, "summary:print_summary")
    else:
        say("  devtools/inside/summary.py is not there yet: no table.")
    for script in scripts:
        say()
        if run_foreground(odoo.inside(script, name), env=odoo.environment()):
            raise DevError(f"devtools/inside/{script.split(':')[0]}.py failed.")
    say()


def _check_port(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DevError(f"Port {port} of 127.0.0.1: {error.strerror}. Another one: ./dev run --port 8070") from None


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except (OSError, urllib.error.URLError):
        return False
