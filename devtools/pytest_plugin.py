"""What ./dev adds to pytest: no test is left out without a word.

A skipped test is listed at the end with the package that would bring what it misses; in continuous
integration, where nobody reads that, it fails.
"""

import pytest

from devtools.console import in_continuous_integration
from devtools.tools import missing_tools


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and in_continuous_integration():
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Left out, which counts as a failure with CI=true: {reason}"
    return report


def pytest_sessionstart(session):
    missing = missing_tools()
    if missing and in_continuous_integration():
        packages = " ".join(missing.values())
        raise pytest.UsageError(
            f"With CI=true nothing may be left out, but {' and '.join(missing)} is missing: apt-get install {packages}"
        )


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    missing = missing_tools()
    if not skipped and not missing:
        return
    terminalreporter.section("NOT EVERYTHING WAS TESTED", sep="!", red=True, bold=True)
    for tool, package in missing.items():
        terminalreporter.line(f"This machine has no {tool.split(' ', 1)[1]}. On Debian: apt-get install {package}")
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.line(f"left out: {report.nodeid}: {reason}")
