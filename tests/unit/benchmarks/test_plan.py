"""How many rounds there are."""

import time
from pathlib import Path

import pytest

from benchmarks import load
from benchmarks.plan import Plan, Settings


@pytest.mark.parametrize(("age", "numbers"), [(0.0, [1, 2, 3]), (1_000.0, [1])])
def test_once_the_time_is_up_the_first_round_is_the_last(age: float, numbers: list[int]) -> None:
    said: list[str] = []
    plan = Plan(
        settings=Settings(most_seconds=500),
        folder=Path(),
        create_for=load.create_for,
        say=said.append,
        started=time.monotonic() - age,
    )
    assert list(plan.rounds("idle", 3)) == numbers
    assert said[0] == "== idle, round 1 of 3"
    assert said[-1] == ("== idle: no time for more than 1 of 3 rounds" if age else "== idle, round 3 of 3")
