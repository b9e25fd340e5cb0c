"""The page of accounts."""

from services.api.admin.page import Page
from services.api.operation import call
from shared.wire.accounts import account_json


class AccountsPage(Page):
    """Who may log in."""

    @call("accounts_page")
    async def get(self) -> None:
        """Show the accounts, and a form for another one."""
        found = [account_json(account) for account in await self.accounts.everybody()]
        await self.show("accounts.html", "Accounts", found=found)
