"""The simulation: the same seed is the same in everything, the product holds, and planted bugs are found."""

import os
import subprocess
import sys

import pytest

from proof.simulation import __main__ as command
from proof.simulation.gate import Catch, catch, replay
from proof.simulation.mutants import BY_NAME
from proof.simulation.mutants.mutant import Mutant
from proof.simulation.simulation import simulate
from throwaway.clone import PYTHONPATH, ROOT

QUICKLY_CAUGHT = {
    "a late PROCESSING takes back the end": "no part of the product fails inside",
    "a crash is not counted": "Every crash is counted",
    "a failure shows ERROR before its retries": "A failure is shown as ERROR when",
    "the living are adopted": "no living worker is given up",
}
"""Some that a few seeds catch, and by what; `make mutants` has every one caught."""


@pytest.mark.parametrize("seed", range(3))
def test_the_product_holds(seed: int) -> None:
    ending = simulate(seed)
    assert ending.violations == ()
    assert ending.tasks
    assert ending.events > 500


def test_the_same_seed_is_the_same_in_everything() -> None:
    first, second = simulate(6), simulate(6)
    assert first.trace == second.trace
    assert first == second
    assert simulate(7).digest != first.digest


def test_the_same_seed_is_the_same_in_another_process() -> None:
    seeds = (1,)
    said = f"from proof.simulation.simulation import simulate; print([simulate(seed).digest for seed in {seeds}])"
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    digests = {
        subprocess.run(
            [sys.executable, "-c", said],
            env=environment | {"PYTHONHASHSEED": number},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        for number in ("1", "2")
    }
    assert digests == {f"{[simulate(seed).digest for seed in seeds]}\n"}


@pytest.mark.parametrize("mutant", sorted(QUICKLY_CAUGHT))
def test_a_planted_bug_is_found(mutant: str) -> None:
    caught = catch(mutant, range(15))
    assert caught.violation is not None
    assert QUICKLY_CAUGHT[mutant] in caught.violation.invariant


def test_the_bug_and_not_the_seed_is_found() -> None:
    caught = catch("a crash is not counted", range(15))
    assert caught.seed is not None
    assert replay(caught.seed).violations == ()
    assert replay(caught.seed, "a crash is not counted").violations[0] == caught.violation


def test_a_mutant_that_changes_nothing_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BY_NAME, "none", Mutant("none", ()))
    assert catch("none", range(2)) == Catch("none")


@pytest.mark.parametrize(("arguments", "status"), [((), 0), (("--mutant", "a crash is not counted"), 1)])
def test_a_replay_shows_its_trace_and_exits_with_1_where_a_promise_broke(
    arguments: tuple[str, ...], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = catch("a crash is not counted", range(15)).seed
    monkeypatch.setattr(sys, "argv", ["simulation", "--seed", str(seed), *arguments])
    assert command.main() == status
    said = capsys.readouterr().out
    assert "worker-0.1   starts" in said
    assert ("VIOLATED" in said) == bool(status)


def test_many_seeds_are_counted_together(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["simulation", "--seeds", "3"])
    assert command.main() == 0
    said = capsys.readouterr().out
    assert "seeds       3 (0 to 2)" in said
    assert "violations  0" in said
