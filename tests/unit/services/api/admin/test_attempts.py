"""How often somebody may try to log in."""

from services.api.admin.attempts import MOST_FAILURES, MOST_REMEMBERED, WINDOW, Attempts


class Watch:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


def test_after_five_failures_one_waits_until_the_first_is_old() -> None:
    watch = Watch()
    attempts = Attempts(watch)
    for _ in range(MOST_FAILURES):
        assert attempts.begin("ada", "10.0.0.1") == 0
        watch.time += 10
    assert attempts.begin("ada", "10.0.0.1") == WINDOW - 10 * MOST_FAILURES
    watch.time += WINDOW - 10 * MOST_FAILURES - 1
    assert attempts.begin("ada", "10.0.0.1") == 1
    watch.time += 1
    assert attempts.begin("ada", "10.0.0.1") == 0
    assert attempts.begin("ada", "10.0.0.1") > 0


def test_others_and_other_places_are_not_held_back() -> None:
    attempts = Attempts(Watch())
    for _ in range(MOST_FAILURES):
        attempts.begin("ada", "10.0.0.1")
    assert attempts.begin("ada", "10.0.0.2") == 0
    assert attempts.begin("bob", "10.0.0.1") == 0
    assert attempts.begin("ada", "10.0.0.1") > 0


def test_many_at_once_are_counted_before_any_has_failed() -> None:
    attempts = Attempts(Watch())
    waits = [attempts.begin("ada", "10.0.0.1") for _ in range(100)]
    assert waits.count(0) == MOST_FAILURES


def test_a_success_forgets_the_failures() -> None:
    attempts = Attempts(Watch())
    for _ in range(3 * MOST_FAILURES):
        assert attempts.begin("ada", "10.0.0.1") == 0
        attempts.succeeded("ada", "10.0.0.1")


def test_no_more_is_remembered_than_fits() -> None:
    attempts = Attempts(Watch())
    for number in range(MOST_REMEMBERED + 100):
        attempts.begin(f"guess-{number}", "10.0.0.1")
    assert len(attempts._failures) == MOST_REMEMBERED
