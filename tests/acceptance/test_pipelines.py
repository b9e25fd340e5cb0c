"""Pipelines on real processes: workers are killed again and again, and different ones serve different stages."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.acceptance.instance import Instance, Service, wait_until
from throwaway.handlers import offer

STAGES = ("fetch", "parse", "check", "enrich", "store")
TASKS, KILLS = 15, 3
IN_THE_LONG_FORM = 50, 20
MOST_CRASHES = 3

HANDLERS = """
import os
import time
from datetime import datetime

LOG = os.environ["STAGES_LOG"]


def stage(name):
    def run(context, given):
        log = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(log, f"{context.task_id} {name} {os.getpid()} {time.time()}\\n".encode())
        os.close(log)
        context.sleep(0.2)
        return [*given, name]

    return run


fetch, parse, check, enrich, store = map(stage, ("fetch", "parse", "check", "enrich", "store"))
"""


class Start(NamedTuple):
    """A call of a handler, as it has written it down; `at` is seconds since the epoch."""

    task_id: str
    stage: str
    pid: int
    at: float


class Line:
    """An installation whose workers have a handler for each stage, and the file into which these write."""

    def __init__(self, install: Callable[..., Instance], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._log = folder / "starts.log"
        self._log.touch()
        monkeypatch.setenv("STAGES_LOG", str(self._log))
        self.instance = install(worker_slots="4")
        offered = {stage: f"line_handlers:{stage}" for stage in STAGES}
        offer(self.instance.handlers, offered, line_handlers=HANDLERS)
        self.instance.start_api()
        answer = self.instance.post("/task-types", {"name": "line", "stages": STAGES})
        assert answer.status_code == 201, answer.text

    def work(self, *stages: str) -> None:
        """Start a worker that serves these stages."""
        self.instance.start_worker(stages=",".join(stages))

    def kill_who_works(self, starts: int) -> str:
        """Kill the worker that began last of those alive, after so many starts, and return the stage that it began."""

        def victim() -> tuple[Service, str] | None:
            begun = self.starts()
            open_tasks = [task for task in self.instance.tasks().values() if task["status"] not in (3, 4)]
            if not open_tasks:
                # On a machine that starts workers slowly, everything may be done before the last kill.
                self.create(TASKS)
            crashes = max((task["crashes"] for task in open_tasks), default=0)
            alive = {service.pid: service for service in self.instance.services if service.is_running}
            # The very last to begin may be dead: what it did was kept, and nothing else is left to do.
            latest = next((start for start in reversed(begun) if start.pid in alive), None)
            if len(begun) < starts or crashes >= MOST_CRASHES or latest is None:
                return None
            return alive[latest.pid], latest.stage

        service, stage = wait_until(victim, f"work after {starts} starts", seconds=180)
        service.kill()
        return stage

    def locks(self) -> set[str]:
        """Return the names of the workers that live, or whose crash has not been counted yet."""
        return {path.stem for path in (self.instance.data / "spool").glob("*.lock")}

    def create(self, count: int) -> list[str]:
        """Create tasks, each with an input of its own."""
        tasks = [{"name": f"task {number}", "type": "line", "input": [number]} for number in range(count)]
        answer = self.instance.post("/tasks/batch", {"tasks": tasks})
        assert answer.status_code == 201, answer.text
        return [str(task_id) for task_id in answer.json()["task_ids"]]

    def outputs(self, task_ids: list[str]) -> dict[str, Any]:
        """Return what came out of these tasks, by name, once all have ended well."""
        tasks = self.instance.ended(task_ids, seconds=180).values()
        assert {task["status"] for task in tasks} == {3}, [task["error"] for task in tasks if task["error"]]
        return {task["name"]: task["result"] for task in tasks}

    def starts(self) -> list[Start]:
        """Return all calls of handlers so far, in their order."""
        parts = [line.split() for line in self._log.read_text().splitlines()]
        return [Start(task_id, stage, int(pid), float(at)) for task_id, stage, pid, at in parts]

    def passed(self) -> dict[tuple[str, str], float]:
        """Return when the result of each stage of each task was kept, in seconds since the epoch."""
        advances = [event for event in self.instance.get("/events") if event["kind"] == "advance"]
        before = dict(zip(STAGES[1:], STAGES, strict=False))
        ends = {(task["task_id"], STAGES[-1]): task["finished_at"] for task in self.instance.tasks().values()}
        kept = ends | {(event["task_id"], before[event["stage"]]): event["recorded_at"] for event in advances}
        return {key: seconds_of(at) for key, at in kept.items()}


def seconds_of(text: str) -> float:
    """Return the time that RFC 3339 has with milliseconds, in seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


@pytest.fixture
def line(install: Callable[..., Instance], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return a line with nobody at work."""
    return Line(install, tmp_path, monkeypatch)


@pytest.mark.slow
def test_workers_that_are_killed_change_nothing_about_the_outputs_and_no_kept_result_is_made_again(
    line: Line, pytestconfig: pytest.Config
) -> None:
    count, kills = IN_THE_LONG_FORM if pytestconfig.getoption("long") else (TASKS, KILLS)
    shifts = (("fetch", "check", "store"), ("parse", "enrich"))
    for stages in shifts:
        line.work(*stages)
    straight = line.outputs(line.create(count))
    assert straight["task 7"] == [7, *STAGES]

    begun = len(line.starts())
    line.create(count)
    for kill in range(1, kills + 1):
        known = line.locks()
        stage = line.kill_who_works(begun + 10 * kill)
        line.work(*next(stages for stages in shifts if stage in stages))
        wait_until(lambda: len(line.locks()) == len(shifts) and line.locks() != known, "adoption of the dead")  # noqa: B023

    task_ids = list(line.instance.tasks())
    assert line.outputs(task_ids) == straight
    passed = line.passed()
    assert len(passed) == len(task_ids) * len(STAGES)
    starts = line.starts()
    assert len(starts) > begun + count * len(STAGES), "nothing was hit"
    assert [start for start in starts if start.at > passed[start.task_id, start.stage]] == []


def test_each_worker_serves_the_stages_that_it_is_set_to_serve(line: Line) -> None:
    [task_id] = line.create(1)
    line.work("fetch", "check")

    def waits_for(stage: str) -> bool:
        task = line.instance.task(task_id)
        return task["stage"] == stage and task["due_at"] is not None

    wait_until(lambda: waits_for("parse"), "a task that waits for its second stage")
    line.work("parse", "enrich", "store")
    assert line.outputs([task_id]) == {"task 0": [0, *STAGES]}
    workers = [set(worker["routes"]) for worker in line.instance.get("/workers")]
    assert {frozenset(routes) for routes in workers} == {
        frozenset({"line/fetch", "line/check"}),
        frozenset({"line/parse", "line/enrich", "line/store"}),
    }
    pids = {start.stage: start.pid for start in line.starts()}
    assert pids["fetch"] == pids["check"] != pids["parse"] == pids["enrich"] == pids["store"]
    states = [(one["stage"], one["state"]) for one in line.instance.get(f"/tasks/{task_id}/stages")]
    assert states == [(stage, "COMPLETED") for stage in STAGES]
