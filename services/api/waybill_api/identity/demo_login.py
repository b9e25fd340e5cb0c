"""Whether people may log in with the public password of the documentation."""

from waybill.settings import Settings
from waybill_api.identity.access import is_loopback
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.passwords import Passwords
from waybill_api.identity.sessions import Sessions
from waybill_api.store.store import Store


def accounts_in(store: Store, passwords: Passwords, settings: Settings) -> Accounts:
    """Return the accounts of a store; the settings say whether well-known passwords are allowed."""
    return Accounts(store, Sessions(store), passwords, allows_well_known=allows_demo(settings))


def allows_demo(settings: Settings) -> bool:
    """Return whether people may log in with the public password of the documentation."""
    return settings.allow_demo_login or (is_loopback(settings.host) and not settings.trusted_proxies)


def exposure(settings: Settings) -> str:
    """Return how other machines reach the API."""
    if is_loopback(settings.host):
        return "the proxies of WAYBILL_TRUSTED_PROXIES show it to other machines"
    return f"WAYBILL_HOST={settings.host} is reachable from other machines"
