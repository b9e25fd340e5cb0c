"""A suspect's handler runs in a process of its own, with the same context as elsewhere, and dies alone."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.integration.waybill_worker.bench import Bench
from tests.unit.waybill_worker.scripted import until

HANDLERS = """
import ctypes
import os
import signal
import subprocess
import sys
import time


def where(context, given):
    context.stage("packing")
    context.progress(0.5)
    context.metadata(pages=3)
    said = [context.task_id, context.name, context.attempt, context.processing_time, given, context.cancelled]
    return [*said, os.getpid()]


def die(context, given):
    print("last words", flush=True)
    if given == "exit":
        os._exit(9)
    if given == "segfault":
        ctypes.string_at(0)
    if given == "closed":
        os.closerange(3, 100)
        return
    if given == "garbled":
        for descriptor in range(3, 100):
            try:
                os.write(descriptor, b"no message\\n")
            except OSError:
                pass
        time.sleep(60)
    os.kill(os.getpid(), signal.SIGKILL)


def fail(context, given):
    raise ValueError("as wished")


def hog(context, given):
    # A call that holds the interpreter's lock: no other thread of its process runs meanwhile.
    ctypes.PyDLL(None).sleep(given)


def heed(context, given):
    open(given, "w").write(f"{os.getpid()}")
    context.sleep(60)


def deaf(context, given):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    below = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with open(given + ".new", "w") as file:
        file.write(f"{os.getpid()} {below.pid}")
    os.rename(given + ".new", given)
    while True:
        time.sleep(1)


def shout(context, given):
    for number in range(40_000):
        print(number, "x" * 100)
"""

CRASHES = {
    "exit": "exit code 9",
    "kill": "killed by SIGKILL",
    "segfault": "killed by SIGSEGV",
    "closed": "exit code 0",
    "garbled": "it sent an invalid message",
}


@pytest.fixture
def isolating(bench: Bench) -> Bench:
    bench.install(HANDLERS)
    bench.start()
    return bench


def suspect(**task: Any) -> dict[str, Any]:
    return {"isolate": True, "losses": 2, "processing_time": 60, **task}


def pids(path: Path) -> list[int]:
    until(path.exists)
    return [int(pid) for pid in path.read_text().split()]


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_handler_has_in_its_own_process_what_it_has_elsewhere(isolating: Bench) -> None:
    task_id = isolating.order("where", **suspect(input={"a": [1]}))
    end = isolating.end(task_id)
    *said, pid = end["result"]
    assert said == [task_id, "n", 1, 60, {"a": [1]}, False]
    assert isolating.process is not None
    assert pid != isolating.process.pid
    reports = [report for report in isolating.api.reports if report["task_id"] == task_id]
    assert reports[0]["isolates"]
    assert [report.get("seq") for report in reports] == [None, 1, 2, 3, 4]
    assert [reports[1]["stage"], reports[2]["progress"], reports[3]["metadata"]] == ["packing", 0.5, {"pages": 3}]
    assert {(report["run"], report["claim"], report["source"]) for report in reports} == {
        (1, reports[0]["claim"], reports[0]["source"])
    }
    (failed,) = [isolating.run("fail", **suspect())]
    assert (failed["error"]["code"], failed["error"]["message"]) == ("failed", "ValueError: as wished")
    assert failed["error"]["detail"].endswith('raise ValueError("as wished")\nValueError: as wished\n')
    until(lambda: is_gone(pid))


def test_what_dies_there_has_crashed_alone_and_says_how(isolating: Bench) -> None:
    innocent = isolating.order("where")
    for how, message in CRASHES.items():
        error = isolating.run("die", **suspect(input=how))["error"]
        assert (error["code"], error["message"][: len(message)]) == ("worker_lost", message)
    assert isolating.log().count(b"last words") == len(CRASHES)
    assert isolating.end(innocent)["status"] == 3
    assert isolating.process is not None
    assert isolating.process.poll() is None


def test_a_call_that_holds_the_interpreter_there_disturbs_nobody(isolating: Bench) -> None:
    hog = isolating.order("hog", **suspect(input=4))
    until(lambda: hog in isolating.statuses())
    for _ in range(3):
        assert isolating.run("where", **suspect())["status"] == 3
        assert isolating.run("where")["status"] == 3
    assert isolating.statuses()[hog] == 2
    assert isolating.end(hog)["status"] == 3


def test_a_time_out_there_ends_the_process_and_all_below_it_whatever_it_heeds(isolating: Bench, tmp_path: Path) -> None:
    end = isolating.run("deaf", **suspect(input=str(tmp_path / "pids"), timeout=1))
    assert end["error"]["code"] == "timeout"
    own, below = pids(tmp_path / "pids")
    until(lambda: is_gone(own) and is_gone(below))
    assert isolating.run("where")["status"] == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_dies_with_its_worker_however_that_ends(bench: Bench, tmp_path: Path, number: signal.Signals) -> None:
    bench.install(HANDLERS)
    bench.start(drain_seconds="0")
    bench.order("deaf", **suspect(input=str(tmp_path / "pids")))
    own, below = pids(tmp_path / "pids")
    bench.signal(number)
    bench.ended()
    until(lambda: is_gone(own))
    if number is signal.SIGTERM:
        until(lambda: is_gone(below))
        assert [crashed for _, crashed in bench.api.farewells] == [False]
    else:
        os.kill(below, signal.SIGKILL)


def test_what_it_prints_reaches_the_log_within_bounds_and_holds_nobody_up(isolating: Bench) -> None:
    assert isolating.run("shout", **suspect())["status"] == 3
    log = isolating.log()
    assert b"\n7 xxx" in log
    assert b"is left out" in log
    assert len(log) < 600_000


def test_without_places_a_suspect_runs_as_any_other(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start(worker_children="0")
    assert bench.process is not None
    assert bench.run("where", **suspect())["result"][-1] == bench.process.pid
    assert {report["isolates"] for report in bench.api.reports if "isolates" in report} == {False}
