"""Whether people may log in with a password that everybody knows."""

from services.api.access import is_loopback
from services.api.admin.accounts import Accounts
from services.api.admin.passwords import Passwords
from services.api.admin.sessions import Sessions
from services.api.store.store import Store
from shared.settings import Settings


def accounts_in(store: Store, passwords: Passwords, settings: Settings) -> Accounts:
    """Return the accounts of a store, with what the settings allow about passwords."""
    return Accounts(store, Sessions(store), passwords, allows_well_known=allows_demo(settings))


def allows_demo(settings: Settings) -> bool:
    """Return whether people may log in with a password that everybody knows."""
    return settings.allow_demo_login or is_loopback(settings.host)
