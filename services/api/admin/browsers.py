"""Browsers that have logged in before: known by a cookie of their own, which opens nothing by itself.

The cookie holds tokens, each a time, a random id and a code over both and the account's name. The code's key is what
is kept of the password, which is salted anew with each change: no file holds a secret for it, and a change of the
password makes a stranger of every browser.
"""

import hashlib
import hmac
import secrets

from services.api.admin.sessions import HOUR, is_same
from shared.domain.account import Account

LIFETIME = 400 * 24 * HOUR
"""Milliseconds for which a browser is known: as long as browsers keep a cookie at most."""
MOST_TOKENS = 5
"""Accounts of one browser that are remembered, the newest first."""

BETWEEN = "."
LONGEST = 1_000


def known(cookie: str | None, account: Account, now: int) -> str | None:
    """Return the id of the browser where it has logged in to this account before, else None."""
    for token in _tokens(cookie):
        issued, _, rest = token.partition("-")
        identity, _, code = rest.partition("-")
        if _is_alive(issued, now) and is_same(code, _code(account, issued, identity)):
            return identity
    return None


def remembering(cookie: str | None, account: Account, now: int) -> str:
    """Return the cookie of a browser that has just logged in to this account."""
    issued, identity = f"{now:x}", secrets.token_hex(8)
    fresh = f"{issued}-{identity}-{_code(account, issued, identity)}"
    others = [token for token in _tokens(cookie) if known(token, account, now) is None]
    return BETWEEN.join([fresh, *others][:MOST_TOKENS])


def _tokens(cookie: str | None) -> list[str]:
    return [] if cookie is None or len(cookie) > LONGEST else cookie.split(BETWEEN)[:MOST_TOKENS]


def _is_alive(issued: str, now: int) -> bool:
    try:
        return now - LIFETIME < int(issued, 16)
    except ValueError:
        return False


def _code(account: Account, issued: str, identity: str) -> str:
    said = f"browser\n{account.name}\n{issued}\n{identity}".encode("utf-8", "surrogateescape")
    return hmac.new(account.password.encode(), said, hashlib.sha256).hexdigest()
