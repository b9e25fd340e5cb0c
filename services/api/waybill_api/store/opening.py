"""The opening of the database: it must exist, be undamaged, belong to this installation, and be up to date."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from waybill.installation import new_id
from waybill_api.store.engine.damage import found_in, lacks_log
from waybill_api.store.engine.database import BUSY_SECONDS, DATABASE_ERRORS, Connection, Database, writing
from waybill_api.store.engine.migrations import DatabaseUnusable, migrate
from waybill_api.store.engine.trouble import BUSY, DAMAGED, NO_ROOM, code_of, text_of
from waybill_api.store.tables import installation

log = logging.getLogger(__name__)

CHECK_SECONDS = 2.0
"""Seconds that the check at a start may take; it covers only the first part of a large database."""

SAVED = "or save what is left of it with sqlite3's .recover"


def open_database(
    path: Path,
    known: str | None,
    *,
    was_there: bool,
    wait: float,
    check: float = CHECK_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Check the database, bring it up to date, mark it as in use, and return the id of its installation.

    `known` is the id in the data directory; `was_there` tells whether any other sign shows that it was in use. Opening
    waits up to `wait` seconds for another program's lock; the check takes up to `check` seconds. Raises
    DatabaseUnusable, and OSError if the file cannot be read.
    """
    deadline, told = clock() + wait, False
    while True:
        try:
            return _opened(path, known, was_there=was_there, check=check, clock=clock)
        except DATABASE_ERRORS as error:
            if code_of(error) not in BUSY:
                raise DatabaseUnusable(f"{path} cannot be used: {text_of(error)}{_remedy(error)}") from error
        if clock() >= deadline:
            raise DatabaseUnusable(f"{path} is locked by another program; close that first")
        if not told:
            log.warning(
                "%s is locked by another program; waiting for it for up to %g s", path, wait, extra={"action": "locked"}
            )
            told = True
        time.sleep(BUSY_SECONDS)


def _opened(path: Path, known: str | None, *, was_there: bool, check: float, clock: Callable[[], float]) -> str:
    is_new = not path.exists() or path.stat().st_size == 0
    if is_new and (known is not None or was_there):
        raise _gone(path, "is empty" if path.exists() else "is gone")
    # Checked before a connection creates a log.
    lies_alone = not is_new and lacks_log(path)
    database = writing(path)
    with database.connection_context():
        connection: Connection = database.connection()
        if not is_new and int(database.pragma("user_version")) == 0:
            if connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is not None:
                raise DatabaseUnusable(f"{path} is a database, but none of Waybill's: move it away")
            if known is not None or was_there:
                raise _gone(path, "holds nothing")
        if not is_new:
            _check(connection, path, check, clock)
            if lies_alone and installation.expects_log(connection):
                log.warning(
                    "%s was in use when it was last written, and its log %s-wal is missing: if this is a copy that was "
                    "made without the log, the last changes are not in it (docs/operating.md says how to copy)",
                    path,
                    path.name,
                    extra={"action": "log_missing"},
                )
        migrate(database)
        found = _settled(connection, path, known)
        _mark(database, connection)
    return found


def _check(connection: Connection, path: Path, seconds: float, clock: Callable[[], float]) -> None:
    """Look for damage for up to `seconds`. Raises DatabaseUnusable, and errors of the database."""
    damage = found_in(connection, seconds, clock)
    if damage is not None:
        raise DatabaseUnusable(f"{path} is damaged ({damage:.200}): put a good copy in its place, {SAVED}")


def _settled(connection: Connection, path: Path, known: str | None) -> str:
    """Return the id of the installation, and write it if the database has none. Raises DatabaseUnusable."""
    found = installation.get(connection)
    if found is None:
        found = known or new_id()
        installation.put(connection, found)
    elif known is not None and found != known:
        raise DatabaseUnusable(
            f"{path} is of another installation ({found}) than {path.parent} ({known}): put the right one in its "
            f"place, or, if it is meant to be here, remove {path.parent / 'installation'}"
        )
    return found


def _mark(database: Database, connection: Connection) -> None:
    """Note in the file itself that a log belongs to it."""
    installation.begin_log(connection)
    database.pragma("wal_checkpoint(passive)")


def _gone(path: Path, said: str) -> DatabaseUnusable:
    folder = path.parent
    return DatabaseUnusable(
        f"{path} {said}, but {folder} is that of an installation: put tasks.db back, or, to begin anew, remove "
        f"{folder / 'installation'}, {folder / 'worker.token'} and {folder / 'admin.token'}"
    )


def _remedy(error: BaseException) -> str:
    if code_of(error) in DAMAGED:
        return f"; put a good copy in its place, {SAVED}"
    if code_of(error) == NO_ROOM:
        return "; make room on its disk"
    return ""
