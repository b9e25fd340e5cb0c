"""How much of the handlers' output is passed on."""

import threading
from collections.abc import Callable

from waybill_worker.process.printed import CAP, MINUTE, Printed


def in_thread(work: Callable[[], bytes], name: str | None = None) -> bytes:
    """Call something in a thread of its own and return what it returns."""
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(work()), name=name)
    thread.start()
    thread.join()
    return found[0]


def test_a_run_prints_so_much_and_no_more_and_the_next_one_again() -> None:
    printed = Printed()
    line = b"x" * 999 + b"\n"
    for task_id in ("one", "two"):
        with printed.counted(task_id):
            passed = b"".join(printed.admit(line) for _ in range(1_000))
        assert passed[:CAP] == (line * 1_000)[:CAP]
        assert passed[CAP:].decode() == f"\n(what task {task_id} prints beyond {CAP:,} bytes is left out)\n"


def test_one_line_of_any_size_is_cut() -> None:
    printed = Printed()
    with printed.counted("one"):
        assert len(printed.admit(b"x" * 10 * CAP)) < CAP + 100
        assert printed.admit(b"y") == b""


def test_the_worker_itself_is_not_counted() -> None:
    printed = Printed()
    printed.spare()
    with printed.counted("one"):
        pass
    assert printed.admit(b"x" * 2 * CAP) == b"x" * 2 * CAP
    assert in_thread(lambda: printed.admit(b"x" * 2 * CAP), "isolation") == b"x" * 2 * CAP


def test_threads_that_handlers_start_print_so_much_a_minute_together() -> None:
    now = [0.0]
    printed = Printed(lambda: now[0])
    assert in_thread(lambda: printed.admit(b"x" * 2 * CAP)) == b"x" * 2 * CAP
    printed.spare()
    for _ in range(2):
        assert in_thread(lambda: printed.admit(b"x" * CAP)).endswith(b" bytes is left out)\n")
        assert in_thread(lambda: printed.admit(b"x")) == b""
        now[0] += MINUTE
