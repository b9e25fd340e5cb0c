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

THREADS = 2
"""Each holds 128 MiB while it hashes."""

SALT_BYTES = 16
KEY_BYTES = 32

T = TypeVar("T")

WELL_KNOWN = frozenset({"password"})
"""Passwords that stand in the documentation."""


@dataclass(frozen=True, slots=True)
class Cost:
    """How hard hashing is: scrypt's parameters; the defaults are OWASP's."""

    n: int = 2**17
    r: int = 8
    p: int = 1

    @property
    def memory(self) -> int:
        """How many bytes OpenSSL has to be allowed."""
        return 128 * self.r * (self.n + self.p + 2)


NO_EFFORT = Cost(n=2)
"""Where there is nothing to find out. An empty installation is ready half a second sooner for it."""


class Passwords:
    """Hashes and checks passwords, a few at a time; whoever asks waits without holding up anybody else."""

    def __init__(self, cost: Cost | None = None) -> None:
        """Prepare, without a thread yet."""
        self._cost = cost or Cost()
        self._pool = ThreadPoolExecutor(THREADS, "scrypt")
        self._waiting = 0
        self._nobodys = ""

    @property
    def waiting(self) -> int:
        """How many hashes are under way or wait."""
        return self._waiting

    async def hash(self, password: str) -> str:
        """Return what is kept of a password: `scrypt$n$r$p$salt$key`; of one that everybody knows, without effort."""
        return await self._run(hashed, password, NO_EFFORT if password in WELL_KNOWN else self._cost)

    async def check(self, password: str, kept: str | None) -> bool:
        """Return whether this is the password; None takes as long as a wrong one, so that no name can be guessed."""
        if kept is None:
            self._nobodys = self._nobodys or await self.hash(secrets.token_hex())
            await self._run(matches, password, self._nobodys)
            return False
        return await self._run(matches, password, kept)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        finally:
            self._waiting -= 1


def hashed(password: str, cost: Cost) -> str:
    """Hash a password with a fresh salt; it takes a good part of a second."""
    salt = secrets.token_bytes(SALT_BYTES)
    key = _key(password, salt, cost)
    return "$".join(("scrypt", str(cost.n), str(cost.r), str(cost.p), _text(salt), _text(key)))


def matches(password: str, kept: str) -> bool:
    """Return whether a password is the one that was hashed."""
    _, n, r, p, salt, key = kept.split("$")
    found = _key(password, base64.b64decode(salt), Cost(int(n), int(r), int(p)))
    return hmac.compare_digest(found, base64.b64decode(key))


def _key(password: str, salt: bytes, cost: Cost) -> bytes:
    # Two ways to type one letter are one password.
    typed = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(typed, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=cost.memory + 2**20, dklen=KEY_BYTES)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
