"""A file of handlers beside a worker: their tasks work at once, break nothing, and get new code while they run."""

import sys
from pathlib import Path
from typing import Any

from tests.acceptance.instance import Instance, Service, wait_until

HANDLERS = """
import os
import signal
import time
import own_sizes
from waybill import handler, pipeline


@handler(isolate=True, memory=100 << 20)
def hog(context):
    hoard = []
    while True:
        hoard.append(bytearray(1 << 20))


@handler(isolate=True)
def fork(context):
    if os.fork():
        os._exit(0)
    time.sleep(600)


@handler(isolate=True)
def leave(context):
    print("it leaves", flush=True)
    os._exit(9)


@handler(isolate=True, timeout=2)
def close(context):
    os.closerange(0, 4096)
    time.sleep(600)


@handler(isolate=True, timeout=2)
def deaf(context):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)


@handler
def sibling(context, seconds: float):
    context.sleep(seconds)
    print("slept with", own_sizes.WIDTH)
    return [context.attempt, own_sizes.WIDTH]


@handler(secret=("password",))
def fetch(context, url: str, password: str = ""):
    return [url, password]


async def count(context, words, /):
    return len(words)


pipeline("report", fetch, count, title="A report")
"""

EVIL = {
    "hog": ("failed", "MemoryError: the handler needs more than the 104,857,600 bytes that it may take"),
    "fork": ("worker_lost", "it crashed 4 times, at last: exit code 0"),
    "leave": ("worker_lost", "it crashed 4 times, at last: exit code 9"),
    "close": ("timeout", "no end after 2 s"),
    "deaf": ("timeout", "no end after 2 s"),
}


def start(instance: Instance) -> Service:
    """Start a worker in a folder whose files are named like modules of Python and of ours."""
    for name in ("queue", "logging", "huey"):
        Path(instance.folder / f"{name}.py").write_text("raise AssertionError('it shadows another module')")
    write(instance, "own_sizes", "WIDTH = 1")
    write(instance, "own_handlers", HANDLERS)
    command = [sys.executable, "-P", "-m", "waybill_worker"]
    return instance.start(
        "worker", *command, handlers="own_handlers.py", reload="1", worker_children="3", drain_seconds="1"
    )


def write(instance: Instance, name: str, source: str) -> None:
    new = instance.folder / f"{name}.new"
    new.write_text(source)
    new.rename(instance.folder / f"{name}.py")


def create(instance: Instance, type_name: str, given: Any = None) -> str:
    answer = instance.post("/tasks", {"name": "a task", "type": type_name, "input": given})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["task_id"])


def logs(instance: Instance, task_id: str) -> list[tuple[int, str]]:
    return [(one["run"], one["text"]) for one in instance.get(f"/tasks/{task_id}/logs")]


def test_isolated_handlers_break_only_themselves_and_the_code_may_change_meanwhile(instance: Instance) -> None:
    instance.start_api()
    worker = start(instance)
    pid = worker.pid
    wait_until(lambda: {*EVIL, "sibling", "report"} <= {one["name"] for one in instance.get("/task-types")}, "types")

    siblings = [create(instance, "sibling", {"seconds": 3}) for _ in range(10)]
    report = create(instance, "report", {"url": "here", "password": "hidden"})
    evil = {create(instance, name): name for name in EVIL}
    wrong = instance.post("/tasks", {"name": "a task", "type": "sibling", "input": {"second": 5}})
    assert wrong.status_code == 422
    assert {one["pointer"] for one in wrong.json()["errors"]} == {"/input/seconds", "/input/second"}

    ended = instance.ended([*siblings, report, *evil])
    for task_id, name in evil.items():
        code, message = EVIL[name]
        error = ended[task_id]["error"]
        assert (error["code"], error["message"][: len(message)]) == (code, message)
    assert {(one["status"], *one["result"], one["losses"]) for one in map(ended.get, siblings) if one} == {(3, 1, 1, 0)}
    assert (ended[report]["result"], ended[report]["input"]) == (2, {"url": "here", "password": "***"})

    running = create(instance, "sibling", {"seconds": 3})
    wait_until(lambda: instance.task(running)["status"] == 2, "a task that runs")
    write(instance, "own_sizes", "WIDTH = 22")
    task = instance.ended([running])[running]
    assert (task["status"], task["result"], task["run"]) == (3, [1, 22], 2), "it ran again, with the new code"
    assert (task["crashes"], task["losses"], task["isolate"]) == (0, 0, False)
    wait_until(lambda: logs(instance, running)[-1:] == [(2, "slept with 22\n")], "the log of the last run")
    (left,) = (task_id for task_id, name in evil.items() if name == "leave")
    assert logs(instance, left) == [(run, "it leaves\n") for run in range(1, 5)]
    assert ended[left]["error"]["detail"] == "it leaves\n"
    assert worker.is_running
    assert worker.pid == pid
    assert worker.stop() == 0
