"""A reader that follows the history misses no event, even if the database could not be read for a while."""

import asyncio

import pytest

from waybill.domain.status import Status
from waybill_api.store.followers.feed import Feed
from waybill_api.store.tables.events import Line
from waybill_api.store.writing.unit import Commit

pytestmark = pytest.mark.gen_test


async def test_a_read_that_fails_is_made_up_for_without_another_commit() -> None:
    history: list[Line] = []
    failing = False

    async def read(task_id: str | None, after: int, limit: int) -> list[Line]:
        if failing:
            raise OSError("no descriptors")
        return [line for line in history if line.event_id > after][:limit]

    async def newest() -> int:
        return len(history)

    feed = Feed(asyncio.get_running_loop(), read, newest)
    with feed.follow():
        assert await feed.since(0, None) == ([], 0)
        history.append(Line(1, "t", "sleep", Status.NEW, "{}"))
        feed.notice(Commit([]))
        await asyncio.sleep(0)
        failing = True
        with pytest.raises(OSError, match="no descriptors"):
            await feed.since(0, None)
        failing = False
        assert feed.news(0, 0).done()
        assert await feed.since(0, None) == (history, 1)
