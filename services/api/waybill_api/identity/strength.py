"""Whether a password or a token can be guessed: zxcvbn estimates it from word lists, names and patterns."""

import re
from collections.abc import Iterable

LONGEST_LOOKED_AT = 72
"""The number of characters that zxcvbn gets; further ones do not make a secret weaker."""

PARTS = re.compile(r"[_.@-]")
"""The separators of the words in a name."""

OURS = ("waybill", "admin", "operator", "viewer")
"""Words that an attacker tries first here."""

STRONG_ENOUGH = 8.0
"""The decimal digits of the guesses a password takes: years, at the one guess a second that an account admits."""
TOKEN_STRONG_ENOUGH = 12.0
"""The same for a token; only the speed of the server limits the guesses at it."""
SHORTEST_TOKEN = 16

TOO_EASY = "This password is too easy to guess; several words that have nothing to do with each other are hard to."
TOKEN_RULE = f"must have at least {SHORTEST_TOKEN} characters and be hard to guess"


def weakness_of(password: str, name: str) -> str | None:
    """Return what is wrong with an account's password, None if it is good enough.

    The rules are those of NIST SP 800-63B: no character classes, but no common password, name or repetition.
    """
    return TOO_EASY if _digits(password, (name, *PARTS.split(name), *OURS)) < STRONG_ENOUGH else None


def is_good_token(token: str) -> bool:
    """Return whether an API token cannot be guessed."""
    return len(token) >= SHORTEST_TOKEN and _digits(token, OURS) >= TOKEN_STRONG_ENOUGH


def _digits(secret: str, words: Iterable[str] = ()) -> float:
    """Return the number of guesses that a secret takes, as its decimal logarithm."""
    if not secret:
        return 0.0
    # Imported here: its word lists take 14 MB and 30 ms, and most processes never need them.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    return float(zxcvbn(secret[:LONGEST_LOOKED_AT], user_inputs=list(words))["guesses_log10"])
