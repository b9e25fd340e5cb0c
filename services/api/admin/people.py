"""The page of accounts."""

from services.api.admin.page import Page
from services.api.handlers.accounts import fields_of
from services.api.operation import call
from services.api.versions import etag_of
from shared.wire.accounts import account_json


class AccountsPage(Page):
    """Who may log in."""

    @call("accounts_page")
    async def get(self) -> None:
        """Show the accounts, and a form for another one."""
        accounts = await self.accounts.everybody()
        await self.show(
            "accounts.html",
            "Accounts",
            found=[account_json(account) for account in accounts],
            etags={account.name: etag_of(fields_of(account)) for account in accounts},
        )
