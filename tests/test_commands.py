"""The commands that the README names."""

import re
import subprocess
import sys
import time

from devtools import paths
from tests.test_demo_firm import NAME as DEMO_FIRM

# What a second start may take on a slow machine; the first one takes minutes.
SECONDS_OF_SECOND_START = 90


def run_dev(odoo, *arguments, **variables):
    return subprocess.run(
        [sys.executable, paths.ROOT / "dev", *arguments],
        env={**odoo.environment(), "PYTHONPATH": "", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_help_names_every_command(odoo):
    result = run_dev(odoo, "--help")
    assert result.returncode == 0
    for command in ("run", "test", "lint", "shell", "i18n", "shots", "bench", "judge-risk", "judge-trend"):
        assert re.search(rf"\n    {command}\s", result.stdout)


def test_demo_firm_is_grown_once_and_shown_at_once_the_second_time(odoo):
    # The database of the other tests of the demo firm, so that it is grown once for all of them.
    command = ("run", "--once", "--database", DEMO_FIRM)
    first = run_dev(odoo, *command)
    assert first.returncode == 0, first.stdout
    assert "admin" in first.stdout
    started = time.monotonic()
    second = run_dev(odoo, *command)
    assert second.returncode == 0, second.stdout
    assert "Growing" not in second.stdout
    assert time.monotonic() - started < SECONDS_OF_SECOND_START


def test_unknown_measurement_is_answered_politely(odoo):
    result = run_dev(odoo, "bench", "nothing_of_the_kind")
    assert result.returncode == 1
    assert "There is no such measurement" in result.stdout


def test_wrong_odoo_source_is_refused(odoo, tmp_path):
    result = run_dev(odoo, "db", "list", ODOO_SOURCE=str(tmp_path))
    assert result.returncode == 1
    assert "No Odoo in" in result.stdout
