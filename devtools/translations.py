"""./dev i18n: the template of the addon's texts, and their Chinese."""

import subprocess
import tempfile
from pathlib import Path

from devtools import paths
from devtools.command_line import prepared
from devtools.console import DevError, Step, say
from devtools.database import PREFIX, Databases

FOLDER = paths.ADDON_FOLDER / "i18n"
TEMPLATE = FOLDER / f"{paths.ADDON}.pot"
CHINESE = FOLDER / "zh_CN.po"
DATABASE = f"{PREFIX}_lint"


def refresh(arguments):
    """Write the template anew, merge it into the Chinese, and say what is missing there."""
    with prepared() as odoo:
        Databases(odoo).prepare_test(DATABASE, keep=True)
        FOLDER.mkdir(exist_ok=True)
        with Step("Collecting the texts"):
            _export(odoo, DATABASE, TEMPLATE)
        missing = _catalogue(odoo, "merge", TEMPLATE, CHINESE)
    say(missing or "zh_CN is complete.")
    return 1 if missing else 0


def check_catalogues(odoo, database):
    """Complaints about a template that is not up to date, or a Chinese text that is missing."""
    absent = [path.name for path in (TEMPLATE, CHINESE) if not path.is_file()]
    if absent:
        return f"{' and '.join(absent)} missing in {FOLDER.relative_to(paths.ROOT)}: ./dev i18n"
    with tempfile.TemporaryDirectory(dir=paths.STATE) as folder:
        fresh = Path(folder) / TEMPLATE.name
        _export(odoo, database, fresh)
        return _catalogue(odoo, "check", fresh, TEMPLATE, CHINESE)


def _export(odoo, database, path):
    result = subprocess.run(
        [
            *(paths.PYTHON, "-m", "odoo", "i18n", "export", "-c", odoo.configuration, "-d", database),
            *("-l", "pot", "-o", path, paths.ADDON),
        ],
        env=odoo.environment(),
        capture_output=True,
        text=True,
    )
    if result.returncode or not path.is_file():
        raise DevError(f"The texts cannot be collected:\n{result.stderr[-3000:]}")


def _catalogue(odoo, action, *files):
    result = subprocess.run(
        [paths.PYTHON, "-m", "devtools.catalogue", action, *files],
        env=odoo.environment(),
        capture_output=True,
        text=True,
    )
    if result.returncode and not result.stdout:
        raise DevError(result.stderr)
    return result.stdout.strip()
