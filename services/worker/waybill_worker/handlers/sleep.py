"""The assignment's handler: it emulates work by waiting."""

from typing import Any

from waybill_worker.handlers.context import Context

UNLUCKY = 13


def sleep(context: Context, task_input: Any) -> None:
    """Wait for the task's `processing_time` in seconds.

    A task of exactly 13 seconds waits and then fails: "if the worker receives the value 13 in processing_time, it waits
    that long and ends the task with an error" is a rule of the assignment.
    """
    seconds = context.processing_time or 0
    if seconds:
        context.sleep(seconds)
    if seconds == UNLUCKY:
        raise RuntimeError(f"a task of {UNLUCKY} seconds always fails")
