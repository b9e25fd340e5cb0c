"""Passwords: hashed with a salt, checked in the same time whoever it is."""

import pytest
from tornado.ioloop import IOLoop

from services.api.admin.passwords import Cost, Passwords, hashed, matches

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


def test_no_effort_is_made_for_a_password_that_everybody_knows_and_for_no_other(io_loop: IOLoop) -> None:
    async def kept() -> list[str]:
        passwords = Passwords(CHEAP)
        found = [await passwords.hash(one) for one in ("password", "Password", "password ")]
        passwords.close()
        return found

    assert ["$".join(one.split("$")[:4]) for one in io_loop.run_sync(kept)] == [
        "scrypt$2$8$1",
        "scrypt$16$8$1",
        "scrypt$16$8$1",
    ]


def test_nobodys_password_is_checked_too(io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def counted(password: str, kept: str) -> bool:
        checked.append(kept)
        return matches(password, kept)

    monkeypatch.setattr("services.api.admin.passwords.matches", counted)

    async def tries() -> list[bool]:
        passwords = Passwords(CHEAP)
        kept = await passwords.hash("correct horse")
        answers = [await passwords.check("correct horse", one) for one in (kept, None, None)]
        assert passwords.waiting == 0
        passwords.close()
        return answers

    assert io_loop.run_sync(tries) == [True, False, False]
    assert len(checked) == 3
    assert checked[1] == checked[2] != checked[0]
