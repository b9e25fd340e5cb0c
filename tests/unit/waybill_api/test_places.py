"""Places for long requests: bounded in all and for each caller, and shared fairly if all are taken."""

from contextlib import ExitStack

import pytest

from waybill_api.places import Places
from waybill_api.problems import TOO_MANY_POLLS, TOO_MANY_STREAMS, Refusal


class Holder:
    """A caller that holds places and gives them up when asked."""

    def __init__(self, places: Places, name: str) -> None:
        self.name = name
        self.given_up = 0
        self._places = places
        self._stack = ExitStack()

    def take(self, count: int = 1) -> None:
        for _ in range(count):
            self._stack.enter_context(self._places.taken(self.name, self._give_up))

    def leave(self) -> None:
        self._stack.close()

    def _give_up(self) -> None:
        self.given_up += 1


def test_one_caller_has_no_more_than_its_share() -> None:
    places = Places(TOO_MANY_STREAMS, 10, 2)
    one = Holder(places, "one")
    one.take(2)
    with pytest.raises(Refusal) as caught:
        one.take()
    assert (caught.value.kind, caught.value.headers["Retry-After"]) == (TOO_MANY_STREAMS, "10")
    one.leave()
    one.take(2)


def test_ten_callers_cannot_keep_all_places_from_the_next_ones() -> None:
    places = Places(TOO_MANY_STREAMS, 200, 20)
    greedy = [Holder(places, f"greedy {number}") for number in range(10)]
    for holder in greedy:
        holder.take(20)
    late = [Holder(places, f"late {number}") for number in range(100)]
    for holder in late:
        holder.take()
    assert [holder.given_up for holder in late] == [0] * 100
    assert [holder.given_up for holder in greedy] == [10] * 10, "each gives as much as the others"
    assert places.count == 200


def test_who_has_as_many_as_the_others_gets_no_place_of_theirs() -> None:
    places = Places(TOO_MANY_POLLS, 4, 4)
    one, other, third = (Holder(places, name) for name in ("one", "other", "third"))
    one.take(2)
    other.take(2)
    with pytest.raises(Refusal):
        one.take()
    third.take()
    with pytest.raises(Refusal):
        third.take()
    assert one.given_up + other.given_up == 1


def test_places_that_nobody_gives_up_are_left_to_their_holders() -> None:
    places = Places(TOO_MANY_POLLS, 3, 3)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(places.taken("one"))
        with pytest.raises(Refusal):
            stack.enter_context(places.taken("other"))
    with places.taken("other"):
        assert places.count == 1


def test_a_place_that_was_given_up_is_not_left_twice() -> None:
    places = Places(TOO_MANY_STREAMS, 2, 2)
    one, other = Holder(places, "one"), Holder(places, "other")
    one.take(2)
    other.take()
    assert (one.given_up, places.count) == (1, 2)
    one.leave()
    assert places.count == 1
    other.leave()
    assert places.count == 0
