"""Requests that wake together go on a few at a time, and others are served in between."""

import asyncio
from itertools import pairwise

from waybill_api.http.traffic import TURNS, Traffic


def test_of_a_thousand_that_wake_together_others_are_served_between() -> None:
    async def work() -> list[int]:
        traffic, gone_on = Traffic(), 0

        async def wait(bell: "asyncio.Future[None]") -> None:
            nonlocal gone_on
            await bell
            await traffic.turn()
            gone_on += 1

        bell: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = [asyncio.ensure_future(wait(bell)) for _ in range(1_000)]
        await asyncio.sleep(0)
        bell.set_result(None)
        seen = [0]
        while gone_on < 1_000:
            await asyncio.sleep(0)
            seen.append(gone_on)
        await asyncio.gather(*waiting)
        return seen

    seen = asyncio.run(work())
    assert max(later - earlier for earlier, later in pairwise(seen)) <= TURNS


def test_who_gives_up_while_waiting_for_a_turn_holds_up_nobody() -> None:
    async def work() -> None:
        traffic = Traffic()
        waiting = [asyncio.ensure_future(traffic.turn()) for _ in range(3 * TURNS)]
        await asyncio.sleep(0)
        for one in waiting[:TURNS]:
            one.cancel()
        await asyncio.wait_for(asyncio.gather(*waiting[TURNS:]), 20)

    asyncio.run(work())
