"""The Python packages of the lock file, in a venv of our own."""

import re
import shutil
import subprocess
import sys

from devtools import locks, paths, stamps
from devtools.console import DevError, run_logged


def ensure_python():
    """Make the venv hold what the lock file says."""
    interpreter = stamps.digest(sys.base_prefix, sys.version)
    fingerprint = stamps.digest(interpreter, paths.LOCK_FILE.read_bytes())
    if stamps.is_done("python", fingerprint) and _works():
        return
    with locks.exclusive("setup"):
        if stamps.is_done("python", fingerprint) and _works():
            return
        if not (stamps.is_done("interpreter", interpreter) and _works()):
            _make_venv()
            stamps.mark_done("interpreter", interpreter)
        total = sum(1 for line in paths.LOCK_FILE.read_text().splitlines() if "==" in line)
        seen = set()

        def progress(line):
            if found := re.match(r"(?:Collecting|Requirement already satisfied:) (\S+)", line):
                seen.add(found.group(1))
                return f"{len(seen)} of {total} packages"
            return "unpacking" if line.startswith("Installing collected") else None

        run_logged(
            "Python packages",
            [paths.PYTHON, "-m", "pip", "install", "--no-deps", "--no-input", "-r", paths.LOCK_FILE],
            "python.log",
            on_line=progress,
        )
        stamps.mark_done("python", fingerprint)


def _works():
    try:
        return subprocess.run([paths.PYTHON, "-c", "import pip"], capture_output=True).returncode == 0
    except OSError:
        return False


def _make_venv():
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise DevError(
            "This Python cannot make virtual environments. On Debian: apt-get install python3-venv"
        ) from None
    shutil.rmtree(paths.VENV, ignore_errors=True)
    run_logged("Python environment", [sys.executable, "-m", "venv", paths.VENV], "python.log")
