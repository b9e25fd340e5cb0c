"""Whether a password or a token can be guessed: estimated by zxcvbn, whose score knows lists, names and patterns."""

import re
from collections.abc import Iterable

LONGEST_LOOKED_AT = 72
"""Characters that zxcvbn looks at; whatever comes behind makes nothing weaker."""

PARTS = re.compile(r"[_.@-]")
"""What stands between the words of a name."""

OURS = ("waybill", "admin", "operator", "viewer")
"""Words that anybody tries here."""

STRONG_ENOUGH = 8.0
"""Decimal digits of the guesses that a password takes: years, at the one a second that gets through to an account."""
TOKEN_STRONG_ENOUGH = 12.0
"""The same for a token, on whose guesses there is no limit but the speed of the server."""
SHORTEST_TOKEN = 16

TOO_EASY = "This password is too easy to guess; several words that have nothing to do with each other are hard to."
TOKEN_RULE = f"must have at least {SHORTEST_TOKEN} characters and be hard to guess"


def weakness_of(password: str, name: str) -> str | None:
    """Return what is wrong with an account's password, None where it is good enough.

    As NIST SP 800-63B has it: no list of character classes, but no common password, no name and no repetition.
    """
    return TOO_EASY if _digits(password, (name, *PARTS.split(name), *OURS)) < STRONG_ENOUGH else None


def is_good_token(token: str) -> bool:
    """Return whether an API token cannot be guessed."""
    return len(token) >= SHORTEST_TOKEN and _digits(token, OURS) >= TOKEN_STRONG_ENOUGH


def _digits(secret: str, words: Iterable[str] = ()) -> float:
    """Return the decimal digits of the number of guesses that a secret takes."""
    if not secret:
        return 0.0
    # Its lists take 14 MB and 30 ms, which most processes never need.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    return float(zxcvbn(secret[:LONGEST_LOOKED_AT], user_inputs=list(words))["guesses_log10"])
