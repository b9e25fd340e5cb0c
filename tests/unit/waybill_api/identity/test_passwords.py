"""Passwords: hashed with a salt, checked in the same time whoever it is."""

import asyncio
import hashlib
import threading
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from waybill_api.identity.passwords import THREADS, Cost, Passwords, hashed, matches

CHEAP = Cost(n=16)


def test_a_password_matches_its_own_hash_only() -> None:
    kept = hashed("correct horse", CHEAP)
    assert kept.startswith("scrypt$16$8$1$")
    assert "correct" not in kept
    assert matches("correct horse", kept)
    for other in ("correct horsE", "correct horse ", ""):
        assert not matches(other, kept)


def test_one_password_is_hashed_differently_each_time() -> None:
    assert hashed("correct horse", CHEAP) != hashed("correct horse", CHEAP)


def test_two_ways_to_type_one_letter_are_one_password() -> None:
    assert matches("e\u0301clair", hashed("\u00e9clair", CHEAP))


def test_a_hash_is_checked_with_the_cost_that_it_was_made_with() -> None:
    kept = hashed("correct horse", Cost(n=32, r=4, p=2))
    assert kept.startswith("scrypt$32$4$2$")
    assert matches("correct horse", kept)


def test_the_usual_cost_is_what_owasp_asks_for_and_openssl_grants_it() -> None:
    assert (Cost().n, Cost().r, Cost().p) == (2**17, 8, 1)
    assert matches("correct horse", hashed("correct horse", Cost()))


def test_no_effort_is_made_for_a_password_that_everybody_knows(io_loop: IOLoop) -> None:
    async def kept() -> list[str]:
        passwords = Passwords(CHEAP)
        found = [await passwords.hash("password", is_known=one) for one in (True, False)]
        passwords.close()
        return found

    assert ["$".join(one.split("$")[:4]) for one in io_loop.run_sync(kept)] == ["scrypt$2$8$1", "scrypt$16$8$1"]


def test_every_check_costs_the_same_whoever_it_is(io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[int] = []
    real = hashlib.scrypt

    def counted(*arguments: Any, n: int, **more: Any) -> bytes:
        costs.append(n)
        return real(*arguments, n=n, **more)

    monkeypatch.setattr("waybill_api.identity.passwords.hashlib.scrypt", counted)

    async def tries() -> list[tuple[bool, list[int]]]:
        passwords = Passwords(CHEAP)
        usual = await passwords.hash("correct horse")
        demo = await passwords.hash("password", is_known=True)
        found = []
        for password, kept in (
            ("correct horse", usual),
            ("wrong horse", usual),
            ("password", demo),
            ("wrong", demo),
            ("x", None),
            ("y", None),
        ):
            costs.clear()
            answer = await passwords.check(password, kept)
            found.append((answer, [cost for cost in costs if cost >= CHEAP.n]))
        passwords.close()
        return found

    answers, effort = zip(*io_loop.run_sync(tries), strict=True)
    assert answers == (True, False, True, False, False, False)
    assert effort == ([CHEAP.n],) * 6


def test_who_has_left_the_queue_is_not_worked_for(io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Semaphore(0)
    may_end = threading.Event()
    worked: list[str] = []

    def slow(password: str, kept: str) -> bool:
        worked.append(password)
        begun.release()
        assert may_end.wait(30)
        return True

    monkeypatch.setattr("waybill_api.identity.passwords.matches", slow)

    async def story() -> None:
        passwords = Passwords(CHEAP)
        kept = hashed("x", CHEAP)
        busy = [asyncio.ensure_future(passwords.check(f"busy {number}", kept)) for number in range(THREADS)]
        for _ in busy:
            await asyncio.to_thread(begun.acquire)
        busy[0].cancel()
        leaving = asyncio.ensure_future(passwords.check("leaving", kept))
        staying = asyncio.ensure_future(passwords.check("staying", kept))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])
        await asyncio.sleep(0)
        may_end.set()
        assert await asyncio.gather(*busy, staying) == [True] * (THREADS + 1), "what has begun is not thrown away"
        passwords.close()

    io_loop.run_sync(story)
    assert worked[THREADS:] == ["staying"]
