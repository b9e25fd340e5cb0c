"""The virtual machine: time, threads, processes that are paused and killed."""

from collections.abc import Callable, Iterator
from functools import partial
from queue import Empty
from random import Random

import pytest

from proof.simulation.virtual.kernel import Kernel
from proof.simulation.virtual.process import Process
from proof.simulation.virtual.threads import Condition, Event, Lock, SimpleQueue, Thread


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    kernel = Kernel(Random(1))
    yield kernel
    kernel.dispose()


def test_what_is_to_happen_happens_in_the_order_of_its_time(kernel: Kernel) -> None:
    began, happened = kernel.now, []

    def note(seconds: float) -> None:
        happened.append((seconds, kernel.now - began))

    for seconds in (3.0, 1.0, 2.0, 1.0):
        kernel.after(seconds, partial(note, seconds))
    kernel.run(2.5)
    assert happened == [(1.0, 1.0), (1.0, 1.0), (2.0, 2.0)]
    assert kernel.now - began == 2.5


def test_a_thread_sleeps_and_goes_on(kernel: Kernel) -> None:
    process, woke = Process(kernel, "p"), []

    def work() -> None:
        kernel.sleep(5)
        woke.append(kernel.now)

    began = kernel.now
    kernel.spawn(work, process)
    assert not kernel.run(4, lambda: bool(woke))
    assert kernel.run(2, lambda: bool(woke))
    assert woke[0] - began == pytest.approx(5, abs=0.1)


def test_a_killed_process_runs_not_another_line(kernel: Kernel) -> None:
    process, lines, released = Process(kernel, "p"), [], []
    process.locks.append(lambda: released.append("lock"))
    process.at_death.append(lambda: released.append("peer"))

    def work() -> None:
        try:
            kernel.sleep(5)
        finally:
            lines.append("unwound")

    kernel.spawn(work, process)
    kernel.after(1, process.kill, kernel.world)
    kernel.run(10)
    assert lines == []
    assert released == ["lock", "peer"]


def test_nobody_sees_the_locks_of_a_lost_machine_become_free(kernel: Kernel) -> None:
    process, released = Process(kernel, "p"), []
    process.locks.append(lambda: released.append("lock"))
    process.kill(with_machine=True)
    assert released == []


def test_a_paused_process_does_afterwards_what_came_meanwhile(kernel: Kernel) -> None:
    process, happened = Process(kernel, "p"), []
    began = kernel.now
    for seconds in (1.0, 2.0, 9.0):
        kernel.after(seconds, lambda: happened.append(kernel.now - began), process)
    process.pause()
    kernel.after(5, process.resume, kernel.world)
    kernel.run(20)
    assert happened == [5.0, 5.0, 9.0]
    assert process.running_time == 15


def test_the_death_of_a_thread_is_told(kernel: Kernel) -> None:
    said: list[str] = []
    kernel.on_failure = said.append
    kernel.spawn(lambda: 1 // 0, Process(kernel, "p"))
    kernel.run(1)
    assert said == ["a thread of p died: ZeroDivisionError: integer division or modulo by zero"]


def test_what_never_comes_to_rest_is_told(kernel: Kernel) -> None:
    said: list[str] = []
    kernel.on_failure = said.append

    def again() -> None:
        kernel.after(0, again)

    again()
    assert not kernel.run(1)
    assert said == ["nothing comes to rest"]


def test_events_queues_conditions_and_joins_wake_who_waits(kernel: Kernel) -> None:
    process, heard = Process(kernel, "p"), []
    event, queue, condition = Event(kernel), SimpleQueue[str](kernel), Condition(kernel)

    def listen(name: str, wait: Callable[[], object]) -> Thread:
        thread = Thread(kernel, lambda: heard.append((name, wait())))
        thread.start()
        return thread

    def hear() -> bool:
        with condition:
            return condition.wait_for(event.is_set, 60)

    def late() -> str:
        try:
            return queue.get(timeout=1)
        except Empty:
            return "empty"

    def begin() -> None:
        listen("too late", late).join()
        threads = [listen("queue", queue.get), listen("event", event.wait), listen("condition", hear)]
        kernel.sleep(1)
        queue.put("letter")
        with condition:
            event.set()
            condition.notify_all()
        for thread in threads:
            thread.join()
        heard.append(("joined", not any(thread.is_alive() for thread in threads)))

    kernel.spawn(begin, process)
    kernel.run(10)
    assert heard[0] == ("too late", "empty")
    assert sorted(heard[1:-1]) == [("condition", True), ("event", True), ("queue", "letter")]
    assert heard[-1] == ("joined", True)


def test_a_lock_lets_one_in_at_a_time(kernel: Kernel) -> None:
    lock, inside, most = Lock(kernel), [0], [0]

    def work() -> None:
        for _ in range(5):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                kernel.sleep(0.1)
                inside[0] -= 1

    for _ in range(3):
        kernel.spawn(work, Process(kernel, "p"))
    kernel.run(10)
    assert (inside, most) == ([0], [1])
    assert kernel.now > 1
