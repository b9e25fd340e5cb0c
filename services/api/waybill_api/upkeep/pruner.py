"""The pruner: forgets what has served its time, and keeps what would be forgotten."""

import asyncio

from waybill_api.store.store import Store

PERIOD = 3_600.0
TIMES_PERIOD = 60.0


async def prune(store: Store) -> None:
    """Forget old Idempotency-Keys and workers now, and every hour until cancelled."""
    while True:
        await store.prune()
        await asyncio.sleep(PERIOD)


async def keep_times(store: Store) -> None:
    """Keep every minute, until cancelled, how long tasks stay at their stages."""
    while True:
        await asyncio.sleep(TIMES_PERIOD)
        await store.keep_times()
