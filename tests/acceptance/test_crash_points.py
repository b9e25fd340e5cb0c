"""Each service dies exactly where it hurts most: just before or just after one request between them has arrived."""

import json
import socket
import threading
from collections.abc import Callable

import pytest
import requests

from proof.relay import Relay, Request, reset
from tests.acceptance.instance import Instance, Service, wait_until

CLAIM, END = (2,), (3, 4)
"""The statuses in the reports of a worker: what claims a run, and what ends it."""


class Trap(Relay):
    """Passes requests on; somebody dies at the first that is waited for, which is passed on before that or never."""

    def __init__(self, instance: Instance, is_awaited: Callable[[Request], bool], *, passes: bool) -> None:
        super().__init__(("127.0.0.1", instance.port))
        self.victim: Service | None = None
        self._is_awaited = is_awaited
        self._passes = passes
        self._lock = threading.Lock()
        self._is_set = True

    @property
    def has_sprung(self) -> bool:
        """Whether the victim is dead."""
        return self.victim is not None and not self.victim.is_running

    def serve(self, request: Request, client: socket.socket) -> bool:
        with self._lock:
            springs = self._is_set and self._is_awaited(request)
            self._is_set = self._is_set and not springs
        if not springs or self.victim is None:
            return super().serve(request, client)
        if self._passes:
            answer = self.pass_on(request)
            assert answer is not None
            assert answer.status in (200, 201)
        self.victim.kill()
        return reset(client)


def reports(statuses: tuple[int, ...]) -> Callable[[Request], bool]:
    """Return what recognises a worker's reports with one of these statuses."""

    def is_one(request: Request) -> bool:
        said = json.loads(request.body)["reports"] if request.path == "/reports" else []
        return any(report.get("status") in statuses for report in said)

    return is_one


def told(instance: Instance, task_id: str) -> list[str]:
    """Return the history of a task, each event by its kind and outcome."""
    return [f"{event['kind']} {event['outcome']}" for event in instance.get(f"/tasks/{task_id}/events")]


def test_a_create_whose_answer_died_with_the_api_is_repeated_and_makes_no_second_task(instance: Instance) -> None:
    with Trap(instance, lambda request: request.method == "POST", passes=True) as trap:
        trap.victim = instance.start_api()
        body, key = {"name": "once", "processing_time": 0}, {"Idempotency-Key": "k-1"}
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{trap.url}/tasks", json=body, headers=key, timeout=30)
        assert trap.has_sprung
        instance.start_api()
        (kept,) = instance.tasks()
        answer = requests.post(f"{trap.url}/tasks", json=body, headers=key, timeout=30)
        assert (answer.status_code, answer.json()) == (201, {"task_id": kept})
        assert list(instance.tasks()) == [kept]


@pytest.mark.parametrize(
    ("statuses", "passes", "history"),
    [
        (CLAIM, False, ["claim applied", "report applied"]),
        (CLAIM, True, ["claim applied", "report duplicate", "report applied"]),
        (END, False, ["claim applied", "report applied"]),
        (END, True, ["claim applied", "report applied", "report duplicate"]),
    ],
    ids=["before a claim", "after a claim", "before an end", "after an end"],
)
def test_the_api_dies_and_the_run_goes_on(
    instance: Instance, statuses: tuple[int, ...], passes: bool, history: list[str]
) -> None:
    with Trap(instance, reports(statuses), passes=passes) as trap:
        trap.victim = instance.start_api()
        worker = instance.start_worker(api_url=trap.url)
        task_id = instance.create(0)
        wait_until(lambda: trap.has_sprung, "the death of the API")
        instance.start_api()
        expected = ["create applied", *history]
        wait_until(lambda: len(told(instance, task_id)) >= len(expected), "the whole history")
        assert told(instance, task_id) == expected
        task = instance.task(task_id)
        assert (task["status"], task["attempt"], task["run"], task["crashes"]) == (3, 1, 1, 0)
        assert worker.is_running


@pytest.mark.parametrize(
    ("statuses", "passes", "history"),
    [
        (CLAIM, False, ["claim applied", "report applied"]),
        (CLAIM, True, ["claim applied", "release applied", "claim applied", "report applied"]),
        (END, False, ["claim applied", "release applied", "claim applied", "report applied"]),
        (END, True, ["claim applied", "report applied"]),
    ],
    ids=["before a claim", "after a claim", "before an end", "after an end"],
)
def test_the_worker_dies_and_the_next_one_takes_over(
    instance: Instance, statuses: tuple[int, ...], passes: bool, history: list[str]
) -> None:
    with Trap(instance, reports(statuses), passes=passes) as trap:
        instance.start_api()
        trap.victim = instance.start_worker(api_url=trap.url)
        task_id = instance.create(0)
        wait_until(lambda: trap.has_sprung, "the death of the worker")
        instance.start_worker()
        (task,) = instance.ended([task_id]).values()
        assert told(instance, task_id) == ["create applied", *history]
        crashes = history.count("release applied")
        assert (task["status"], task["attempt"], task["run"], task["crashes"]) == (3, 1, 1 + crashes, crashes)
