"""The pruner: forgets what has served its time."""

import asyncio

from services.api.store.store import Store

PERIOD = 3_600.0


async def prune(store: Store) -> None:
    """Forget old Idempotency-Keys and workers now, and every hour until cancelled."""
    while True:
        await store.prune()
        await asyncio.sleep(PERIOD)
