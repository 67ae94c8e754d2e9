"""./dev test: the addon's tests and the whole-system ones, in one run of pytest."""

from pathlib import Path

from devtools import paths
from devtools.command_line import prepared
from devtools.console import run_foreground
from devtools.database import Databases

ADDON_TESTS = paths.ADDON_FOLDER / "tests"
SYSTEM_TESTS = paths.ROOT / "tests"


def run_tests(arguments):
    """Prepare what the chosen tests need and hand over to pytest."""
    chosen = [_as_path(argument) for argument in arguments.rest]
    targets = [path for path in chosen if path] or [path for path in (ADDON_TESTS, SYSTEM_TESTS) if path.is_dir()]
    with_addon = any(not path.is_relative_to(SYSTEM_TESTS) for path in targets)
    with prepared() as odoo:
        command = [paths.PYTHON, "-m", "pytest", "-p", "devtools.pytest_plugin"]
        if with_addon:
            Databases(odoo).prepare_test(arguments.database, keep=arguments.keep)
            command += [
                f"--odoo-config={odoo.configuration}",
                f"--odoo-database={arguments.database}",
                "--odoo-http",
                # The server must see just this database, whatever others the server holds.
                f"--odoo-extra=db-filter=^{arguments.database}$",
            ]
        else:
            command += ["-p", "no:odoo"]
        if not any(chosen):
            command += targets
        return run_foreground([*command, *arguments.rest], env=odoo.environment(), cwd=paths.ROOT)


def _as_path(argument):
    """The file or folder that an argument of pytest names, if it does."""
    if argument.startswith("-"):
        return None
    path = Path(argument.split("::")[0]).resolve()
    return path if path.exists() else None
