"""Talking to the person at the terminal, and running long commands without leaving them in the dark."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque

from devtools import paths

# Seconds between two signs of life of a long step when the output is no terminal.
HEARTBEAT = 20
TAIL_LINES = 40


class DevError(Exception):
    """Something that the reader has to put right; shown without a traceback."""


def say(text=""):
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def in_continuous_integration():
    """Whether nobody is there to read a warning, so that a missing tool must be a failure."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


class Step:
    """A long step: says what it does, that it is still alive, and how long it took."""

    def __init__(self, title):
        self.title = title
        self.detail = ""
        self._finished = threading.Event()
        self._live = sys.stdout.isatty()

    def __enter__(self):
        self._started = time.monotonic()
        if not self._live:
            say(f"  {self.title} ...")
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, error_type, error, traceback):
        self._finished.set()
        self._thread.join()
        outcome = "failed" if error_type else "done"
        if self._live:
            print("\r\033[K", end="")
        say(f"  {self.title}: {outcome} in {self.elapsed} s")

    @property
    def elapsed(self):
        return round(time.monotonic() - self._started)

    def _beat(self):
        while not self._finished.wait(0.5 if self._live else HEARTBEAT):
            detail = f", {self.detail}" if self.detail else ""
            text = f"  {self.title}: {self.elapsed} s{detail}"
            if self._live:
                print(f"\r\033[K{text[:110]}", end="", flush=True)
            else:
                say(text)


def run_logged(title, arguments, log_name, on_line=None, **popen_options):
    """Run a command as one step, its output in a log file.

    :param on_line: called with every line of output; what it returns, when anything, is shown as the detail
    """
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    log_path = paths.LOGS / log_name
    tail = deque(maxlen=TAIL_LINES)
    with log_path.open("a", encoding="utf-8", errors="replace") as log, Step(title) as step:
        log.write(f"\n$ {' '.join(map(str, arguments))}\n")
        with terminating(
            subprocess.Popen(
                list(map(str, arguments)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                **popen_options,
            )
        ) as process:
            for line in process.stdout:
                log.write(line)
                tail.append(line)
                step.detail = (on_line(line) if on_line else None) or step.detail
            status = process.wait()
        if status:
            raise DevError(f"{title} failed (exit {status}). The end of {log_path}:\n\n{''.join(tail)}")
    return log_path


@contextlib.contextmanager
def terminating(process):
    """End a child when its parent is interrupted: nothing may be left running."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def run_foreground(arguments, **popen_options):
    """Run a command on the reader's own terminal and return its exit status.

    Ctrl-C reaches the child too, which ends in its own way; only a second one is ours.
    """
    with terminating(subprocess.Popen(list(map(str, arguments)), **popen_options)) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            return process.wait()
