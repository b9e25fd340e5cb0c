"""A handler that kills its process harms only its own task: the tasks that ran beside it are COMPLETED."""

import threading
from collections.abc import Callable

import pytest

from tests.acceptance.instance import Instance, Service
from throwaway.handlers import offer

INNOCENTS = 20
HANDLERS = """
import os
import signal


def innocent(context, given):
    context.sleep(1.5)
    return context.attempt


def poison(context, given):
    context.sleep(1)
    if given == "exit":
        os._exit(9)
    if given == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
"""


class Workers:
    """Workers that a supervisor starts anew whenever they end."""

    def __init__(self, instance: Instance, count: int) -> None:
        names = ("innocent", "poison")
        offered = {name: f"suspect_handlers:{name}" for name in names}
        offer(instance.handlers, offered, suspect_handlers=HANDLERS)
        self._instance = instance
        self._is_over = threading.Event()
        self.alive = [self._start() for _ in range(count)]
        self.ended: list[int] = []
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        for name in names:
            answer = instance.post("/task-types", {"name": name, "handler": name, "processing_time": 60})
            assert answer.status_code == 201, answer.text

    def _start(self) -> Service:
        return self._instance.start_worker()

    def _watch(self) -> None:
        while not self._is_over.wait(0.1):
            for place, worker in enumerate(self.alive):
                if not worker.is_running:
                    self.ended.append(worker.process.returncode)
                    self.alive[place] = self._start()

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()


def create(instance: Instance, type_name: str, given: object = None) -> str:
    answer = instance.post("/tasks", {"name": type_name, "type": type_name, "input": given})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["task_id"])


@pytest.mark.parametrize(
    ("how", "count", "message"),
    [("exit", 1, "exit code 9"), ("kill", 2, "killed by SIGKILL")],
)
def test_one_poison_ends_alone_and_twenty_innocents_are_completed(
    install: Callable[..., Instance], how: str, count: int, message: str
) -> None:
    instance = install()
    instance.start_api()
    workers = Workers(instance, count)
    try:
        poison = create(instance, "poison", how)
        innocents = [create(instance, "innocent") for _ in range(INNOCENTS)]
        tasks = instance.ended([poison, *innocents])
    finally:
        workers.close()
    assert {(tasks[one]["status"], tasks[one]["result"], tasks[one]["crashes"]) for one in innocents} == {(3, 1, 0)}
    assert (tasks[poison]["status"], tasks[poison]["crashes"]) == (4, 4)
    error = tasks[poison]["error"]
    assert (error["code"], error["message"]) == ("worker_lost", f"it crashed 4 times, at last: {message}")
    assert len(workers.ended) <= 2, "its crashes in a process of its own cost no worker"
