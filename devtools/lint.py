"""./dev lint: every check of the sources, each reported in one line, its complaints below it."""

import subprocess
import time
import xml.etree.ElementTree
from contextlib import ExitStack

from devtools import paths
from devtools.command_line import prepared
from devtools.console import DevError, say
from devtools.database import PREFIX, Databases
from devtools.translations import check_catalogues

LINT_DATABASE = f"{PREFIX}_lint"
PYTHON_TARGETS = ("dev", "devtools", "tests", paths.ADDON)
ODOO_LINT = "test_lint"
# The others of Odoo's lint check its checkers, its localizations, or need eslint, which is not to be had from PyPI.
ODOO_LINT_FILES = (
    "test_docstring.py",
    "test_dunderinit.py",
    "test_i18n.py",
    "test_index.py",
    "test_jstranslate.py",
    "test_manifests.py",
    "test_markers.py",
    "test_naming.py",
    "test_onchange_domains.py",
    "test_orm_import.py",
    "test_override_signatures.py",
    "test_pofile.py",
    "test_pylint.py",
    "test_routes.py",
    "test_test_holes.py",
)


def run_lint(arguments):
    """Run the checks; 1 when one of them complains."""
    chosen = arguments.only or list(CHECKS)
    if unknown := set(chosen) - set(CHECKS):
        raise DevError(f"There is no check {', '.join(sorted(unknown))}. There are: {', '.join(CHECKS)}.")
    complaining = []
    with prepared() as odoo, ExitStack() as stack:
        context = Context(odoo, arguments.fix, stack)
        for name in chosen:
            started = time.monotonic()
            complaints = CHECKS[name](context).strip()
            verdict = "complains" if complaints else "clean"
            say(f"  {name}: {verdict} ({time.monotonic() - started:.0f} s)")
            if complaints:
                complaining.append(name)
                say("\n" + complaints + "\n")
    say(f"lint: {', '.join(complaining)} complain" if complaining else "lint: everything is clean")
    return 1 if complaining else 0


class Context:
    """What the checks share: Odoo, and a database with the addon in it that is made when first asked for."""

    def __init__(self, odoo, fix, stack):
        self.odoo = odoo
        self.fix = fix
        self.stack = stack
        self._database = None

    @property
    def database(self):
        if not self._database:
            Databases(self.odoo).prepare_test(LINT_DATABASE, keep=True)
            self._database = LINT_DATABASE
        return self._database

    def run(self, *command):
        """Run a checker and give what it complains of; its silence when it ends with 0."""
        result = subprocess.run(
            list(map(str, command)),
            cwd=paths.ROOT,
            env=self.odoo.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if not result.returncode:
            return ""
        return result.stdout or f"{command[0]} ended with {result.returncode} without a word"


def _python_targets():
    return [name for name in PYTHON_TARGETS if (paths.ROOT / name).exists()]


def _check_ruff(context):
    fix = ["--fix"] if context.fix else []
    return context.run(paths.VENV / "bin" / "ruff", "check", "--quiet", *fix, *_python_targets())


def _check_format(context):
    check = [] if context.fix else ["--check"]
    return context.run(paths.VENV / "bin" / "ruff", "format", *check, *_python_targets())


def _check_pylint(context):
    # The ledgers refuse write(), and correct themselves through super().write() in their one writer.
    disable = "--disable=super-method-mismatch"
    return context.run(paths.VENV / "bin" / "pylint", f"--rcfile={paths.ROOT / '.pylintrc'}", disable, paths.ADDON)


def _check_oca_module(context):
    fix = ["--fix"] if context.fix else []
    return context.run(paths.VENV / "bin" / "oca-checks-odoo-module", *fix, paths.ADDON)


def _check_oca_translations(context):
    catalogues = sorted(paths.ADDON_FOLDER.glob("i18n/*.po*"))
    if not catalogues:
        return f"{paths.ADDON}/i18n is empty: ./dev i18n"
    return context.run(paths.VENV / "bin" / "oca-checks-po", *catalogues)


def _check_xml(context):
    complaints = []
    for path in sorted(paths.ADDON_FOLDER.rglob("*.xml")):
        try:
            xml.etree.ElementTree.parse(path)
        except xml.etree.ElementTree.ParseError as error:
            complaints.append(f"{path.relative_to(paths.ROOT)}: {error}")
    return "\n".join(complaints)


def _check_upgrade_code(context):
    """Whether Odoo's own rewriting scripts find old ways of writing."""
    return context.run(
        *(paths.PYTHON, "-m", "odoo", "upgrade_code", "--from", "17.5", "--dry-run"),
        *("--addons-path", paths.ROOT, "--glob", f"{paths.ADDON}/**/*"),
    )


def _check_odoo_lint(context):
    """Odoo's own lint, made to look at our addon instead of at every addon there is."""
    folder = context.odoo.source.find_addon(ODOO_LINT) / "tests"
    return context.run(
        *(paths.PYTHON, "-m", "pytest", "-q", "--no-header", "-p", "devtools.odoo_lint_plugin"),
        *("-c", paths.ROOT / "pyproject.toml", f"--rootdir={paths.ROOT}"),
        *(f"--odoo-config={context.odoo.configuration}", f"--odoo-database={context.database}"),
        *(folder / name for name in ODOO_LINT_FILES),
    )


def _check_translations(context):
    return check_catalogues(context.odoo, context.database)


CHECKS = {
    "ruff": _check_ruff,
    "format": _check_format,
    "xml": _check_xml,
    "pylint-odoo": _check_pylint,
    "oca-module": _check_oca_module,
    "oca-po": _check_oca_translations,
    "upgrade-code": _check_upgrade_code,
    "odoo-lint": _check_odoo_lint,
    "translations": _check_translations,
}
