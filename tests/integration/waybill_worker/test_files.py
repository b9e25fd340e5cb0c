"""Handlers in a file: they declare their types, run, and are replaced when the file changes."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.integration.waybill_worker.bench import NO_PROC, Bench, alive
from tests.unit.waybill_worker.scripted import until

HANDLERS = """
import asyncio
import os
import own_sizes
from waybill import handler, pipeline

@handler(title="Resize", max_attempts=3)
def resize(context, width: int, height: int = own_sizes.HEIGHT):
    return [width, height, os.getpid()]

@handler
async def later(context, seconds: float):
    await asyncio.sleep(seconds)
    return "slept"

def count(context, words, /):
    return len(words)

@handler
def wait(context, seconds: float):
    context.sleep(seconds)

pipeline("report", resize, count)
"""


class Folder:
    """A folder with handlers, which a worker watches."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.path = bench.folder / "own"
        self.path.mkdir()
        self.write("own_sizes", "HEIGHT = 600")

    def write(self, name: str, source: str) -> None:
        """Replace a file as an editor does."""
        new = self.path / f"{name}.new"
        new.write_text(source)
        new.rename(self.path / f"{name}.py")

    def start(self, **settings: str) -> None:
        self.bench.start(handlers=str(self.path / "own_handlers.py"), **settings)

    def height(self) -> int:
        """Return the height that a handler has by default."""
        return int(self.bench.run("resize", input={"width": 3})["result"][1])


@pytest.fixture
def folder(bench: Bench) -> Folder:
    return Folder(bench)


def test_a_file_declares_its_types_and_its_handlers_run(bench: Bench, folder: Folder) -> None:
    folder.write("own_handlers", HANDLERS)
    folder.start()
    assert bench.run("resize", input={"width": 3})["result"][:2] == [3, 600]
    assert bench.run("later", input={"seconds": 0})["result"] == "slept"
    assert bench.run("count", route="report/count", input=["a", "b"])["result"] == 2
    error = bench.run("resize", input={"width": "wide", "depth": 1})["error"]
    assert (error["code"], error["message"][:40]) == ("failed", "the input does not fit: width: Input sho")
    assert dict(bench.api.declared).keys() == {"resize", "later", "wait", "report"}
    (serves,) = (line for line in bench.log().decode().splitlines() if " serves " in line)
    assert {"count", "later", "resize", "sleep", "wait"} <= {*serves.rpartition(": ")[2].split(", ")}
    started = bench.order("later", input={"seconds": 600}, timeout=1)
    assert bench.end(started)["error"]["code"] == "timeout"
    bench.signal(signal.SIGTERM)
    assert bench.ended() == 0
    assert b"abandoned" not in bench.log()


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import sys\nsys.exit(5)", b"own_handlers.py cannot be imported: SystemExit: 5 ("),
        ("from waybill import handler\n@handler\ndef sleep(context): ...", b" is named sleep, like the handler that"),
    ],
)
def test_a_file_that_cannot_be_loaded_ends_the_worker_with_2(
    bench: Bench, folder: Folder, source: str, line: bytes
) -> None:
    folder.write("own_handlers", source)
    folder.start()
    assert bench.ended() == 2
    assert line in bench.log()
    assert not (bench.folder / "spool").exists(), "nothing was begun"


def test_isolated_handlers_need_places(bench: Bench, folder: Folder) -> None:
    folder.write("own_handlers", "from waybill import handler\n@handler(isolate=True)\ndef apart(context): ...")
    folder.start(worker_children="0")
    assert bench.ended() == 2
    line = b"the handler apart needs processes of its own, and WAYBILL_WORKER_CHILDREN=0 allows none"
    assert bench.log().splitlines()[-1] == line


def test_the_worker_starts_again_in_place_whenever_its_code_changes(bench: Bench, folder: Folder) -> None:
    folder.write("own_handlers", HANDLERS)
    folder.start(reload="1", drain_seconds="1")
    assert folder.height() == 600
    assert bench.process is not None
    pid = bench.process.pid

    running = bench.order("wait", input={"seconds": 60})
    until(lambda: running in bench.statuses())
    folder.write("own_sizes", "HEIGHT = 7_000")
    until(lambda: bench.api.farewells)
    assert folder.height() == 7_000
    assert running not in {report["task_id"] for report in bench.api.reports if report.get("status") in (3, 4)}

    folder.write("own_sizes", "HEIGHT = ")
    until(lambda: b"SyntaxError" in bench.log() and b"waits until" in bench.log())
    assert bench.log().count(b"cannot be imported") == 1
    folder.write("own_sizes", "HEIGHT = 80_000")
    assert folder.height() == 80_000

    assert [crashed for _, crashed in bench.api.farewells] == [False, False]
    assert bench.process.pid == pid
    bench.signal(signal.SIGTERM)
    assert bench.ended() == 0
    assert bench.left() == set()


def test_a_worker_that_waits_for_better_code_ends_when_it_is_told_to(bench: Bench, folder: Folder) -> None:
    folder.write("own_handlers", "1 / 0")
    folder.start(reload="1")
    until(lambda: b"waits until" in bench.log())
    bench.signal(signal.SIGTERM)
    assert bench.ended() == -signal.SIGTERM


