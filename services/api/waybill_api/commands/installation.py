"""Doing something to an installation from a command: through its API, or in its store while no API runs."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from waybill.api_error import ApiUnreachable, WrongInstallation
from waybill.client.calls import Calls
from waybill.domain.errors import WaybillError
from waybill.host.ownership import hand_over
from waybill.installation import NoInstallation, known
from waybill.settings import Settings
from waybill_api import data_directory
from waybill_api.data_directory import OpenToAll
from waybill_api.data_lock import DataLock
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.demo_login import accounts_in
from waybill_api.identity.passwords import Passwords
from waybill_api.store.engine.clock import Clock
from waybill_api.store.engine.migrations import DatabaseUnusable
from waybill_api.store.store import Store

RETRY_SECONDS = 0.2

T = TypeVar("T")
ByApi = Callable[[Calls], T]
"""Raises ApiProblem, and Elsewhere if it is to be tried again."""
ByStore = Callable[[Store, Accounts], Awaitable[T]]


class Unreachable(Exception):
    """Neither the API nor the data directory can be had, or it cannot be done; the message is one line."""


class Elsewhere(Exception):
    """Another client was changing the same record."""


def reach(settings: Settings, by_api: ByApi[T], by_store: ByStore[T]) -> T:
    """Do it, by whichever way is open, and return what came of it. Raises Unreachable, ApiProblem, SettingsError."""
    ways: list[Callable[[], tuple[T] | None]] = [
        lambda: _through_store(by_store, settings),
        lambda: _through_api(by_api, settings),
    ]
    if settings.api_url is not None:
        # Who names an API means that one, and not a data directory that happens to be free here.
        ways.reverse()
    deadline, told = time.monotonic() + settings.lock_wait_seconds, False
    while True:
        for way in ways:
            done = way()
            if done is not None:
                return done[0]
        if time.monotonic() >= deadline:
            raise Unreachable(
                f"{settings.data_dir} is in use, but no API answers at {settings.base_url} (see WAYBILL_API_URL)"
            )
        if not told:
            sys.stderr.write(
                f"{settings.data_dir} is in use, and no API answers at {settings.base_url} yet: "
                f"trying for up to {settings.lock_wait_seconds:g} s\n"
            )
            told = True
        time.sleep(RETRY_SECONDS)


def _through_api(by_api: ByApi[T], settings: Settings) -> tuple[T] | None:
    """Do it through the API; None if it cannot be reached, or if another client was changing the same record."""
    try:
        client = Calls(
            settings.base_url,
            lambda: _admin_token(settings),
            installation=partial(known, settings.installation_file),
        )
        return (by_api(client),)
    except WrongInstallation as error:
        raise Unreachable(str(error)) from None
    except (ApiUnreachable, Elsewhere):
        return None


def _through_store(by_store: ByStore[T], settings: Settings) -> tuple[T] | None:
    """Do it in the store; None if another process holds it."""
    settings.make_data_dir()
    lock = DataLock(settings.lock_file)
    if not lock.acquire():
        return None
    try:
        hand_over(settings.data_dir, settings.files())
        # The API looks for damage when it starts; in a command the check would only cost time.
        data_directory.settle(settings, check=0.0)
        return (asyncio.run(_in_store(by_store, settings)),)
    except (DatabaseUnusable, NoInstallation, OpenToAll, WaybillError) as error:
        raise Unreachable(str(error)) from None
    finally:
        hand_over(settings.data_dir, settings.files())
        lock.release()


async def _in_store(by_store: ByStore[T], settings: Settings) -> T:
    store = Store.open(settings.tasks_db, Clock(), on_death=lambda: None)
    passwords = Passwords()
    try:
        return await by_store(store, accounts_in(store, passwords, settings))
    finally:
        passwords.close()
        store.close()


def _admin_token(settings: Settings) -> str | None:
    try:
        return settings.admin_token_file.read_text("ascii").strip() or None
    except (FileNotFoundError, UnicodeDecodeError):
        return None
