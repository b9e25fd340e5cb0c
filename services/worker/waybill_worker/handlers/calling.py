"""The call of a handler, after which its thread is as before."""

import asyncio
import contextvars
import inspect
import os
import signal
import sys
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, NoReturn

from waybill_worker.handlers.context import Context, Handler


def call(handler: Handler, context: Context, task_input: Any) -> Any:
    """Call a handler and return its result. Raises what it raises, and TypeError if it is a generator.

    A coroutine runs in an event loop of its own in this thread, and is cancelled once the run is stopped. A handler
    gets its own context variables (such as the precision of decimals); signals that it has blocked in its thread are
    unblocked. A process that the handler forked ends here, since it has no worker.
    """
    pid = os.getpid()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        variables = contextvars.Context()
        result = variables.run(handler, context, task_input)
        if inspect.isgenerator(result) or inspect.isasyncgen(result):
            raise TypeError("the handler is a generator: it has to return its result, not to yield it")
        if inspect.isawaitable(result):
            result = _awaited(result, context, variables)
    except BaseException as error:
        if os.getpid() != pid:
            _end_copy(error)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if os.getpid() != pid:
        _end_copy(None)
    return result


def _awaited(work: Awaitable[Any], context: Context, variables: contextvars.Context) -> Any:
    """Run a coroutine to its end, and return its result."""

    async def attend() -> Any:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def cancel() -> None:
            # The loop may have ended on its own.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel if task is not None else loop.stop)

        context.when_stopped(cancel)
        return await work

    with asyncio.Runner() as runner:
        return runner.run(attend(), context=variables)


def _end_copy(error: BaseException | None) -> NoReturn:
    status = 0 if error is None else 1
    with suppress(BaseException):
        if isinstance(error, SystemExit):
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            sys.excepthook(type(error), error, error.__traceback__)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    os._exit(status & 0xFF)
