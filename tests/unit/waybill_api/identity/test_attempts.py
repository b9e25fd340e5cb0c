"""How often a login may fail: by account and address, by address, and by account."""

from waybill_api.identity import attempts as limits
from waybill_api.identity.arrival import Arrival
from waybill_api.identity.attempts import (
    FIRST_WAIT,
    FORGOTTEN_AFTER,
    FREE_OF_ACCOUNT,
    FREE_OF_ADDRESS,
    FREE_OF_PAIR,
    LONGEST_PAUSE,
    LONGEST_WAIT,
    MOST_REMEMBERED,
    Attempts,
)

HERE, THERE = Arrival("192.0.2.1"), Arrival("192.0.2.2")
PROXY = Arrival("10.0.0.1", is_shared=True)


class Watch:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


def address(number: int) -> Arrival:
    return Arrival(f"192.0.2.{number}")


def test_after_five_failures_one_waits_twice_as_long_after_each() -> None:
    watch = Watch()
    attempts = Attempts(watch)
    for _ in range(FREE_OF_PAIR):
        assert attempts.begin("ada", HERE).wait == 0
    for wait in (FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT):
        assert attempts.begin("ada", HERE).wait == wait
        watch.time += wait - 1
        assert attempts.begin("ada", HERE).wait == 1
        watch.time += 1
        assert attempts.begin("ada", HERE).wait == 0
    for _ in range(20):
        watch.time += LONGEST_WAIT
        assert attempts.begin("ada", HERE).wait == 0
    assert attempts.begin("ada", HERE).wait == LONGEST_WAIT
    watch.time += FORGOTTEN_AFTER
    assert [attempts.begin("ada", HERE).wait for _ in range(FREE_OF_PAIR)] == [0] * FREE_OF_PAIR


def test_a_refused_attempt_makes_no_wait_longer() -> None:
    watch = Watch()
    attempts = Attempts(watch)
    for _ in range(FREE_OF_PAIR):
        attempts.begin("ada", HERE)
    watch.time += FIRST_WAIT - 1
    assert [attempts.begin("ada", HERE).wait for _ in range(50)] == [1] * 50


def test_others_and_other_places_are_not_held_back() -> None:
    attempts = Attempts(Watch())
    for _ in range(FREE_OF_PAIR):
        attempts.begin("ada", HERE)
    for account, arrival in (("ada", THERE), ("bob", HERE)):
        attempt = attempts.begin(account, arrival)
        assert (attempt.wait, attempt.pause) == (0, 0)
    assert attempts.begin("ada", HERE).wait > 0


def test_many_at_once_are_counted_before_any_has_failed() -> None:
    attempts = Attempts(Watch())
    waits = [attempts.begin("ada", HERE).wait for _ in range(100)]
    assert waits.count(0) == FREE_OF_PAIR


def test_many_accounts_are_not_tried_from_one_address() -> None:
    attempts = Attempts(Watch())
    waits = [attempts.begin(f"guess-{number}", HERE).wait for number in range(100)]
    assert waits.count(0) == FREE_OF_ADDRESS
    assert attempts.begin("guess-1", THERE).wait == 0


def test_many_addresses_that_try_one_account_are_slowed_down_and_lock_nobody_out() -> None:
    attempts = Attempts(Watch())
    found = [attempts.begin("ada", address(number)) for number in range(40)]
    assert {attempt.wait for attempt in found} == {0}
    assert [attempt.pause for attempt in found[: FREE_OF_ACCOUNT + 3]] == [0] * FREE_OF_ACCOUNT + [1, 2, 4]
    assert found[-1].pause == LONGEST_PAUSE
    assert attempts.begin("bob", address(41)).pause == 0


def test_behind_a_proxy_a_login_is_held_and_never_refused() -> None:
    attempts = Attempts(Watch())
    found = [attempts.begin("ada", PROXY) for _ in range(60)]
    assert {attempt.wait for attempt in found} == {0}
    assert found[-1].pause == LONGEST_PAUSE
    assert attempts.begin("bob", PROXY).pause > 0, "the address is held back as a whole"


def test_a_known_browser_passes_whatever_strangers_do_and_is_held_for_its_own_failures_only() -> None:
    attempts = Attempts(Watch())
    for number in range(100):
        attempts.begin("ada", HERE)
        attempts.begin("ada", address(number))
    first = attempts.begin("ada", HERE, "b1")
    assert (first.wait, first.pause) == (0, 0)
    found = [attempts.begin("ada", HERE, "b1") for _ in range(20)]
    assert {attempt.wait for attempt in found} == {0}
    assert found[-1].pause == LONGEST_PAUSE
    assert attempts.begin("ada", HERE, "b2").pause == 0


def test_a_success_forgets_its_own_failures_and_no_others() -> None:
    attempts = Attempts(Watch())
    for _ in range(3 * FREE_OF_PAIR):
        attempt = attempts.begin("ada", HERE)
        assert (attempt.wait, attempt.pause) == (0, 0)
        attempts.succeeded(attempt)
    for number in range(FREE_OF_ADDRESS - 1):
        attempts.begin(f"guess-{number}", HERE)
    attempts.succeeded(attempts.begin("own", HERE))
    assert attempts.begin("guess", HERE).wait == 0
    assert attempts.begin("guess", HERE).wait > 0, "an account of one's own buys no guesses of others"


def test_what_was_refused_before_its_password_was_looked_at_does_not_count() -> None:
    attempts = Attempts(Watch())
    for _ in range(50):
        attempts.withdraw(attempts.begin("ada", HERE))
    assert attempts.begin("ada", HERE).wait == 0
    assert len(attempts._pairs) == len(attempts._addresses) == len(attempts._accounts) == 1


def test_no_more_is_remembered_than_fits() -> None:
    attempts = Attempts(Watch())
    for number in range(MOST_REMEMBERED + 100):
        attempts.begin(f"guess-{number}", Arrival(f"2001:db8:{number:x}::/64"))
    assert {len(attempts._pairs), len(attempts._addresses), len(attempts._accounts)} == {MOST_REMEMBERED}


def test_doubling_for_ever_stays_a_number() -> None:
    assert limits._doubled(1.0, 100_000, LONGEST_PAUSE) == LONGEST_PAUSE
