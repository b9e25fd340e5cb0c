"""Passwords: hashed and checked by scrypt, off the loop."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from waybill_api.identity.turns import Turns
from waybill_api.identity.waiters import Waiters

THREADS = 2
"""Each holds 128 MiB while it hashes."""

SALT_BYTES = 16
KEY_BYTES = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cost:
    """How hard hashing is: scrypt's parameters; the defaults are OWASP's."""

    n: int = 2**17
    r: int = 8
    p: int = 1

    @property
    def memory(self) -> int:
        """How many bytes OpenSSL needs."""
        return 128 * self.r * (self.n + self.p + 2)


NO_EFFORT = Cost(n=2)
"""For a documented password, which needs no protection; an empty installation starts half a second sooner."""

STRANGERS = 16
"""How many passwords of strangers may wait or be checked at once; each takes about half a second."""
STRANGERS_OF_ONE = 8
"""How many of them may come from one address."""
FRIENDS = 8
"""The same for browsers that have logged in before, and for administrators: strangers never take their places."""


class Passwords:
    """Hashes and checks passwords, a few at a time; a caller waits without blocking the event loop."""

    def __init__(self, cost: Cost | None = None) -> None:
        """Prepare, without a thread yet."""
        self._cost = cost or Cost()
        self._pool = ThreadPoolExecutor(THREADS, "scrypt")
        self._turns = Turns(THREADS)
        self._decoy = _kept(self._cost, secrets.token_bytes(SALT_BYTES), secrets.token_bytes(KEY_BYTES))
        self.strangers = Waiters(STRANGERS, STRANGERS_OF_ONE)
        self.friends = Waiters(FRIENDS)

    async def hash(self, password: str, *, is_known: bool = False) -> str:
        """Return the hash to store, `scrypt$n$r$p$salt$key`; `is_known` (the documented password) makes it cheap."""
        return await self._run(hashed, password, NO_EFFORT if is_known else self._cost, is_friend=True)

    async def check(self, password: str, kept: str | None, *, is_friend: bool = False) -> bool:
        """Return whether the password is right; if `kept` is None (no such account), it never is. A friend goes first.

        Every check takes as long as that of a wrong password of the usual cost. So the time does not show whether an
        account exists, or has the documented password.
        """
        return await self._run(_matches_in_usual_time, password, kept, self._decoy, is_friend=is_friend)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., T], *arguments: Any, is_friend: bool) -> T:
        """Run `work` in a thread; once its turn has come, the caller gets the result even if it is cancelled."""
        async with self._turns.one(is_friend=is_friend):
            done = asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
            try:
                return await asyncio.shield(done)
            except asyncio.CancelledError:
                return await done


def hashed(password: str, cost: Cost) -> str:
    """Hash a password with a fresh salt; it takes a good part of a second."""
    salt = secrets.token_bytes(SALT_BYTES)
    return _kept(cost, salt, _key(password, salt, cost))


def matches(password: str, kept: str) -> bool:
    """Return whether a password is the one that was hashed."""
    _, n, r, p, salt, key = kept.split("$")
    found = _key(password, base64.b64decode(salt), Cost(int(n), int(r), int(p)))
    return hmac.compare_digest(found, base64.b64decode(key))


def _matches_in_usual_time(password: str, kept: str | None, decoy: str) -> bool:
    is_right = kept is not None and matches(password, kept)
    if kept is None or _cost_of(kept) != _cost_of(decoy):
        matches(password, decoy)
    return is_right


def _cost_of(kept: str) -> list[str]:
    return kept.split("$")[1:4]


def _kept(cost: Cost, salt: bytes, key: bytes) -> str:
    return "$".join(("scrypt", str(cost.n), str(cost.r), str(cost.p), _text(salt), _text(key)))


def _key(password: str, salt: bytes, cost: Cost) -> bytes:
    # Two ways to type one letter are one password.
    typed = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(typed, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=cost.memory + 2**20, dklen=KEY_BYTES)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
