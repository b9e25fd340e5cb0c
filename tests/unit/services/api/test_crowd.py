"""Where all connections are open, the one that has been idle longest gives way."""

from services.api.crowd import Crowd


class Connection:
    """A connection that knows whether it is idle."""

    def __init__(self) -> None:
        self.is_idle = True
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def crowd_of(count: int) -> tuple[Crowd, list[Connection]]:
    crowd = Crowd(count)
    members = [Connection() for _ in range(count)]
    for member in members:
        crowd.enter(member)
    return crowd, members


def test_the_one_that_has_waited_longest_is_closed() -> None:
    crowd, (first, second, third) = crowd_of(3)
    crowd.wait(first)
    assert crowd.is_full
    assert crowd.make_room()
    assert (first.is_closed, second.is_closed, third.is_closed) == (False, True, False)
    assert not crowd.is_full


def test_a_busy_one_is_left_alone() -> None:
    crowd, (first, second) = crowd_of(2)
    first.is_idle = False
    assert crowd.make_room()
    assert (first.is_closed, second.is_closed) == (False, True)
    assert not crowd.make_room()


def test_one_that_was_busy_and_waits_again_counts_again() -> None:
    crowd, (only,) = crowd_of(1)
    only.is_idle = False
    assert not crowd.make_room()
    only.is_idle = True
    crowd.wait(only)
    assert crowd.make_room()


def test_one_that_has_closed_gives_its_place_once() -> None:
    crowd, (first, second) = crowd_of(2)
    crowd.leave(first)
    crowd.leave(first)
    crowd.wait(first)
    assert len(crowd) == 1
    assert crowd.make_room()
    assert second.is_closed
    assert not first.is_closed
    assert len(crowd) == 0
