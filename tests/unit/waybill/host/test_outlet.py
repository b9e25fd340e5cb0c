"""A print never blocks, whether the output is read, not read or cannot be written."""

import ast
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from waybill.host.outlet import PIECES, ROOM, Outlet

PATIENCE = 20.0
LINE = b"x" * 99 + b"\n"


class Pipe:
    """A pipe with room for a page, and its reader, which may not read."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, 4096)

    def read_until(self, end: bytes) -> bytes:
        data = b""
        while end not in data and (chunk := os.read(self.reading, 65_536)):
            data += chunk
        return data

    def close(self) -> None:
        for descriptor in (self.reading, self.writing):
            with suppress(OSError):
                os.close(descriptor)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


def fill(outlet: Outlet) -> int:
    """Write more than has room, and return how many lines that were."""
    count = 2 * ROOM // len(LINE)
    for _ in range(count):
        outlet.put(LINE)
    return count


def test_what_is_read_arrives_whole_and_in_order(pipe: Pipe) -> None:
    outlet = Outlet(pipe.writing)
    lines = [f"line {number}\n".encode() for number in range(2_000)]
    for line in lines:
        outlet.put(line)
    assert pipe.read_until(lines[-1]) == b"".join(lines)
    assert outlet.flush(PATIENCE)


def test_nobody_waits_for_a_pipe_that_is_not_read(pipe: Pipe) -> None:
    outlet = Outlet(pipe.writing)
    fill(outlet)
    assert not outlet.flush(0.01)


def test_lost_lines_are_counted_and_told_once_it_flows_again(pipe: Pipe) -> None:
    outlet = Outlet(pipe.writing)
    written = fill(outlet)
    told = pipe.read_until(b"nobody read them)\n").decode()
    (note,) = [line for line in told.splitlines() if "lost" in line]
    kept = told.count("\n") - 1
    while kept < written and not outlet.flush(0):
        kept += os.read(pipe.reading, 65_536).count(b"\n")
    assert note == f"({written - kept:,} lines were lost here while nobody read them)"
    outlet.put(b"on it goes\n")
    assert b"lost" not in pipe.read_until(b"on it goes\n")


def test_small_pieces_are_bounded_by_their_number(pipe: Pipe) -> None:
    outlet = Outlet(pipe.writing)
    for _ in range(5 * PIECES):
        outlet.put(b"\n")
    data = pipe.read_until(b"nobody read them)\n")
    assert data.count(b"\n") < 2 * PIECES


def test_a_pipe_whose_reader_has_left_costs_nothing_but_its_lines(pipe: Pipe) -> None:
    outlet = Outlet(pipe.writing)
    os.close(pipe.reading)
    outlet.put(LINE)
    assert outlet.flush(PATIENCE)


def test_a_disk_that_was_full_is_told_when_it_takes_lines_again(tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    outlet = Outlet(full)
    for _ in range(3):
        outlet.put(LINE)
    assert outlet.flush(PATIENCE)
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, outlet._descriptor)
    outlet.put(LINE)
    assert outlet.flush(PATIENCE)
    assert (tmp_path / "log").read_bytes() == LINE + b"(3 lines were lost here while nobody read them)\n"
    for descriptor in (full, log):
        os.close(descriptor)


def test_a_pipe_that_does_not_wait_gets_all_of_it(pipe: Pipe) -> None:
    os.set_blocking(pipe.writing, False)
    outlet = Outlet(pipe.writing)
    big = b"y" * 300_000 + b"\n"
    outlet.put(big)
    assert pipe.read_until(b"\n") == big


def test_a_descriptor_that_others_close_gets_no_lines_into_what_is_opened_in_its_place(tmp_path: Path) -> None:
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    outlet = Outlet(log)
    os.close(log)
    other = os.open(tmp_path / "other", os.O_WRONLY | os.O_CREAT)
    assert other == log
    outlet.put(LINE)
    assert outlet.flush(PATIENCE)
    os.close(other)
    assert (tmp_path / "other").read_bytes() == b""
    assert (tmp_path / "log").read_bytes() == LINE


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_writes_and_does_not_wait_for_a_thread_that_it_lacks(pipe: Pipe) -> None:
    outlet = Outlet(pipe.writing)
    held, forked = threading.Event(), threading.Event()

    def hold() -> None:
        with outlet._changed:
            held.set()
            forked.wait(PATIENCE)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(PATIENCE)
    child = os.fork()
    if not child:
        outlet.put(b"of the child\n")
        for _ in range(100):
            outlet.put(LINE)
        os._exit(0 if outlet.flush(1) else 1)
    assert os.waitpid(child, 0)[1] == 0
    forked.set()
    holder.join()
    assert pipe.read_until(b"\n").startswith(b"of the child\n")


MIXED = """
import sys, threading
from waybill.host.outlet import Outlets
said = []
def admit(data):
    said.append((threading.current_thread().name, data))
    return data
outlets = Outlets(admit)
print("one", end=" ")
def other():
    print("other", 1)
    print("no end", end="", flush=True)
    print(", and on", end="")
    outlets.end_line()
    print("left", end="")
thread = threading.Thread(target=other, name="other")
thread.start()
thread.join()
print("two")
print("x" * 10_000, end="")
outlets.flush()
sys.stdout.buffer.write(b"end")
outlets.flush()
print(said[:6] + [(name, len(data)) for name, data in said[6:]], file=sys.__stderr__)
"""


def test_the_lines_of_threads_do_not_mix_and_each_is_told_for_its_thread() -> None:
    run = subprocess.run([sys.executable, "-c", MIXED], capture_output=True, check=True, text=True)
    assert ast.literal_eval(run.stderr) == [
        ("other", b"other 1\n"),
        ("other", b"no end"),
        ("other", b", and on"),
        ("MainThread", b"one two\n"),
        ("MainThread", b"x" * 10_000),
        ("MainThread", b"left"),
        ("MainThread", 3),
    ]
    assert run.stdout == "other 1\nno end, and onone two\n" + "x" * 10_000 + "leftend"


PROGRAM = """
import os, sys, threading
from waybill.host.outlet import Outlets
Outlets()
print("out")
print("error", file=sys.stderr)
print("raw", file=sys.stderr, flush=True)
sys.stdout.buffer.write(b"bytes\\n")
file = open(sys.argv[1], "w")
assert file.fileno() > 2
os.write(file.fileno(), b"done")
raise ValueError("as told")
"""


@pytest.mark.parametrize("closed", [(), (1,), (2,), (0, 1, 2)])
def test_a_process_without_standard_streams_runs_on_and_its_files_get_no_lines(
    tmp_path: Path, closed: tuple[int, ...]
) -> None:
    opened = " ".join(f"{number}>&-" for number in closed)
    command = f'exec "$0" -c "$1" "$2" {opened}'
    run = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, PROGRAM, str(tmp_path / "file")], capture_output=True, check=False
    )
    assert run.returncode == 1
    assert (tmp_path / "file").read_bytes() == b"done"
    assert run.stdout == (b"" if 1 in closed else b"out\nbytes\n")
    assert (b"ValueError: as told" in run.stderr, b"error\nraw\n" in run.stderr) == ((2 not in closed,) * 2)
