"""Passwords and tokens that can be guessed."""

import pytest

from waybill_api.identity.strength import is_good_token, weakness_of


@pytest.mark.parametrize(
    "password",
    [
        "12345678",
        "aaaaaaaaaaaa",
        "a" * 1_000,
        "abcabcabcabc",
        "121212121212",
        "password",
        "Password1!",
        "P@ssw0rd",
        "qwertyuiop",
        "1q2w3e4r5t",
        "abcdefghijklmnop",
        "zyxwvutsrqponm",
        "letmein123",
        "Summer2026!",
        "31.12.1999",
        "ada.lovelace",
        "ada.lovelace1",
        "Lovelace2026",
        "lovelaceada",
        "ecalevol",
        "waybill123",
        "adminadmin",
    ],
)
def test_what_can_be_guessed_is_refused(password: str) -> None:
    assert weakness_of(password, "ada.lovelace") is not None


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "by the administrator",
        "зелёный слон гуляет",
        "Xk4!pq9Lw2",
        "日本語のパスワードです",
        "z" + "9f3a" * 300,
    ],
)
def test_what_is_hard_to_guess_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert weakness_of(password, "ada") is None


def test_a_name_is_no_password_for_its_own_account() -> None:
    assert weakness_of("zaphodbeeblebrox", "zaphodbeeblebrox") is not None
    assert weakness_of("zaphodbeeblebrox", "ada") is None


@pytest.mark.parametrize(
    "token", ["a", "a" * 64, "secret", "0123456789abcdef0123456789abcdef"[:16], "changeme" * 4, "x" * 15]
)
def test_a_token_that_can_be_guessed_is_none(token: str) -> None:
    assert not is_good_token(token)


@pytest.mark.parametrize("token", ["f3a9c1d2e4b5a697", "J7dk2-lq0Zpw_93mQx", "5e884898da28047151d0e56f8dc62927"])
def test_a_random_token_is_good(token: str) -> None:
    assert is_good_token(token)
