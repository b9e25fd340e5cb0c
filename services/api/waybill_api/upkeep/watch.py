"""The watch: checks every second whether data can be kept, and holds a condition before a client is refused."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from waybill.domain.errors import StorageFull, StoreLost, Unavailable
from waybill_api.conditions import DATABASE_FAILS, DISK_FULL, WRITER_WAITS
from waybill_api.store.engine.trouble import FULL, has_room
from waybill_api.store.store import Store

log = logging.getLogger(__name__)

TICK = 1.0
ENOUGH_ROOM = 1 << 20
"""Bytes that must be free before a full disk counts as one with room."""

LONGEST_WAIT = 5.0
"""Seconds that a write may take before a condition is held."""


class Watch:
    """Holds the conditions that can be detected without a request, and clears them once they have passed."""

    def __init__(self, store: Store, on_lost: Callable[[], None]) -> None:
        """Watch over this store; `on_lost` is called if its files are gone."""
        self._store = store
        self._conditions = store.conditions
        self._on_lost = on_lost
        self._probing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            self.look()

    def look(self) -> None:
        """Check everything once."""
        try:
            self._store.look_at_files()
        except StoreLost:
            self._on_lost()
            return
        self._look_at_the_writer()
        self._look_at_the_disk()
        if DATABASE_FAILS in self._conditions and (self._probing is None or self._probing.done()):
            self._probing = asyncio.get_running_loop().create_task(self._probe())

    def _look_at_the_writer(self) -> None:
        waits = self._store.waits()
        if waits > LONGEST_WAIT:
            self._conditions.hold(WRITER_WAITS, f"a write to {self._store.path} has not ended for {waits:.0f} s")
        else:
            self._conditions.clear(WRITER_WAITS)

    def _look_at_the_disk(self) -> None:
        folder = self._store.path.parent
        if not has_room(folder):
            self._conditions.hold(DISK_FULL, FULL)
        elif DISK_FULL in self._conditions and gives_room(folder):
            self._conditions.clear(DISK_FULL)

    async def _probe(self) -> None:
        """Write and read, and clear the condition if both work again."""
        try:
            await self._store.probe()
        except (Unavailable, StorageFull):
            return
        self._conditions.clear(DATABASE_FAILS)


def gives_room(folder: Path) -> bool:
    """Return whether a folder's disk has room, by allocating some: only that detects a quota."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, ENOUGH_ROOM)
    except OSError:
        return False
    return True
