"""Accounts: who may log in, and logging in."""

from collections.abc import Mapping
from typing import Any, Protocol

from services.api.admin.attempts import Attempts
from services.api.admin.passwords import WELL_KNOWN, Passwords
from services.api.admin.sessions import Sessions
from services.api.problems import TOO_MANY, UNAUTHENTICATED, WRONG_PASSWORD, Refusal
from shared.domain.account import Account, Role, Session
from shared.domain.errors import AccountNotFound, Invalid

MOST_WAITING = 16
"""Passwords that may be under way at once; each takes a good part of a second."""

KNOWN_PASSWORD = "everybody knows this password; choose another one"  # noqa: S105 - a sentence


class AccountStore(Protocol):
    """What accounts need of the store."""

    async def accounts(self) -> list[Account]:
        """Return all accounts."""

    async def account(self, name: str) -> Account | None:
        """Return one."""

    async def create_account(self, account: Account) -> Account:
        """Add one."""

    async def change_account(self, name: str, changes: Mapping[str, Any]) -> Account:
        """Change one."""

    async def delete_account(self, name: str) -> None:
        """Remove one."""


class Accounts:
    """Makes, changes and removes accounts, and lets people in."""

    def __init__(
        self, store: AccountStore, sessions: Sessions, passwords: Passwords, *, allows_well_known: bool = True
    ) -> None:
        """Take the store, the sessions, what hashes, and whether passwords may be chosen that everybody knows."""
        self._store = store
        self._sessions = sessions
        self._passwords = passwords
        self._allows_well_known = allows_well_known
        self._attempts = Attempts()

    async def everybody(self) -> list[Account]:
        """Return all accounts, by name."""
        return await self._store.accounts()

    async def has_demo(self) -> bool:
        """Return whether somebody can log in with a password that stands in the documentation."""
        return any(account.is_demo for account in await self._store.accounts())

    async def create(self, name: str, role: Role, password: str) -> Account:
        """Add an account. Raises AccountExists, Invalid."""
        is_demo = self._is_demo(password)
        kept = await self._hashed(password)
        return await self._store.create_account(Account(name=name, role=role, password=kept, is_demo=is_demo))

    async def change(self, name: str, *, role: Role | None = None, password: str | None = None) -> Account:
        """Change role or password, which ends the account's sessions. Raises AccountNotFound, LastAdmin, Invalid."""
        changes: dict[str, Any] = {} if role is None else {"role": role}
        if password is not None:
            changes["is_demo"] = self._is_demo(password)
            if await self._store.account(name) is None:
                raise AccountNotFound()
            changes["password"] = await self._hashed(password)
        return await self._store.change_account(name, changes)

    async def delete(self, name: str) -> None:
        """Remove an account, and end its sessions. Raises AccountNotFound, LastAdmin."""
        await self._store.delete_account(name)

    async def log_in(self, name: str, password: str, address: str) -> str:
        """Open a session and return its id. Raises Refusal (401, 429)."""
        account = await self._checked(name, password, address)
        if account is not None:
            try:
                identity = await self._sessions.open(account)
            except AccountNotFound:
                pass
            else:
                self._attempts.succeeded(name, address)
                return identity
        raise Refusal(UNAUTHENTICATED, "Name or password is wrong.")

    async def change_own(self, session: Session, old: str, new: str, address: str) -> str:
        """Change the password of whoever is logged in, end the account's sessions, and return the id of a fresh one.

        Raises Invalid; Refusal: 403 where the old password is wrong, 429 after too many tries, which count as failed
        logins do, and 401 where somebody else has changed the account meanwhile.
        """
        is_demo = self._is_demo(new)
        account = await self._checked(session.account, old, address)
        if account is None:
            raise Refusal(WRONG_PASSWORD, "The old password is wrong.")
        changes = {"password": await self._hashed(new), "is_demo": is_demo}
        try:
            identity = await self._sessions.renew(account, changes)
        except AccountNotFound:
            raise Refusal(UNAUTHENTICATED, "Log in first.") from None
        self._attempts.succeeded(account.name, address)
        return identity

    async def log_out(self, session: Session) -> None:
        """End a session."""
        await self._sessions.close(session)

    async def _checked(self, name: str, password: str, address: str) -> Account | None:
        """Return the account that has this name and password, None where there is none. Raises Refusal (429)."""
        if wait := self._attempts.begin(name, address):
            minutes = -(-wait // 60)
            raise _too_many(f"Too many failed logins; try again in {minutes} min.", wait)
        self._check_waiting()
        account = await self._store.account(name)
        is_right = await self._passwords.check(password, None if account is None else account.password)
        return account if is_right else None

    async def _hashed(self, password: str) -> str:
        self._check_waiting()
        return await self._passwords.hash(password)

    def _check_waiting(self) -> None:
        if self._passwords.waiting >= MOST_WAITING:
            raise _too_many("Too many passwords are being checked; try again in a moment.", 5)

    def _is_demo(self, password: str) -> bool:
        is_demo = password in WELL_KNOWN
        if is_demo and not self._allows_well_known:
            raise Invalid(KNOWN_PASSWORD, "/password")
        return is_demo


def _too_many(detail: str, seconds: int) -> Refusal:
    return Refusal(TOO_MANY, detail, headers={"Retry-After": str(seconds)})