APART = """
import ctypes
import os
import signal
import sys
import time
from waybill import handler

@handler(isolate=True, memory=200 << 20)
def hog(context):
    hoard = []
    while True:
        hoard.append(bytearray(1 << 20))

@handler(isolate=True)
def fork(context, path: str):
    child = os.fork()
    if child:
        with open(path, "w") as file:
            file.write(str(child))
        os._exit(0)
    time.sleep(600)

@handler(isolate=True)
def leave(context):
    os._exit(9)

@handler(isolate=True)
def close(context):
    os.closerange(0, 4096)
    time.sleep(600)

@handler(isolate=True)
def deaf(context):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)

@handler(isolate=True)
def good(context, words: list[str]):
    print("from within")
    return [words, os.getpid()]

@handler
def beside(context):
    context.sleep(6)
    return os.getpid()
"""


def test_what_an_isolated_handler_breaks_is_its_own(bench: Bench, folder: Folder, tmp_path: Path) -> None:
    folder.write("own_handlers", APART)
    folder.start(worker_children="2", worker_slots="32")
    sibling = bench.order("beside")
    orders = {
        "hog": {},
        "fork": {"path": str(tmp_path / "pid")},
        "leave": {},
        "close": {},
        "deaf": {},
    }
    tasks = {name: bench.order(name, input=given, timeout=3) for name, given in orders.items()}
    good = [bench.order("good", input={"words": ["a"]}) for _ in range(3)]
    errors = {name: bench.end(task_id)["error"] for name, task_id in tasks.items()}
    told = {name: (error["code"], error["message"]) for name, error in errors.items()}
    assert told.pop("hog") == (
        "failed",
        "MemoryError: the handler needs more than the 209,715,200 bytes that it may take",
    )
    assert told == {
        "fork": ("worker_lost", "exit code 0 before its handler returned"),
        "leave": ("worker_lost", "exit code 9"),
        "close": ("timeout", "no end after 3 s"),
        "deaf": ("timeout", "no end after 3 s"),
    }
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()
    assert bench.process is not None
    results = [bench.end(task_id)["result"] for task_id in good]
    assert [words for words, _ in results] == [["a"]] * 3
    assert len({pid for _, pid in results} | {bench.process.pid}) == 4
    assert bench.end(sibling)["result"] == bench.process.pid
    assert os.getpgid(bench.process.pid) == bench.process.pid


def test_a_worker_may_run_a_program_alone(bench: Bench, tmp_path: Path) -> None:
    script = tmp_path / "convert.sh"
    script.write_text('echo "$@" >&2\n[ "$1" = good ] || exit 4\ncat\n')
    # By its interpreter: a folder for temporary files may be mounted without execution.
    bench.start(exec=f"sh {script} {{input.mode}} -- {{input.file}}", exec_type="convert")
    given = {"mode": "good", "file": "-a b"}
    assert bench.run("convert", input=given)["result"] == given
    error = bench.run("convert", input={"mode": "bad", "file": "c"})["error"]
    assert error == {"code": "failed", "message": "exit code 4", "detail": "bad -- c"}
    assert bench.run("convert", input={"mode": "-v", "file": "c"})["error"]["message"].startswith("{input.mode} would")
    assert [name for name, _ in bench.api.declared] == ["convert"]
    assert {*bench.api.beats[-1]["handlers"]} == {"convert"}
    suspect = {"isolate": True, "losses": 2}
    assert bench.run("convert", input=given, **suspect)["result"] == given, "in a process of its own, too"


def test_programs_run_as_many_at_once_as_there_are_places(bench: Bench, tmp_path: Path) -> None:
    begun, end = tmp_path / "begun", tmp_path / "end"
    script = f"echo x >> {begun}; while [ ! -e {end} ]; do sleep 0.05; done"
    bench.start(exec=f"sh -c '{script}'", exec_type="convert", worker_children="2")
    tasks = [bench.order("convert") for _ in range(4)]
    until(lambda: begun.exists() and begun.read_text().count("x") == 2)
    time.sleep(0.3)
    assert begun.read_text().count("x") == 2
    end.touch()
    assert {bench.end(task_id)["status"] for task_id in tasks} == {3}


@NO_PROC
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_program_ends_with_its_worker_however_that_ends(bench: Bench, tmp_path: Path, number: signal.Signals) -> None:
    script = f'trap "" TERM; echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; while :; do sleep 0.1; done'
    bench.start(exec=f"sh -c '{script}'", exec_type="convert", drain_seconds="0")
    bench.order("convert")
    until((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    assert alive(pid)
    bench.signal(number)
    bench.ended()
    until(lambda: not alive(pid))


def test_a_program_that_is_not_there_ends_the_worker_with_2(bench: Bench) -> None:
    bench.start(exec="no-such-program", exec_type="convert")
    assert bench.ended() == 2
    assert bench.log() == b"WAYBILL_EXEC: there is no program no-such-program\n"
