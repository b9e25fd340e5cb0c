"""The write-ahead log of `tasks.db`: when it is checkpointed."""

from pathlib import Path

from peewee import SqliteDatabase

from waybill.host.world import World
from waybill_api.store.engine.database import DATABASE_ERRORS, LARGE_WAL, WAL_STEP
from waybill_api.store.engine.trouble import Trouble

IDLE = 1.0
"""Seconds after the last change at which the log is checkpointed; operations that change nothing do not count."""


class WriteAheadLog:
    """Checkpoints the log when the writer is idle, and even under load when the log is large. Belongs to the writer."""

    def __init__(self, path: Path, database: SqliteDatabase, trouble: Trouble, world: World) -> None:
        """Take the path of the database, the connection that writes, what explains its errors, and its world."""
        self._monotonic = world.monotonic
        self._path = path.with_name(f"{path.name}-wal")
        self._database = database
        self._trouble = trouble
        self._changes = 0  # of the connection, at the last checkpoint or observed change
        self.is_pending = True
        """Whether the log may hold what the database file does not."""
        self._checkpoint_at = self._monotonic() + IDLE
        self._too_large = LARGE_WAL  # bytes of log above which it is checkpointed even under load

    @property
    def size(self) -> int:
        """The size of the log in bytes."""
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def patience(self) -> float | None:
        """Return the seconds until the log is to be checkpointed; None if it need not be."""
        return max(0.0, self._checkpoint_at - self._monotonic()) if self.is_pending else None

    def follow(self) -> None:
        """Take note of a commit: plan a checkpoint if it wrote something, and do one now if the log is large.

        A reader keeps the log growing. So the next checkpoint under load waits until the log has grown by WAL_STEP.
        """
        changes = self._database.connection().total_changes
        if changes != self._changes:
            self._changes = changes
            self.is_pending = True
            self._checkpoint_at = self._monotonic() + IDLE
        size = self.size
        if size > self._too_large:
            self.checkpoint()
            self._too_large = size + WAL_STEP
        elif size <= LARGE_WAL:
            self._too_large = LARGE_WAL

    def checkpoint(self) -> None:
        """Checkpoint the log as far as readers permit; a failure is tried again when idle."""
        self._checkpoint_at = self._monotonic() + IDLE
        self.is_pending = True
        if self._trouble.bar is not None:
            return
        try:
            busy, pages, done = self._database.execute_sql("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except DATABASE_ERRORS as error:
            if self._trouble.explain(error) is error:
                raise
            return
        self.is_pending = bool(busy) or pages != done
