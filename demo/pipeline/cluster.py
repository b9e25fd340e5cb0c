"""A PostgreSQL server that is thrown away afterwards, where this machine has one installed."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.interrupts import put_off
from demo.throwaway import DemoError
from waybill.host.starter import bound

DEBIAN = Path("/usr/lib/postgresql")
UNPRIVILEGED = ("postgres", "nobody")
"""As whom the server runs where we are root, which it refuses to be."""

TOP = "/tmp"  # noqa: S108
"""Where its folder is made, whatever TMPDIR says: another user must reach it, and the path of a socket is short."""

START_SECONDS = 30.0
STOP_SECONDS = 10.0

CONFIGURATION = """
listen_addresses = ''
fsync = off
autovacuum = off
shared_buffers = 64MB
max_wal_size = 4GB
"""
"""No flush to disk, as the tracker on SQLite has none; and nobody cleans up before the dead are counted."""


def missing() -> str | None:
    """Return what this machine lacks for a PostgreSQL server of our own, None where it has everything."""
    if _programs() is None:
        return "there is no PostgreSQL server on this machine (apt-get install postgresql)"
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed (pip install 'psycopg[binary]', or the extra 'demo')"
    return None


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """Start a server in a folder of its own, yield how to connect to it, and remove all of it at the end.

    Raises DemoError where it does not start.
    """
    programs = _programs()
    if programs is None:
        raise DemoError("there is no PostgreSQL server on this machine")
    with tempfile.TemporaryDirectory(prefix=f"waybill-demo-{os.getpid()}-", dir=TOP) as folder:
        user = _user()
        if user is not None:
            shutil.chown(folder, user.pw_name)
        log = Path(folder, "log")
        data = Path(folder, "data")
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", "demo", "-A", "trust", "-N", "-E", "UTF8"]
        with _running(initdb, log, user) as making:
            if making.wait(START_SECONDS):
                raise DemoError(
                    f"initdb has ended with {making.returncode}\n{log.read_text(errors='replace')[-2_000:]}"
                )
        with data.joinpath("postgresql.conf").open("a") as configuration:
            configuration.write(f"{CONFIGURATION}unix_socket_directories = '{folder}'\n")
        with _running([str(programs / "postgres"), "-D", str(data)], log, user) as server:
            _wait_until_it_serves([str(programs / "pg_isready"), "-q", "-h", folder], server, log)
            yield f"host={folder} user=demo dbname=postgres"


def _programs() -> Path | None:
    """Return the folder of the newest server's programs; Debian does not put them on the PATH."""
    found = shutil.which("postgres")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(DEBIAN.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


def _user() -> pwd.struct_passwd | None:
    """Return whom to run it as; None means as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise DemoError(f"PostgreSQL refuses to run as root, and there is no user {' or '.join(UNPRIVILEGED)}")


@contextlib.contextmanager
def _running(command: list[str], log: Path, user: pwd.struct_passwd | None) -> Iterator["subprocess.Popen[bytes]"]:
    process: subprocess.Popen[bytes] | None = None
    try:
        with log.open("ab") as output, put_off():
            process = subprocess.Popen(
                bound(command),
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                user=None if user is None else user.pw_uid,
                group=None if user is None else user.pw_gid,
                extra_groups=None if user is None else (),
            )
        yield process
    finally:
        if process is not None:
            # The fast shutdown of the server, which waits for no client.
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_it_serves(probe: list[str], server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(probe, check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise DemoError(f"PostgreSQL does not start\n{log.read_text(errors='replace')[-2_000:]}")
        time.sleep(0.1)
