"""Accounts: list, create, change, delete."""

import hashlib
from collections.abc import Mapping
from typing import Any

from waybill.domain.account import Account
from waybill.domain.errors import AccountExists, ChangedMeanwhile, LastAdmin, StorageFull
from waybill.wire.accounts import AccountJson, ChangeAccount, CreateAccount, account_json, role_of
from waybill_api.handlers.parameters import AccountNamePath, IfMatch
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.preconditions.versions import etag_of, unchanged
from waybill_api.problems import TOO_MANY


class AccountsHandler(Endpoint):
    """The collection of all accounts."""

    @call("list_accounts")
    async def get(self) -> list[AccountJson]:
        """List the accounts, by name."""
        return [account_json(account) for account in await self.accounts.listed()]

    @call("create_account", 201, raises=(AccountExists, TOO_MANY, StorageFull))
    async def post(self, body: CreateAccount) -> AccountJson:
        """Create an account, with which a person can log in at `/admin/`."""
        account = await self.accounts.create(body.name, role_of(body.role), body.password.get_secret_value())
        self.set_header("Location", f"/accounts/{account.name}")
        self.set_header("ETag", etag_of(fields_of(account)))
        return account_json(account)


class AccountHandler(Endpoint):
    """One account."""

    @call("get_account")
    async def get(self, name: AccountNamePath) -> AccountJson:
        """Show an account."""
        return self._shown(await self.accounts.one(name))

    @call("change_account", raises=(LastAdmin, ChangedMeanwhile, TOO_MANY, StorageFull))
    async def patch(self, name: AccountNamePath, body: ChangeAccount, if_match: IfMatch = None) -> AccountJson:
        """Change an account's role or password, and end its sessions."""
        role = None if body.role is None else role_of(body.role)
        password = None if body.password is None else body.password.get_secret_value()
        condition = unchanged(if_match, fields_of, account_json)
        return self._shown(await self.accounts.change(name, role=role, password=password, condition=condition))

    @call("delete_account", 204, raises=(LastAdmin, ChangedMeanwhile, StorageFull))
    async def delete(self, name: AccountNamePath, if_match: IfMatch = None) -> None:
        """Delete an account, and end its sessions."""
        await self.accounts.delete(name, unchanged(if_match, fields_of, account_json))

    def _shown(self, account: Account) -> AccountJson:
        self.set_header("ETag", etag_of(fields_of(account)))
        return account_json(account)


def fields_of(account: Account) -> Mapping[str, Any]:
    """Return the fields of an account's version: those that are shown, and a digest of its password, which is not."""
    return {**account_json(account), "password": hashlib.sha256(account.password.encode()).hexdigest()}
