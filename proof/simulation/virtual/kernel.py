"""The kernel of the virtual machine: a clock, a heap of future events, processes, and threads that take turns.

A thread is a greenlet: ordinary blocking code that gives way only where it waits, so that a seed decides every
interleaving. A killed process never runs another line; the events of a paused one wait until it goes on.
"""

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from proof.simulation.virtual.process import Process, Timer

BOOT = 1_000.0
EPOCH = 1_750_000_000.0
"""The times of the machine's two clocks at the start, in seconds."""

MOST_EVENTS = 200_000
"""A simulation with more events than this never ends; a usual one has 5,000."""

USUAL_JITTER = 0.0004
LONG_JITTER = 0.03
LONG_CHANCE = 0.02
"""How late a ready thread runs, in seconds: nearly always at once, sometimes much later."""


class Wakeup:
    """A thread's wait, which ends once: by another thread, or by a time-out."""

    def __init__(self, kernel: "Kernel", thread: "Thread") -> None:
        """Take the thread that waits."""
        self._kernel = kernel
        self._thread = thread
        self.is_over = False

    def fire(self) -> None:
        """Let the thread go on, with True."""
        self._end(True)

    def expire(self) -> None:
        """Let the thread go on, with False."""
        self._end(False)

    def _end(self, answer: bool) -> None:
        if not self.is_over:
            self.is_over = True
            self._kernel.after(self._kernel.jitter(), lambda: self._thread.go_on(answer), self._thread.process)


class Thread:
    """A thread of a process."""

    def __init__(self, kernel: "Kernel", process: Process, work: Callable[[], object]) -> None:
        """Take its process and its function."""
        self._kernel = kernel
        self.process = process
        self.is_alive = True
        self.joining: list[Wakeup] = []
        self._work = work
        self._greenlet: Any = greenlet(self._run, kernel.hub)

    def go_on(self, answer: bool = True) -> None:
        """Run until it waits again."""
        self._kernel.thread = self
        try:
            self._greenlet.switch(answer)
        finally:
            self._kernel.thread = None

    def dispose(self) -> None:
        """Unwind it; nothing that it does counts any more."""
        if self._greenlet:
            self._greenlet.throw(GreenletExit)

    def _run(self, answer: bool) -> None:
        try:
            self._work()
        except GreenletExit:
            pass
        except Exception as error:  # noqa: BLE001 - a thread that dies is for the oracle to judge
            self._kernel.on_failure(f"a thread of {self.process.name} died: {type(error).__name__}: {error}")
        self.is_alive = False
        for wakeup in self.joining:
            wakeup.fire()


class Kernel:
    """Runs all events in the order of their times."""

    def __init__(self, random: Random) -> None:
        """Take the only source of chance."""
        self.random = random
        self.hub: Any = getcurrent()
        self.now = BOOT
        """Monotonic seconds."""
        self.events = 0
        self.trace: list[tuple[float, str, str]] = []
        """The lines of the trace: time, process and text."""
        self.thread: Thread | None = None
        self.on_failure: Callable[[str], None] = lambda said: None
        self._wall = EPOCH - BOOT
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = 0
        """The order among equal times."""
        self.processes: list[Process] = []
        self._threads: list[Thread] = []
        self._is_over = False
        self.world = Process(self, "world")
        """The process of all outside the services: the network, the clients, the supervisor. It is never killed."""
        self.process = self.world
        """The process whose code runs now."""

    # Time

    def monotonic(self) -> float:
        """Return the time of the monotonic clock, in seconds."""
        return self.now

    def time(self) -> float:
        """Return the time of the wall clock, in seconds since the epoch."""
        return self.now + self._wall

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back."""
        self._wall += seconds

    def jitter(self) -> float:
        """Return the delay of an event that could happen now, in seconds."""
        longest = LONG_JITTER if self.random.random() < LONG_CHANCE else USUAL_JITTER
        return self.random.random() * longest

    # Events

    def after(self, seconds: float, action: Callable[[], object], process: Process | None = None) -> Timer:
        """Schedule an event of a process (by default the one that runs now) after some seconds."""
        timer = Timer(process or self.process, action)
        self.push(timer, seconds)
        return timer

    def push(self, timer: Timer, seconds: float = 0.0) -> None:
        """Schedule a timer after some seconds."""
        self._order += 1
        heapq.heappush(self._heap, (self.now + max(0.0, seconds), self._order, timer))

    def run(self, seconds: float, is_done: Callable[[], bool] = lambda: False) -> bool:
        """Run events for some seconds, or until `is_done`; return whether it is done."""
        until = self.now + seconds
        while self._heap and self._heap[0][0] <= until:
            when, _, timer = heapq.heappop(self._heap)
            if timer.action is None or not timer.process.is_alive:
                continue
            if timer.process.is_paused:
                timer.process.hold(timer)
                continue
            self.now = when
            self.events += 1
            if self.events > MOST_EVENTS:
                self.on_failure("nothing comes to rest")
                return False
            self.process = timer.process
            timer.action()
            self.process = self.world
            if is_done():
                return True
        self.now = until
        return is_done()

    def note(self, text: str, process: Process | None = None) -> None:
        """Write a line of the trace."""
        self.trace.append((self.now, (process or self.process).name, text))

    # Threads

    def spawn(self, work: Callable[[], object], process: Process | None = None) -> Thread:
        """Start a thread in a process, by default in the one that runs now."""
        thread = Thread(self, process or self.process, work)
        self._threads.append(thread)
        self.after(self.jitter(), thread.go_on, thread.process)
        return thread

    def block(self, waiting: list[Wakeup] | None = None, seconds: float | None = None) -> bool:
        """Let the running thread wait for a wake-up, which others find in `waiting`; return False after a time-out."""
        if self._is_over:
            raise GreenletExit
        if self.thread is None:
            raise RuntimeError("only a thread can wait")
        wakeup = Wakeup(self, self.thread)
        if waiting is not None:
            waiting.append(wakeup)
        timer = None if seconds is None else self.after(seconds, wakeup.expire)
        answer = bool(self.hub.switch())
        if timer is not None:
            timer.cancel()
        if waiting is not None and wakeup in waiting:
            waiting.remove(wakeup)
        return answer

    def sleep(self, seconds: float) -> None:
        """Let the running thread wait."""
        self.block(None, seconds)

    def give_way(self, chance: float) -> None:
        """Sometimes let other threads run before the running one goes on."""
        if self.thread is not None and not self._is_over and self.random.random() < chance:
            self.block(None, 0.0)

    def dispose(self) -> None:
        """Unwind every thread, and drop all events."""
        self._is_over = True
        self._heap.clear()
        self.on_failure = lambda said: None
        for process in self.processes:
            process.is_alive = False
        for thread in self._threads:
            thread.dispose()
        for process in self.processes:
            process.dispose()
        self._threads.clear()
