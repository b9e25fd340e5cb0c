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
from signal import SIGINT

from throwaway.process import environment, running
from throwaway.program import CannotGoOn

DEBIAN = Path("/usr/lib/postgresql")
UNPRIVILEGED = ("postgres", "nobody")
"""The users that the server can run as if we are root; it refuses to run as root."""

TOP = "/tmp"  # noqa: S108
"""The parent of its folder, not TMPDIR: another user must reach it, and the path of a socket must be short."""

START_SECONDS = 30.0

CONFIGURATION = """
listen_addresses = ''
fsync = off
autovacuum = off
shared_buffers = 64MB
max_wal_size = 4GB
"""
"""No flush to disk, as in the tracker on SQLite, and no vacuum before the dead tuples are counted."""


def missing() -> str | None:
    """Return what this machine lacks for a PostgreSQL server of our own; None if it has everything."""
    if _programs() is None:
        return "there is no PostgreSQL server on this machine (apt-get install postgresql)"
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed (pip install 'psycopg[binary]', or the extra 'demo')"
    return None


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """Start a server in a folder of its own, yield how to connect to it, and remove all of it at the end.

    Raises CannotGoOn if it does not start.
    """
    programs = _programs()
    if programs is None:
        raise CannotGoOn("there is no PostgreSQL server on this machine")
    with tempfile.TemporaryDirectory(prefix=f"waybill-demo-{os.getpid()}-", dir=TOP) as folder:
        user = _user()
        if user is not None:
            shutil.chown(folder, user.pw_name)
        log = Path(folder, "postgresql.log")
        data = Path(folder, "data")
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", "demo", "-A", "trust", "-N", "-E", "UTF8"]
        variables = environment(Path(folder))
        with running(initdb, Path(folder, "initdb.log"), variables, user=user) as making:
            if making.process.wait(START_SECONDS):
                making.check()
        with data.joinpath("postgresql.conf").open("a") as configuration:
            configuration.write(f"{CONFIGURATION}unix_socket_directories = '{folder}'\n")
        probe = [str(programs / "pg_isready"), "-q", "-h", folder]
        # SIGINT is the fast shutdown of the server, which waits for no client.
        with running([str(programs / "postgres"), "-D", str(data)], log, variables, SIGINT, user=user) as server:
            server.wait_until(lambda: subprocess.run(probe, check=False).returncode == 0)
            yield f"host={folder} user=demo dbname=postgres"


def _programs() -> Path | None:
    """Return the folder of the newest server's programs; Debian does not put them on the PATH."""
    found = shutil.which("postgres")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(DEBIAN.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


def _user() -> pwd.struct_passwd | None:
    """Return the user that runs the server; None if that is our own user."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise CannotGoOn(f"PostgreSQL refuses to run as root, and there is no user {' or '.join(UNPRIVILEGED)}")
