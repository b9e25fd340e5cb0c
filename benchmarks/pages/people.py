"""Accounts, and their lines in the audit log."""

import asyncio
import secrets
import threading
from pathlib import Path

from waybill.domain.account import Account, Role
from waybill.domain.audit import Deed
from waybill_api.identity.passwords import Cost, hashed
from waybill_api.store import commands
from waybill_api.store.engine.clock import Clock
from waybill_api.store.store import Store

ADMIN = "bench"
OTHERS = 100
DEEDS = 20_000
TOGETHER = 1_000
QUICK = Cost(n=2**10)
"""Cheap hashes, because logging in is not measured."""


def add_people(database: Path) -> str:
    """Add an administrator, others, and lines of the audit log; return the administrator's password."""
    password = secrets.token_hex()
    asyncio.run(_add(database, hashed(password, QUICK)))
    return password


async def _add(database: Path, kept: str) -> None:
    store = Store.open(database, Clock(), threading.Event().set)
    try:
        await store.write(commands.accounts.create, Account(name=ADMIN, password=kept, role=Role.ADMIN))
        for number in range(OTHERS):
            await store.write(
                commands.accounts.create, Account(name=f"person-{number:03}", password=kept, role=Role.VIEWER)
            )
        for start in range(0, DEEDS, TOGETHER):
            await asyncio.gather(
                *(store.insist(commands.audit.record, _deed(number)) for number in range(start, start + TOGETHER))
            )
    finally:
        store.close()


def _deed(number: int) -> Deed:
    return Deed(
        who=f"person-{number % OTHERS:03}",
        action="retry_task" if number % 3 else "cancel_task",
        target=f"/tasks/{number:032x}/retry",
        address="127.0.0.1",
        outcome="done",
        details={"attempt": number % 5},
    )
