"""Turns: friends go first, and a caller that leaves keeps no turn."""

import asyncio

from tornado.ioloop import IOLoop

from waybill_api.identity.turns import Turns


async def take(turns: Turns, order: list[str], name: str, end: "asyncio.Event", *, is_friend: bool = False) -> None:
    async with turns.one(is_friend=is_friend):
        order.append(name)
        await end.wait()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_friends_go_before_strangers_and_each_line_in_its_order(io_loop: IOLoop) -> None:
    order: list[str] = []

    async def story() -> None:
        turns, end = Turns(2), asyncio.Event()
        strangers = [asyncio.ensure_future(take(turns, order, f"stranger {number}", end)) for number in range(4)]
        await settled()
        friends = [
            asyncio.ensure_future(take(turns, order, f"friend {number}", end, is_friend=True)) for number in range(2)
        ]
        await settled()
        assert order == ["stranger 0", "stranger 1"]
        end.set()
        await asyncio.gather(*strangers, *friends)

    io_loop.run_sync(story)
    assert order[2:] == ["friend 0", "friend 1", "stranger 2", "stranger 3"]


def test_whoever_leaves_before_its_turn_or_in_its_moment_loses_none(io_loop: IOLoop) -> None:
    order: list[str] = []

    async def story() -> None:
        turns, end = Turns(1), asyncio.Event()
        first, leaving, called, last = (
            asyncio.ensure_future(take(turns, order, name, end)) for name in ("first", "leaving", "called", "last")
        )
        await settled()
        leaving.cancel()
        await settled()
        first.cancel()
        # The turn is given to it, and it has not heard of that yet.
        await asyncio.sleep(0)
        called.cancel()
        await settled()
        end.set()
        await asyncio.wait_for(last, 30)
        assert turns._free == 1
        assert not turns._strangers

    io_loop.run_sync(story)
    assert order == ["first", "last"]
