"""Create, change and delete accounts; open sessions."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from waybill.domain.account import Account, Role
from waybill.domain.errors import AccountExists, AccountNotFound, LastAdmin
from waybill_api.store.tables import accounts, sessions
from waybill_api.store.writing.unit import Unit

Condition = Callable[[Account], None]
"""Raises if the record differs from the one that the client has read."""


def create(unit: Unit, account: Account) -> Account:
    """Add an account. Raises AccountExists."""
    if accounts.get(unit.connection, account.name) is not None:
        raise AccountExists()
    created = replace(account, created_at=unit.now)
    accounts.insert(unit.connection, created)
    unit.writes += 1
    return created


def change(unit: Unit, name: str, changes: Mapping[str, Any], condition: Condition | None = None) -> Account:
    """Change an account; its sessions end. Raises AccountNotFound, LastAdmin, and what the condition raises."""
    account = _load(unit, name, condition)
    changed = replace(account, **changes)
    if changed.role < Role.ADMIN:
        _keep_an_admin(unit, account)
    accounts.update(unit.connection, changed)
    unit.writes += 1
    return changed


def delete(unit: Unit, name: str, condition: Condition | None = None) -> None:
    """Remove an account; its sessions end. Raises AccountNotFound, LastAdmin, and what the condition raises."""
    _keep_an_admin(unit, _load(unit, name, condition))
    accounts.delete(unit.connection, name)
    unit.writes += 1


def open_session(unit: Unit, account: Account, digest: str, lifetime: int) -> None:
    """Keep a login. Raises AccountNotFound if the account has changed since the password was checked."""
    _check_same(unit, account)
    sessions.insert(unit.connection, digest, account.name, unit.now, unit.now + lifetime)
    unit.writes += 1


def renew_session(unit: Unit, account: Account, changes: Mapping[str, Any], digest: str, lifetime: int) -> None:
    """Change an account, which ends its sessions, and keep a new one. Raises AccountNotFound as above, LastAdmin."""
    _check_same(unit, account)
    open_session(unit, change(unit, account.name, changes), digest, lifetime)


def touch_session(unit: Unit, digest: str) -> None:
    """Note that a session is in use."""
    sessions.touch(unit.connection, digest, unit.now)


def close_session(unit: Unit, digest: str) -> None:
    """End a session."""
    sessions.delete(unit.connection, digest)


def _check_same(unit: Unit, account: Account) -> None:
    if accounts.get(unit.connection, account.name) != account:
        raise AccountNotFound()


def _load(unit: Unit, name: str, condition: Condition | None = None) -> Account:
    account = accounts.get(unit.connection, name)
    if account is None:
        raise AccountNotFound()
    if condition is not None:
        condition(account)
    return account


def _keep_an_admin(unit: Unit, account: Account) -> None:
    """Raise LastAdmin if no account would be left that may create accounts."""
    others = (one for one in accounts.everything(unit.connection) if one.name != account.name)
    if account.role is Role.ADMIN and not any(one.role is Role.ADMIN for one in others):
        raise LastAdmin()
