"""The page of accounts."""

from waybill.wire.accounts import account_json
from waybill_api.admin.page import Page
from waybill_api.handlers.accounts import fields_of
from waybill_api.http.operation import call
from waybill_api.preconditions.versions import etag_of


class AccountsPage(Page):
    """The accounts."""

    @call("accounts_page")
    async def get(self) -> None:
        """Show the accounts, and a form for another one."""
        accounts = await self.accounts.listed()
        await self.show(
            "accounts.html",
            "Accounts",
            found=[account_json(account) for account in accounts],
            etags={account.name: etag_of(fields_of(account)) for account in accounts},
        )
