"""No test is skipped without a word."""

import subprocess

import pytest

from devtools import paths

SKIPPING = "import unittest\n\n\n@unittest.skip('Chrome executable not found')\ndef test_tour():\n    pass\n"


@pytest.mark.parametrize(("variable", "status"), [("true", 1), ("", 0)])
def test_skipped_test_is_named_and_fails_where_nobody_reads(odoo, tmp_path, variable, status):
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    result = subprocess.run(
        [paths.PYTHON, "-m", "pytest", "-p", "no:odoo", "-p", "devtools.pytest_plugin", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env={**odoo.environment(), "CI": variable},
        capture_output=True,
        text=True,
    )
    assert result.returncode == status, result.stdout
    assert "Chrome executable not found" in result.stdout
    assert ("NOT EVERYTHING WAS TESTED" in result.stdout) == (not status)
