"""Handlers for the proof; the end of each is known beforehand."""

from typing import Any

from waybill_worker.handlers.context import Context


def echo(context: Context, task_input: Any) -> Any:
    """Wait for the processing time, report progress in the middle, and return the input."""
    seconds = context.processing_time or 0
    context.sleep(seconds / 2)
    context.progress(0.5)
    context.sleep(seconds / 2)
    return task_input


def fail(context: Context, task_input: Any) -> None:
    """Wait for the processing time, then fail."""
    context.sleep(context.processing_time or 0)
    raise RuntimeError("it always fails")


def flaky(context: Context, task_input: Any) -> None:
    """Fail in the first, the third and each odd attempt; succeed in the others."""
    context.sleep(context.processing_time or 0)
    if context.attempt % 2:
        raise RuntimeError(f"it fails in attempt {context.attempt}")
