"""Threads, and what they wait for, with the interfaces of `threading` and `queue`, on the kernel."""

import queue
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from proof.simulation.virtual.kernel import Kernel, Wakeup

T = TypeVar("T")

PREEMPTED = 0.03
"""The share of times that a thread which takes a lock lets others run first."""


class Event:
    """A flag that threads wait for."""

    def __init__(self, kernel: Kernel) -> None:
        """Begin unset."""
        self._kernel = kernel
        self._flag = False
        self._waiting: list[Wakeup] = []

    def is_set(self) -> bool:
        """Return the flag."""
        return self._flag

    def set(self) -> None:
        """Set the flag and wake all waiting threads."""
        self._flag = True
        for wakeup in self._waiting:
            wakeup.fire()

    def clear(self) -> None:
        """Clear the flag."""
        self._flag = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the flag, and return it."""
        if not self._flag:
            self._kernel.block(self._waiting, timeout)
        return self._flag


class Lock:
    """A lock; taking it may let other threads run first."""

    def __init__(self, kernel: Kernel) -> None:
        """Begin free."""
        self._kernel = kernel
        self._is_held = False
        self._waiting: list[Wakeup] = []

    def __enter__(self) -> "Lock":
        self._kernel.give_way(PREEMPTED)
        self.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def acquire(self) -> None:
        """Wait until it is free, and take it."""
        while self._is_held:
            self._kernel.block(self._waiting)
        self._is_held = True

    def release(self) -> None:
        """Release it."""
        self._is_held = False
        for wakeup in self._waiting[:1]:
            wakeup.fire()


class Condition(Lock):
    """A lock whose holder can wait for a notification."""

    def __init__(self, kernel: Kernel) -> None:
        """Begin free, without waiting threads."""
        super().__init__(kernel)
        self._listening: list[Wakeup] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Release the lock, wait for a notification, and take the lock again."""
        self.release()
        try:
            return self._kernel.block(self._listening, timeout)
        finally:
            self.acquire()

    def wait_for(self, predicate: Callable[[], T], timeout: float | None = None) -> T:
        """Wait until the predicate is true or the time is up, and return its value."""
        deadline = None if timeout is None else self._kernel.now + timeout
        found = predicate()
        while not found:
            left = None if deadline is None else deadline - self._kernel.now
            if left is not None and left <= 0:
                break
            self.wait(left)
            found = predicate()
        return found

    def notify_all(self) -> None:
        """Wake all waiting threads."""
        for wakeup in self._listening:
            wakeup.fire()


class SimpleQueue(Generic[T]):
    """A queue between threads."""

    def __init__(self, kernel: Kernel) -> None:
        """Begin empty."""
        self._kernel = kernel
        self._items: deque[T] = deque()
        self._waiting: list[Wakeup] = []

    def put(self, item: T) -> None:
        """Add an item at the end."""
        self._items.append(item)
        for wakeup in self._waiting:
            if not wakeup.is_over:
                wakeup.fire()
                break

    def get(self, timeout: float | None = None) -> T:
        """Wait for an item, and take it. Raises queue.Empty."""
        deadline = None if timeout is None else self._kernel.now + timeout
        while not self._items:
            left = None if deadline is None else deadline - self._kernel.now
            if left is not None and left <= 0:
                raise queue.Empty
            self._kernel.block(self._waiting, left)
        return self._items.popleft()

    def qsize(self) -> int:
        """Return the number of items."""
        return len(self._items)

    def get_nowait(self) -> T:
        """Take an item without waiting. Raises queue.Empty."""
        if not self._items:
            raise queue.Empty
        return self._items.popleft()


class Thread:
    """A thread with the interface of the real one."""

    def __init__(self, kernel: Kernel, target: Callable[[], object], **named: Any) -> None:
        """Take what it does; its name does not matter here."""
        self._kernel = kernel
        self._target = target
        self._thread: Any = None

    def start(self) -> None:
        """Start it in the process that runs now."""
        self._thread = self._kernel.spawn(self._target)

    def is_alive(self) -> bool:
        """Return whether it has started and not ended."""
        return self._thread is not None and bool(self._thread.is_alive)

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        if self.is_alive():
            self._kernel.block(self._thread.joining, timeout)
