"""Long tasks of one type never keep other types and urgent tasks from starting."""

from math import inf

import pytest

from waybill.queue.message import Message
from waybill.settings import Settings
from waybill_worker.runs.fairness import admitted
from waybill_worker.runs.runs import Run

ROUTES = ("a", "b/x", "b/y", "c")


def running(**counts: int) -> list[Run]:
    """Return the given number of runs of each type, named TYPE or TYPE_PRIORITY."""
    found: list[Run] = []
    for name, count in counts.items():
        type_name, _, priority = name.partition("_")
        for number in range(count):
            run = Run(Message(f"{name}-{number}", 1), "c", "w", 0.0)
            run.route, run.priority = type_name, int(priority or 0)
            found.append(run)
    return found


def test_a_type_that_runs_nothing_may_take_one_of_the_last_slots_at_any_priority() -> None:
    assert admitted(ROUTES, running(a=3), 1, 1) == {"a": 0, "b/x": -inf, "b/y": -inf, "c": -inf}


def test_all_stages_of_a_pipeline_share_what_its_type_may_take() -> None:
    runs = running(a=15, b=2)
    assert admitted(ROUTES, runs, 2, 4) == {"c": -inf}
    assert admitted(ROUTES, runs, 3, 4) == {"a": 0, "b/x": -inf, "b/y": -inf, "c": -inf}


def test_what_is_more_urgent_than_all_that_its_type_runs_may_take_one_while_half_of_the_reserve_is_left() -> None:
    assert admitted(ROUTES, running(a=9, a_5=1), 4, 6)["a"] == 5
    assert "a" not in admitted(ROUTES, running(a=9, a_5=2), 3, 6)


@pytest.mark.parametrize("slots", [4, 19, 20, 100, 600])
def test_whatever_one_type_sends_at_however_many_priorities_others_and_the_next_others_start(slots: int) -> None:
    reserve = Settings(worker_slots=slots).reserve
    runs = running(a=slots - reserve)
    for priority in range(1, 101):
        free = slots - len(runs)
        if priority > admitted(ROUTES, runs, free, reserve).get("a", inf):
            runs += running(**{f"a_{priority}": 1})
    left = slots - len(runs)
    assert left >= reserve // 2
    assert left >= (slots >= 20)
    if left:
        assert admitted(ROUTES, runs, left, reserve)["c"] == -inf
    while (free := slots - len(runs)) and "c" in admitted(("c",), runs, free, reserve):
        runs += running(c=1)
    assert slots - len(runs) >= left // 2, "a newcomer leaves as much as it takes"
