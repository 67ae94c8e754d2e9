"""Locks between several ./dev at once. The kernel gives them back when a process dies, however it dies."""

import contextlib
import fcntl

from devtools import paths
from devtools.console import say


def open_lock(name):
    """Open a lock file; the lock lives as long as the returned file is open."""
    paths.LOCKS.mkdir(parents=True, exist_ok=True)
    return (paths.LOCKS / name).open("a")


def try_lock(lock, mode=fcntl.LOCK_EX):
    """Take the lock if nobody else has it."""
    try:
        fcntl.flock(lock, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def exclusive(name):
    """Wait for our turn, saying so when it takes one."""
    with open_lock(name) as lock:
        if not try_lock(lock):
            say(f"  waiting for another ./dev ({name})")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
