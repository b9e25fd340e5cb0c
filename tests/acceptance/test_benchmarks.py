"""The benchmarks measure processes that work, and leave none behind."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from benchmarks import contender
from benchmarks.client import Client
from benchmarks.load import create_for, create_many
from tests.acceptance.instance import Instance, wait_until
from throwaway.process import environment, module, running
from throwaway.program import CannotGoOn


def test_the_ceiling_answers_creates(tmp_path: Path) -> None:
    with contender.noop(tmp_path) as noop:
        assert create_for(noop.port, 0.2, 4).check().created > 0
    assert not list(tmp_path.iterdir())


def test_the_naive_service_ends_its_tasks(tmp_path: Path) -> None:
    with contender.naive(tmp_path) as naive, Client(naive.port) as client:
        client.wait_for(client.create(0), naive.interval)
        created = create_many(naive.port, 20, 0, 4).check()
        client.wait_for_all(created.task_ids, 0.02)
        with pytest.raises(CannotGoOn, match="1 of 21 tasks"):
            client.wait_for_all(["nobody made it", *created.task_ids], 0.02)
    assert not list(tmp_path.iterdir())


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    log = tmp_path / "benchmarks.nothing.log"
    why = pytest.raises(CannotGoOn, match=r"benchmarks\.nothing has ended with 1: .*No module named")
    with running(module("benchmarks.nothing"), log, environment(tmp_path)) as process, why:
        for _ in range(1_000):
            process.check()
            time.sleep(0.02)


def test_an_interrupted_benchmark_leaves_nothing_behind(instance: Instance) -> None:
    places = ["--folder", str(instance.temporary), "--json", str(instance.folder / "bench.json")]
    bench = instance.start("bench", sys.executable, "-m", "benchmarks", "--only", "idle", *places)
    tasks = Path(f"/proc/{bench.pid}/task/{bench.pid}/children")
    wait_until(lambda: len(tasks.read_text().split()) > 1, "two processes")
    children = tasks.read_text().split()
    assert bench.stop(signal.SIGINT) == 130, bench.read()
    assert "Traceback" not in bench.read()
    assert not list(instance.temporary.iterdir())
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(int(child), 0)
