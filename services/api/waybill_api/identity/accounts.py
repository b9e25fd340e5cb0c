"""Accounts, and logging in."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, NamedTuple

from waybill.domain.account import Account, Role, Session
from waybill.domain.errors import AccountNotFound, Invalid
from waybill_api.identity import browsers
from waybill_api.identity.arrival import Arrival
from waybill_api.identity.attempts import Attempt, Attempts
from waybill_api.identity.passwords import Passwords
from waybill_api.identity.sessions import Sessions
from waybill_api.identity.strength import weakness_of
from waybill_api.identity.waiters import NoPlace, Waiters
from waybill_api.preconditions.versions import Condition
from waybill_api.problems import TOO_MANY, UNAUTHENTICATED, WRONG_PASSWORD, Refusal
from waybill_api.store import commands, tables
from waybill_api.store.store import Store

DEMO = ("user", "password")
"""The account of the documentation, which publishes its password."""
KNOWN_PASSWORD = "everybody knows this password; choose another one"  # noqa: S105 - a sentence

MOST_HELD, MOST_HELD_OF_ONE = 128, 8
"""How many logins may be delayed at once after failures: in all, and of one account."""


class Entry(NamedTuple):
    """What a login gives the browser: the id of its session, and the cookie that identifies it at the next login."""

    session: str
    browser: str


class Accounts:
    """Makes, changes and removes accounts, and opens sessions."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        passwords: Passwords,
        *,
        allows_well_known: bool = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the store, the sessions, what hashes, and whether well-known passwords may be chosen."""
        self._store = store
        self._sessions = sessions
        self._passwords = passwords
        self._allows_well_known = allows_well_known
        self._attempts = Attempts()
        self._held = Waiters(MOST_HELD, MOST_HELD_OF_ONE)
        self._sleep = sleep

    async def listed(self) -> list[Account]:
        """Return all accounts, by name."""
        return await self._store.read(tables.accounts.everything)

    async def one(self, name: str) -> Account:
        """Return an account, or raise AccountNotFound."""
        account = await self._store.read(tables.accounts.get, name)
        if account is None:
            raise AccountNotFound()
        return account

    async def has_demo(self) -> bool:
        """Return whether an account has the public password of the documentation."""
        return any(account.is_demo for account in await self._store.read(tables.accounts.everything))

    async def create(self, name: str, role: Role, password: str) -> Account:
        """Add an account. Raises AccountExists, Invalid."""
        is_demo = await self._weighed(name, password)
        kept = await self._hashed(password, is_demo)
        account = Account(name=name, role=role, password=kept, is_demo=is_demo)
        return await self._store.write(commands.accounts.create, account)

    async def change(
        self,
        name: str,
        *,
        role: Role | None = None,
        password: str | None = None,
        condition: Condition[Account] | None = None,
    ) -> Account:
        """Change role or password, which ends the account's sessions.

        Raises AccountNotFound, LastAdmin, Invalid, and what the condition raises.
        """
        changes: dict[str, Any] = {} if role is None else {"role": role}
        if password is not None:
            account = await self.one(name)
            if condition is not None:
                condition(account)
            changes["is_demo"] = await self._weighed(name, password)
            changes["password"] = await self._hashed(password, changes["is_demo"])
        return await self._store.write(commands.accounts.change, name, changes, condition)

    async def delete(self, name: str, condition: Condition[Account] | None = None) -> None:
        """Remove an account, and end its sessions. Raises AccountNotFound, LastAdmin, and what the condition raises."""
        await self._store.write(commands.accounts.delete, name, condition)

    async def log_in(self, name: str, password: str, arrival: Arrival) -> Entry:
        """Open a session. Raises Refusal (401, 429)."""
        account, attempt = await self._checked(name, password, arrival)
        if account is not None:
            try:
                identity = await self._sessions.open(account)
            except AccountNotFound:
                pass
            else:
                self._attempts.succeeded(attempt)
                return self._entry(identity, account, arrival)
        raise Refusal(UNAUTHENTICATED, "Name or password is wrong.")

    async def change_own(self, session: Session, old: str, new: str, arrival: Arrival) -> Entry:
        """Change the password of the logged-in account, end its sessions, and open a new one.

        Raises Invalid; Refusal: 403 where the old password is wrong, 429 after too many tries, which count as failed
        logins do, and 401 if the account was changed meanwhile.
        """
        is_demo = await self._weighed(session.account, new)
        account, attempt = await self._checked(session.account, old, arrival)
        if account is None:
            raise Refusal(WRONG_PASSWORD, "The old password is wrong.")
        kept = await self._hashed(new, is_demo)
        try:
            identity = await self._sessions.renew(account, {"password": kept, "is_demo": is_demo})
        except AccountNotFound:
            raise Refusal(UNAUTHENTICATED, "Log in first.") from None
        self._attempts.succeeded(attempt)
        return self._entry(identity, replace(account, password=kept), arrival)

    async def log_out(self, session: Session) -> None:
        """End a session."""
        await self._sessions.close(session)

    async def _checked(self, name: str, password: str, arrival: Arrival) -> tuple[Account | None, Attempt]:
        """Return the account with this name and password; None if there is none. Raises Refusal (429)."""
        account = await self._store.read(tables.accounts.get, name)
        browser = None if account is None else browsers.known(arrival.browsers, account, self._store.clock.now())
        attempt = self._attempts.begin(name, arrival, browser)
        if attempt.wait:
            raise _too_many(f"Too many failed logins; try again in {-(-attempt.wait // 60)} min.", attempt.wait)
        try:
            if attempt.pause:
                with self._held.one(name):
                    await self._sleep(attempt.pause)
            with self._place(arrival, browser):
                kept = None if account is None else account.password
                is_right = await self._passwords.check(password, kept, is_friend=browser is not None)
        except NoPlace:
            self._attempts.withdraw(attempt)
            raise _busy() from None
        return account if is_right else None, attempt

    def _place(self, arrival: Arrival, browser: str | None) -> AbstractContextManager[None]:
        """Return a place for a check: one for known browsers, or one for all others."""
        if browser is not None:
            return self._passwords.friends.one()
        # Many users share a proxy's address, so for it only the total is bounded.
        return self._passwords.strangers.one(None if arrival.is_shared else arrival.network)

    async def _hashed(self, password: str, is_demo: bool) -> str:
        try:
            with self._passwords.friends.one():
                return await self._passwords.hash(password, is_known=is_demo)
        except NoPlace:
            raise _busy() from None

    def _entry(self, identity: str, account: Account, arrival: Arrival) -> Entry:
        return Entry(identity, browsers.remembering(arrival.browsers, account, self._store.clock.now()))

    async def _weighed(self, name: str, password: str) -> bool:
        """Return whether this is the documented login. Raises Invalid for a password that can be guessed."""
        if (name, password) == DEMO:
            if not self._allows_well_known:
                raise Invalid(KNOWN_PASSWORD, "/password")
            return True
        weakness = await asyncio.to_thread(weakness_of, password, name)
        if weakness is not None:
            raise Invalid(weakness, "/password")
        return False


def _busy() -> Refusal:
    return _too_many("Too many passwords are being checked; try again in a moment.", 5)


def _too_many(detail: str, seconds: int) -> Refusal:
    return Refusal(TOO_MANY, detail, headers={"Retry-After": str(seconds)})
