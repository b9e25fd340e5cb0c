"""Accounts: list, create, change, delete."""

from typing import Protocol

from services.api.endpoint import Endpoint
from services.api.handlers.parameters import AccountNamePath
from services.api.operation import call
from services.api.problems import TOO_MANY
from shared.domain.account import Account, Role
from shared.domain.errors import AccountExists, LastAdmin, StorageFull
from shared.wire.accounts import AccountJson, ChangeAccount, CreateAccount, account_json, role_of


class People(Protocol):
    """What is needed of the accounts."""

    async def everybody(self) -> list[Account]:
        """Return all accounts."""

    async def create(self, name: str, role: Role, password: str) -> Account:
        """Add one."""

    async def change(self, name: str, *, role: Role | None = None, password: str | None = None) -> Account:
        """Change one."""

    async def delete(self, name: str) -> None:
        """Remove one."""


class AccountsHandler(Endpoint):
    """The collection of all accounts."""

    accounts: People

    @call("list_accounts")
    async def get(self) -> list[AccountJson]:
        """List the accounts, by name."""
        return [account_json(account) for account in await self.accounts.everybody()]

    @call("create_account", 201, raises=(AccountExists, TOO_MANY, StorageFull))
    async def post(self, body: CreateAccount) -> AccountJson:
        """Create an account, with which a person can log in at `/admin/`."""
        account = await self.accounts.create(body.name, role_of(body.role), body.password.get_secret_value())
        self.set_header("Location", f"/accounts/{account.name}")
        return account_json(account)


class AccountHandler(Endpoint):
    """One account."""

    accounts: People

    @call("change_account", raises=(LastAdmin, TOO_MANY, StorageFull))
    async def patch(self, name: AccountNamePath, body: ChangeAccount) -> AccountJson:
        """Change an account's role or password, and end its sessions."""
        role = None if body.role is None else role_of(body.role)
        password = None if body.password is None else body.password.get_secret_value()
        return account_json(await self.accounts.change(name, role=role, password=password))

    @call("delete_account", 204, raises=(LastAdmin, StorageFull))
    async def delete(self, name: AccountNamePath) -> None:
        """Delete an account, and end its sessions."""
        await self.accounts.delete(name)
