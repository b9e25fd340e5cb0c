"""The command: what it prints and writes, and how it ends."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as command
from benchmarks.figure import Figure, Side, Target
from benchmarks.plan import Plan
from throwaway.program import CannotGoOn

Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command with one measure, which finds a ratio of 0.5."""
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)

    def start(measure: Callable[[Plan], list[Figure]], *arguments: str) -> int:
        monkeypatch.setattr(command, "MEASURES", {"fake": SimpleNamespace(measure=measure)})
        places = ["--json", str(tmp_path / "out" / "bench.json"), "--folder", str(tmp_path / "data")]
        monkeypatch.setattr(sys, "argv", ["benchmarks", *places, *arguments])
        return command.main()

    return start


def half(target: Target | None) -> Callable[[Plan], list[Figure]]:
    def measure(plan: Plan) -> list[Figure]:
        assert plan.folder.is_dir()
        sides = Side.of_rounds("Waybill", [1.0]), Side.of_rounds("noop", [2.0])
        return [Figure(name="half", unit="/s", waybill=sides[0], against=sides[1], target=target)]

    return measure


def test_the_figures_are_printed_and_written(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(half(Target(of="ratio", at_least=0.5)), "--strict", "--only", "fake") == 0
    printed = capsys.readouterr().out
    assert "holds" in printed
    assert str(tmp_path / "out" / "bench.json") in printed
    document = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert document["figures"][0]["ratio"] == 0.5
    assert {"processor", "kernel", "disk", "python", "sqlite", "tornado", "huey", "peewee"} <= set(document["machine"])
    assert document["settings"]["connections"] == 32
    assert not list((tmp_path / "data").iterdir())


def test_a_miss_is_said_and_fails_only_where_that_is_asked_for(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    missed = half(Target(of="ratio", at_least=0.6))
    assert run(missed) == 0
    assert "misses" in capsys.readouterr().out
    assert run(missed, "--strict") == 1
    assert run(half(None), "--strict") == 0


def test_a_busy_machine_is_said(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for load, busy in ((1_000.0, True), (0.0, False)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, load, load))
        assert run(half(None)) == 0
        assert ("Others kept" in capsys.readouterr().out) is busy
        assert json.loads((tmp_path / "out" / "bench.json").read_text())["busy"] is busy


def test_what_cannot_be_measured_is_one_line(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(plan: Plan) -> list[Figure]:
        raise CannotGoOn("waybill_api has ended with 1: no luck")

    assert run(broken) == 1
    assert capsys.readouterr().err == "waybill_api has ended with 1: no luck\n"


def test_an_interruption_is_said_and_has_its_own_code(run: Run, tmp_path: Path) -> None:
    def interrupted(plan: Plan) -> list[Figure]:
        raise KeyboardInterrupt

    assert run(interrupted) == 130
    assert not list((tmp_path / "data").iterdir())
