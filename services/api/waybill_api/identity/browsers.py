"""Browsers that have logged in before: recognised by a cookie that grants no access by itself.

The cookie holds tokens. Each is a time, a random id, and a message authentication code over both and the account's
name. The key of the code is the stored password hash, which gets a new salt with each change. So no file holds an
extra secret, and no browser is recognised after a change of the password.
"""

import hashlib
import hmac
import secrets

from waybill.domain.account import Account
from waybill_api.identity.sessions import HOUR, is_same

LIFETIME = 400 * 24 * HOUR
"""Milliseconds that a browser is recognised: the longest time that browsers keep a cookie."""
MOST_TOKENS = 5
"""How many accounts are remembered for one browser: the latest ones."""

BETWEEN = "."
LONGEST = 1_000


def known(cookie: str | None, account: Account, now: int) -> str | None:
    """Return the id of the browser if it has logged in to this account before, else None."""
    for token in _tokens(cookie):
        issued, _, rest = token.partition("-")
        identity, _, code = rest.partition("-")
        if _is_alive(issued, now) and is_same(code, _code(account, issued, identity)):
            return identity
    return None


def remembering(cookie: str | None, account: Account, now: int) -> str:
    """Return the cookie for a browser that has just logged in to this account."""
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
