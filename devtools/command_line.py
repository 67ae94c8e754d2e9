"""The commands of ./dev."""

import argparse
import contextlib
import importlib
import shutil
import signal
import sys
from pathlib import Path

from devtools import database, locks, paths
from devtools.console import DevError, run_foreground, say
from devtools.odoo import Odoo
from devtools.postgres import using_server
from devtools.setup_odoo import ensure_source
from devtools.setup_python import ensure_python

EPILOG = """\
environment:
  ODOO_SOURCE                          your own checkout of Odoo 19.0, instead of Debian's package
  PGHOST PGPORT PGUSER PGPASSWORD      your own PostgreSQL, instead of an embedded one

Everything lies in .odoo/; ./dev clean, or removing that folder, is a clean uninstall.
"""


def main():
    """Run the command that the reader asked for."""
    # So that what was started is stopped: the clean-up runs on the way out.
    signal.signal(signal.SIGTERM, lambda *_arguments: sys.exit(143))
    arguments, rest = _make_parser().parse_known_args()
    if rest and arguments.command != "test":
        _make_parser().error(f"unknown arguments: {' '.join(rest)}")
    arguments.rest = rest
    try:
        return arguments.run(arguments)
    except DevError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130


@contextlib.contextmanager
def prepared():
    """Everything set up: the packages, Odoo, and a server that runs as long as this lasts."""
    paths.STATE.mkdir(exist_ok=True)
    with _explain_foreign_files():
        ensure_python()
        source = ensure_source()
        with using_server() as server:
            yield Odoo(source, server)


@contextlib.contextmanager
def _explain_foreign_files():
    try:
        yield
    except PermissionError as error:
        raise DevError(
            f"{error}\nHas another user (root?) worked in this checkout? Let that user run ./dev clean first."
        ) from None


def _make_parser():
    parser = argparse.ArgumentParser(
        prog="./dev",
        description=sys.modules["__main__"].__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name, summary, run, **options):
        command = commands.add_parser(name, help=summary, description=summary, **options)
        command.set_defaults(run=run)
        return command

    run = add("run", "Load the demo firm, print its figures, and serve it on this machine.", _run)
    run.add_argument("--once", action="store_true", help="stop after the figures")
    run.add_argument("--port", type=int, default=8069)
    run.add_argument("--database", default=database.DEMO, help="another database than the usual one")
    run.add_argument("--rebuild", action="store_true", help="make the demo firm anew")

    test = add(
        "test",
        "Run every test, or those that the arguments name.",
        _test,
        epilog="Other arguments go to pytest: paths, -k, -x, --pdb ...",
    )
    test.add_argument("--keep", action="store_true", help="use the last test database again, upgraded if need be")
    test.add_argument("--database", default=database.TEST, help="a test database of your own")

    lint = add("lint", "Check the sources: ruff, pylint-odoo, OCA's checks, Odoo's own, translations.", _lint)
    lint.add_argument("--fix", action="store_true", help="let ruff put right what it can")
    lint.add_argument("--only", action="append", metavar="CHECK", help="run just this check (may be repeated)")

    shell = add("shell", "A Python prompt with the demo firm's environment.", _shell)
    shell.add_argument("--database", default=database.DEMO)

    add("i18n", "Refresh the translation template, merge zh_CN, and report what is untranslated.", _i18n)

    shots = add("shots", "Take pictures of the main screens at desktop and phone width.", _shots)
    shots.add_argument("--only", metavar="NAME", help="just this picture of the list, or the name of an own one")
    shots.add_argument("--login", help="whose eyes to take it with")
    shots.add_argument("--path", help="which page, such as /odoo/contacts")
    shots.add_argument("--wait", metavar="SELECTOR", help="an element that must be there before the picture")
    shots.add_argument(
        "--click", action="append", metavar="SELECTOR", help="an element to click first; again for the next one"
    )
    shots.add_argument("--size", action="append", metavar="WxH", help="instead of both 1440x900 and 375x667")
    shots.add_argument("--output", type=Path, default=paths.SCREENSHOTS, metavar="FOLDER")
    shots.add_argument("--database", default=database.DEMO)

    bench = add("bench", "Measure something: bench NAME runs devtools/bench_NAME.py.", _bench)
    bench.add_argument("name", nargs="?")

    judge = add("judge-risk", "Hold churn risk against BG/NBD on public purchase histories.", _judge_risk)
    judge.add_argument("--ship", action="store_true", help="print the weights to ship instead")

    judge = add(
        "judge-trend", "Count on simulated customers how often and how soon the trend calls a decline.", _judge_trend
    )
    judge.add_argument("--customers", type=int, default=480, metavar="NUMBER", help="how many of each kind (480)")

    data = add("db", "Look at the databases.", _databases)
    data.add_argument("action", choices=("list", "psql", "drop", "serve"))
    data.add_argument("name", nargs="?", default=database.DEMO)

    add("clean", "Remove .odoo/ and all that is in it.", _clean)
    return parser


def _run(arguments):
    from devtools.run import run_demo

    return run_demo(arguments)


def _test(arguments):
    from devtools.test import run_tests

    return run_tests(arguments)


def _lint(arguments):
    from devtools.lint import run_lint

    return run_lint(arguments)


def _shell(arguments):
    with prepared() as odoo:
        if not database.Databases(odoo).exists(arguments.database):
            raise DevError(f"There is no database {arguments.database}. ./dev run --once makes the demo firm's.")
        return run_foreground(
            odoo.command("shell", arguments.database, "--no-http", "--log-level=warn"), env=odoo.environment()
        )


def _i18n(arguments):
    from devtools.translations import refresh

    return refresh(arguments)


def _shots(arguments):
    from devtools.screenshots import take_pictures

    return take_pictures(arguments)


def _bench(arguments):
    names = sorted(path.stem.removeprefix("bench_") for path in (paths.ROOT / "devtools").glob("bench_*.py"))
    if arguments.name not in names:
        say(f"There is no such measurement. There are: {', '.join(names) or 'none yet'}.")
        return 1 if arguments.name else 0
    module = importlib.import_module(f"devtools.bench_{arguments.name}")
    with prepared() as odoo:
        return module.main(odoo)


def _judge_risk(arguments):
    from devtools import judge_risk

    with prepared() as odoo:
        return judge_risk.main(odoo, ship=arguments.ship)


def _judge_trend(arguments):
    from devtools import judge_trend

    with prepared() as odoo:
        return judge_trend.main(odoo, customers=arguments.customers)


def _databases(arguments):
    with prepared() as odoo:
        databases = database.Databases(odoo)
        if arguments.action == "list":
            for name in databases.names():
                say(f"{name}  {databases.read_state(name) or 'unfinished'}")
        elif arguments.action == "drop":
            databases.drop(arguments.name)
        elif arguments.action == "psql":
            return run_foreground([Path(odoo.server.programs) / "psql", "-d", arguments.name], env=odoo.environment())
        else:
            say(f"Serving on {odoo.server.host}:{odoo.server.port} until Ctrl-C. Odoo: -c {odoo.configuration}")
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
    return 0


def _clean(arguments):
    if not paths.STATE.is_dir():
        return 0
    with locks.open_lock("postgres-users") as users:
        if not locks.try_lock(users):
            raise DevError("Another ./dev is at work here; wait for it to end.")
        from devtools.postgres import EmbeddedServer

        with contextlib.suppress(DevError):
            EmbeddedServer().stop()
        shutil.rmtree(paths.STATE)
    say(f"Removed {paths.STATE}")
    return 0
