"""./dev test: the addon's tests and the whole-system ones, in one run of pytest."""

from pathlib import Path

from devtools import paths
from devtools.command_line import prepared
from devtools.console import run_foreground
from devtools.database import Databases

ADDON_TESTS = paths.ADDON_FOLDER / "tests"
SYSTEM_TESTS = paths.ROOT / "tests"
# Options of pytest whose value stands after them, and could be the name of a folder.
VALUED = {"-k", "-m", "-p", "-o", "-W", "-c", "--deselect", "--ignore", "--maxfail", "--durations"}


def run_tests(arguments):
    """Prepare what the chosen tests need and hand over to pytest."""
    chosen = _find_paths(arguments.rest)
    targets = chosen or [path for path in (ADDON_TESTS, SYSTEM_TESTS) if path.is_dir()]
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
        if not chosen:
            command += targets
        return run_foreground([*command, *arguments.rest], env=odoo.environment(), cwd=paths.ROOT)


def _find_paths(arguments):
    """The files and folders among the arguments of pytest."""
    values = (argument for before, argument in zip(["", *arguments], arguments, strict=False) if before not in VALUED)
    found = (Path(value.split("::")[0]).resolve() for value in values if not value.startswith("-"))
    return [path for path in found if path.exists()]
