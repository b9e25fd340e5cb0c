"""The event loop of the API's process: asyncio's futures and tasks on the kernel's clock."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, cast

from proof.simulation.virtual.kernel import Kernel
from proof.simulation.virtual.process import Process


class Loop:
    """The part of an event loop that coroutines, sleeps and executors need."""

    def __init__(self, kernel: Kernel, process: Process) -> None:
        """Serve this process."""
        self._kernel = kernel
        self._process = process
        self._tasks: set[asyncio.Task[Any]] = set()
        self._heard_until = 0.0
        self._is_over = False

    def time(self) -> float:
        """Return monotonic seconds."""
        return self._kernel.now

    def get_debug(self) -> bool:
        """Return False."""
        return False

    def is_running(self) -> bool:
        """Return whether the process lives."""
        return self._process.is_alive

    def is_closed(self) -> bool:
        """Return whether it does not."""
        return not self._process.is_alive

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        """Call a function after all earlier ones."""
        return self.call_later(0, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call a function at a time of this loop."""
        return self.call_later(when - self.time(), callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call a function after some seconds."""
        handle = asyncio.TimerHandle(self.time() + delay, callback, args, self._as_asyncio(), context)
        self._kernel.after(delay, lambda: self._run(handle), self._process)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Call a function once the loop has noticed, in the order of the calls; the process may die before."""
        self._heard_until = max(self._heard_until, self.time() + self._kernel.jitter())
        return self.call_at(self._heard_until, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Do nothing about a cancelled timer: it is checked before it runs."""

    def create_future(self) -> "asyncio.Future[Any]":
        """Make a future."""
        return asyncio.Future(loop=self._as_asyncio())

    def create_task(
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> "asyncio.Task[Any]":
        """Run a coroutine as a task."""
        task = asyncio.Task(coro, loop=self._as_asyncio(), name=name or "task", context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":
        """Call a function a little later, as a thread would."""
        future = self.create_future()

        def call() -> None:
            try:
                value = func(*args)
            except Exception as error:  # noqa: BLE001 - the future raises it
                self.call_soon_threadsafe(_fail, future, error)
            else:
                self.call_soon_threadsafe(_resolve, future, value)

        self._kernel.after(self._kernel.jitter(), call, self._process)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Report an exception that no caller waits for."""
        if not self._is_over:
            self._kernel.on_failure(f"in the loop of {self._process.name}: {context.get('message')}")

    def dispose(self) -> None:
        """Close every coroutine, and call nothing any more."""
        self._is_over = True
        for task in list(self._tasks):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            coroutine = task.get_coro()
            if coroutine is not None:
                coroutine.close()

    def _as_asyncio(self) -> asyncio.AbstractEventLoop:
        return cast(asyncio.AbstractEventLoop, self)

    def _run(self, handle: asyncio.Handle) -> None:
        if handle.cancelled():
            return
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self._as_asyncio())
        try:
            handle._run()
        finally:
            asyncio._set_running_loop(before)


def _resolve(future: "asyncio.Future[Any]", value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: "asyncio.Future[Any]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
