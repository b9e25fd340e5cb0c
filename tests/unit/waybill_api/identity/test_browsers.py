"""A browser that has logged in to an account is known to that account only, until its password changes."""

from dataclasses import replace

import pytest

from waybill.domain.account import Account, Role
from waybill_api.identity.browsers import LIFETIME, LONGEST, MOST_TOKENS, known, remembering

NOW = 1_800_000_000_000
ADA = Account(name="ada", role=Role.ADMIN, password="scrypt$16$8$1$c2FsdA==$a2V5")
BOB = replace(ADA, name="bob")


def test_a_browser_is_known_to_its_account_alone() -> None:
    cookie = remembering(None, ADA, NOW)
    assert known(cookie, ADA, NOW) == known(cookie, replace(ADA, role=Role.VIEWER, is_demo=True), NOW + 1)
    assert known(cookie, ADA, NOW)
    assert known(cookie, BOB, NOW) is None
    assert known(remembering(None, ADA, NOW), ADA, NOW) != known(cookie, ADA, NOW), "each has a name of its own"


def test_a_change_of_the_password_makes_it_a_stranger() -> None:
    assert known(remembering(None, ADA, NOW), replace(ADA, password="scrypt$16$8$1$c2FsdDI=$a2V5"), NOW) is None


def test_it_is_forgotten_one_day() -> None:
    cookie = remembering(None, ADA, NOW)
    assert known(cookie, ADA, NOW + LIFETIME - 1)
    assert known(cookie, ADA, NOW + LIFETIME) is None


def test_several_people_share_a_browser() -> None:
    cookie = remembering(remembering(None, ADA, NOW), BOB, NOW)
    assert known(cookie, ADA, NOW)
    assert known(cookie, BOB, NOW)
    again = remembering(cookie, BOB, NOW)
    assert len(again) == len(cookie)
    for number in range(MOST_TOKENS + 2):
        cookie = remembering(cookie, replace(ADA, name=f"person-{number}"), NOW)
    assert known(cookie, ADA, NOW) is None
    assert len(cookie) < LONGEST


@pytest.mark.parametrize("cookie", [None, "", ".", "--", "x-y-z", "1-2", "f" * 5_000, "1-2-3.4-5-6", "é-é-é", "\x00"])
def test_whatever_else_a_cookie_holds_is_nobody(cookie: str | None) -> None:
    assert known(cookie, ADA, NOW) is None
    assert known(remembering(cookie, ADA, NOW), ADA, NOW)


def test_a_token_cannot_be_made_younger_or_anothers() -> None:
    issued, identity, code = remembering(None, ADA, NOW).split("-")
    for forged in (
        f"{NOW + 5:x}-{identity}-{code}",
        f"{issued}-{'0' * 16}-{code}",
        f"{issued}-{identity}-{code[:-1]}0x",
    ):
        assert known(forged, ADA, NOW) is None
