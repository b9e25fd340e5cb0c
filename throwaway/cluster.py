"""A PostgreSQL server for one use, if this machine has one installed."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT, SIGQUIT, Signals

from throwaway.interrupts import put_off
from throwaway.process import Process, environment, running
from throwaway.program import CannotGoOn

DEBIAN = Path("/usr/lib/postgresql")
UNPRIVILEGED = ("postgres", "nobody")
"""The users that the server can run as if we are root; it refuses to run as root."""

TOP = "/tmp"  # noqa: S108
"""The parent of its folder, not TMPDIR: another user must reach it, and the path of a socket must be short."""

CHANGE_USERS = 1 << 0 | 1 << 6 | 1 << 7
"""CAP_CHOWN, CAP_SETGID and CAP_SETUID; see capabilities(7)."""

START_SECONDS = 30.0

CONFIGURATION = """
listen_addresses = ''
fsync = off
autovacuum = off
shared_buffers = 64MB
max_wal_size = 4GB
"""
"""No flush to disk, as in the demonstration's tracker on SQLite, and no vacuum before it counts the dead tuples."""


def missing() -> str | None:
    """Return what this machine lacks for a PostgreSQL server of our own; None if it has everything."""
    if _programs() is None:
        return "there is no PostgreSQL server on this machine (apt-get install postgresql)"
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed (pip install 'psycopg[binary]')"
    if os.geteuid() == 0 and not _may_change_users():
        return "PostgreSQL refuses to run as root, and this root may not become another user"
    return None


class Cluster:
    """A server with its databases in a folder of its own; it listens on a socket there."""

    def __init__(self, folder: Path) -> None:
        """Make the databases. Raises CannotGoOn."""
        programs = _programs()
        if programs is None:
            raise CannotGoOn("there is no PostgreSQL server on this machine")
        self.folder = folder
        self.data = folder / "data"
        self.conninfo = f"host={folder} user=demo dbname=postgres"
        self.url = f"postgresql://demo@/postgres?host={folder}"
        self._programs = programs
        self._variables = environment(folder)
        self._as_user = _as_user(folder)
        initdb = [
            *self._as_user,
            str(programs / "initdb"),
            "-D",
            str(self.data),
            "-U",
            "demo",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        ]
        with running(initdb, folder / "initdb.log", self._variables) as making:
            if making.process.wait(START_SECONDS):
                making.check()
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(f"{CONFIGURATION}unix_socket_directories = '{folder}'\n")

    def start(self) -> Process:
        """Start the server, and wait until it serves. Raises CannotGoOn."""
        command = [*self._as_user, str(self._programs / "postgres"), "-D", str(self.data)]
        probe = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder)]
        with put_off():
            self._server = Process(command, self.folder / "postgresql.log", self._variables)
        self._server.wait_until(lambda: subprocess.run(probe, check=False).returncode == 0)
        return self._server

    @property
    def pid(self) -> int:
        """The id of the server's first process."""
        return self._server.pid

    def crash(self) -> None:
        """End the server as a crash does: at once, with what is not logged lost."""
        self.end(SIGQUIT)

    def end(self, number: Signals = SIGINT) -> None:
        """End the server; SIGINT is its fast shutdown, which waits for no client."""
        self._server.end(number)


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a server in a folder of its own, and remove all of it at the end. Raises CannotGoOn."""
    with tempfile.TemporaryDirectory(prefix=f"waybill-demo-{os.getpid()}-", dir=TOP) as folder:
        made = Cluster(Path(folder))
        made.start()
        try:
            yield made
        finally:
            made.end()


def _programs() -> Path | None:
    """Return the folder of the newest server's programs; Debian does not put them on the PATH."""
    found = shutil.which("postgres")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(DEBIAN.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


def _may_change_users() -> bool:
    """Whether root has kept its rights, which a container may take away; Linux tells, other systems do not."""
    try:
        status = Path("/proc/self/status").read_text()
    except FileNotFoundError:
        return True
    (effective,) = (line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return int(effective, 16) & CHANGE_USERS == CHANGE_USERS


def _as_user(folder: Path) -> list[str]:
    """Return what a command begins with to run as a user that owns the folder; the server refuses to run as root."""
    if os.geteuid() != 0:
        return []
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            os.chown(folder, user.pw_uid, user.pw_gid)
            # A change of the user takes the signal away that ends a bound process.
            given = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=KILL"]
            return ["setpriv", *given]
    raise CannotGoOn(f"PostgreSQL refuses to run as root, and there is no user {' or '.join(UNPRIVILEGED)}")
