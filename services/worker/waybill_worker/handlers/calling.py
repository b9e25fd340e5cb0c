"""The call of a handler, after which its thread is as before."""

import contextvars
import inspect
import os
import signal
import sys
from contextlib import suppress
from typing import Any, NoReturn

from waybill_worker.handlers.context import Context, Handler

ADVICE = "let one return asyncio.run(work(context, task_input))"


def call(handler: Handler, context: Context, task_input: Any) -> Any:
    """Call a handler and return its result. Raises what it raises, and TypeError if it is no plain function.

    It gets its own context variables (such as the precision of decimals); signals that it has blocked in its thread are
    unblocked. A process that the handler forked ends here, since it has no worker.
    """
    pid = os.getpid()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        result = _plain(contextvars.Context().run(handler, context, task_input))
    except BaseException as error:
        if os.getpid() != pid:
            _end_copy(error)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if os.getpid() != pid:
        _end_copy(None)
    return result


def _plain(result: Any) -> Any:
    """Return the result of a handler. Raises TypeError for a coroutine or a generator."""
    if inspect.isgenerator(result):
        result.close()
        raise TypeError("the handler is a generator: it has to return its result, not to yield it")
    if inspect.isasyncgen(result) or inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            # Otherwise Python warns that it was never awaited.
            result.close()
        raise TypeError(f"the handler is asynchronous, and a worker calls plain functions: {ADVICE}")
    return result


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
