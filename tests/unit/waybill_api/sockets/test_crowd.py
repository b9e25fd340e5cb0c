"""If all connections are open, the one that has been idle longest is closed."""

from waybill_api.sockets.crowd import LOOKS, Crowd


class Connection:
    """A connection that knows whether it is idle."""

    def __init__(self) -> None:
        self.is_idle = True
        self.is_arriving = False
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


def test_where_none_is_idle_one_that_is_slow_to_send_gives_way() -> None:
    crowd, members = crowd_of(3 * LOOKS)
    for member in members:
        member.is_idle = False
    slow = members[2 * LOOKS]
    slow.is_arriving = True
    found = [crowd.make_room() for _ in range(3)]
    assert found.count(True) == 1, "a few are looked at each time"
    assert [member.is_closed for member in members].index(True) == members.index(slow)
    assert not any(crowd.make_room() for _ in range(6))


def test_one_that_was_slow_and_is_answered_waits_like_the_others() -> None:
    crowd, (first, second) = crowd_of(2)
    first.is_idle = second.is_idle = False
    assert not crowd.make_room()
    first.is_idle = True
    crowd.wait(first)
    assert crowd.make_room()
    assert first.is_closed
    assert not second.is_closed
