"""A store on a file of its own, inside the test's loop."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests.databases import new_database
from waybill_api.store.engine.clock import Clock
from waybill_api.store.store import Store

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]


@pytest.fixture
def open_store(tmp_path: Path) -> OpenStore:
    """Return what opens the store of this test; opened again, it finds what was kept."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Store]:
        deaths: list[None] = []
        new_database(tmp_path / "tasks.db")
        store = Store.open(tmp_path / "tasks.db", Clock(), lambda: deaths.append(None))
        try:
            yield store
        finally:
            store.close()
        assert not deaths

    return opened
