"""A look at an installation for what is wrong with it; nothing is changed."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from waybill.api_error import ApiError, ApiUnreachable
from waybill.cli.command import command
from waybill.cli.command_error import FAILED
from waybill.cli.output import Column, Output
from waybill.cli.own_settings import settings
from waybill.queue.errors import QueueUnavailable, QueueUnusable
from waybill.version import VERSION

if TYPE_CHECKING:
    from waybill.client.client import Client
    from waybill.settings import Settings

OK, WARN, FAIL = "ok", "warn", "fail"
WAL_BYTE = 18
"""The byte of a database of SQLite that is 2 if it writes a log ahead."""

FOR_OTHERS = 0o077
"""The rights of users other than the owner."""


class Check(NamedTuple):
    """Something that was looked at: how it is, and what helps."""

    what: str
    state: str
    detail: str


COLUMNS = (
    Column("state", lambda check: check["state"]),
    Column("what", lambda check: check["what"]),
    Column("detail", lambda check: check["detail"]),
)


@command
def doctor(client: "Client", out: Output) -> int:
    """Look for what is wrong with this installation. Nothing is changed; the exit code is 1 if something fails."""
    said = settings()
    checks = [*_data(said), *_files(said), *_api(client, said)]
    out.rows(COLUMNS, [check._asdict() for check in checks])
    return FAILED if any(check.state == FAIL for check in checks) else 0


def _data(said: "Settings") -> Iterator[Check]:
    folder = said.data_dir
    if not folder.exists():
        yield Check("data directory", WARN, f"{folder.absolute()} is not there yet; the API makes it when it starts")
    elif not folder.is_dir():
        yield Check("data directory", FAIL, f"{folder} is no directory: move it away, or set WAYBILL_DATA_DIR")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Check("data directory", FAIL, f"this user may not write to {folder}: run this as the user it belongs to")
    elif folder.stat().st_mode & FOR_OTHERS:
        yield Check("data directory", WARN, f"{folder} is open to other users: chmod 700 {folder}")
    else:
        yield Check("data directory", OK, str(folder.absolute()))


def _files(said: "Settings") -> Iterator[Check]:
    if not os.access(said.data_dir, os.R_OK | os.X_OK):
        return
    for path in (said.admin_token_file, said.worker_token_file):
        yield _token(path)
    yield _database("database", said.tasks_db)
    yield _queue(said.queue_location)


def _token(path: Path) -> Check:
    if not path.exists():
        return Check(path.name, WARN, f"{path} is not there yet; the API makes it when it starts")
    if not os.access(path, os.R_OK):
        return Check(path.name, FAIL, f"{path} cannot be read by this user: run this as the user it belongs to")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & FOR_OTHERS:
        return Check(path.name, FAIL, f"{path} is open to other users (mode {mode:o}): chmod 600 {path}")
    return Check(path.name, OK, str(path))


def _queue(url: str) -> Check:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _database("queue", Path(unquote(parts.path[1:])))
    from waybill.queue.opening import open_queue  # noqa: PLC0415 - loads the driver
    from waybill.queue.url import shown  # noqa: PLC0415

    try:
        queue = open_queue(url)
        try:
            waiting = len(queue.routes())
        finally:
            queue.close()
    except (QueueUnavailable, QueueUnusable) as error:
        return Check("queue", FAIL, f"{shown(url)}: {error}")
    return Check("queue", OK, f"{shown(url)}, {waiting} routes with messages")


def _database(what: str, path: Path) -> Check:
    if not path.exists():
        return Check(what, WARN, f"{path} is not there yet; it is made when the services start")
    try:
        url = f"file:{quote(str(path.absolute()))}?{'immutable=1' if _would_be_written(path) else 'mode=ro'}"
        connection = sqlite3.connect(url, uri=True, timeout=1.0)
        try:
            tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        return Check(what, FAIL, f"{path} cannot be opened: {error}")
    return Check(what, OK, f"{path}, {tables} tables, {path.stat().st_size / 1e6:.1f} MB")


def _would_be_written(path: Path) -> bool:
    """Whether a database keeps its log beside it and no process has it open: a reader would make the log's files."""
    with path.open("rb") as file:
        is_wal = file.read(WAL_BYTE + 1)[WAL_BYTE:] == b"\2"
    return is_wal and not all(path.with_name(path.name + suffix).exists() for suffix in ("-wal", "-shm"))


def _api(client: "Client", said: "Settings") -> Iterator[Check]:
    try:
        installation = client.installation()
        client.ready()
    except ApiUnreachable as error:
        hint = "start it with waybill run" if error.status is None else "it cannot take tasks now"
        yield Check("API", FAIL, f"{client.url}: {error}; {hint}")
        return
    ours = None
    if said.installation_file.exists() and os.access(said.installation_file, os.R_OK):
        ours = said.installation_file.read_text("utf-8", "replace").strip()
    if ours is not None and installation != ours:
        yield Check("API", FAIL, f"{client.url} is another installation than {said.data_dir}: see WAYBILL_PORT")
        return
    yield Check("API", OK, client.url)
    try:
        yield from _service(client)
    except ApiError as error:
        yield Check("API", WARN, f"it does not tell more: {error}")


def _service(client: "Client") -> Iterator[Check]:
    """Look at what the API tells of itself, its workers and its types."""
    version = str(client.openapi().get("info", {}).get("version"))
    alive = [worker for worker in client.workers() if worker["alive"]]
    versions = {version, VERSION, *(worker["version"] for worker in alive)}
    if len(versions) > 1:
        detail = f"different ones are in use: {', '.join(sorted(versions))}; start the API before the workers"
        yield Check("versions", WARN, detail)
    else:
        yield Check("versions", OK, version)
    if not alive:
        yield Check("workers", FAIL, "none is alive, so that no task runs: start one with waybill worker")
    else:
        slots = sum(worker["slots"] for worker in alive)
        yield Check("workers", OK, f"{len(alive)} with {slots} slots")
    unserved = [one["name"] for one in client.task_types() if one.get("served") is False]
    if unserved:
        yield Check("types", WARN, f"no live worker serves {', '.join(unserved)}")
    else:
        yield Check("types", OK, "each is served")
    for one in client.statistics()["attention"]:
        yield Check(one["code"], WARN, one["detail"])
