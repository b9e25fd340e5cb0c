"""Waiters: bounded in all and by key, and freed however the wait ends."""

import pytest

from waybill_api.identity.waiters import NoPlace, Waiters


def test_places_are_bounded_in_all_and_of_one() -> None:
    places = Waiters(3, 2)
    with places.one("a"), places.one("a"):
        with pytest.raises(NoPlace), places.one("a"):
            raise AssertionError
        with places.one("b"), pytest.raises(NoPlace), places.one("c"):
            raise AssertionError
        with places.one("c"):
            assert places.taken == 3
    assert places.taken == 0
    assert not places._taken


def test_without_a_key_only_all_are_bounded() -> None:
    places = Waiters(3, 1)
    with places.one(), places.one(), places.one(), pytest.raises(NoPlace), places.one():
        raise AssertionError


def test_a_place_is_free_after_an_error() -> None:
    places = Waiters(1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), places.one():
            raise ZeroDivisionError
    assert places.taken == 0
