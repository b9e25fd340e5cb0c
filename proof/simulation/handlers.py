"""The handlers that the simulated tasks run: they do what the task's input says."""

from collections.abc import Mapping
from typing import Any

from proof.simulation.machine import kill_own
from proof.simulation.truth import RAISED, RETURNED, Execution, Truth
from proof.simulation.virtual.kernel import Kernel
from waybill_worker.handlers.context import Context, Handler

STAGES = ("fetch", "parse", "store")
"""The handlers of the pipeline."""

DECLARED = {"late": {"handler": "work", "timeout": 9, "max_attempts": 3, "min_backoff": 0.5, "max_backoff": 4.0}}
"""The types that exist only because the workers' code declares them."""

HANGING = 30.0
"""Seconds for which a hanging handler reacts to nothing."""


def handlers(kernel: Kernel, truth: Truth) -> Mapping[str, Handler]:
    """Return the handlers by name.

    The input of `work` is `{"steps": [seconds, ...], "end": how}`, where how is one of `return`, `raise` (in every
    attempt), `recover` (raise in the first attempt only), `poison` (kill the worker), `hang` and `unkeepable`
    (return something that is no JSON). A stage gets `{"scripts": {stage: as above}, "trail": [serial, ...]}`, and
    returns the same with one more serial.
    """

    def work(context: Context, script: Any) -> Any:
        return act(context, script, truth.begin(context.task_id, context.run, "work", script))

    def stage(name: str) -> Handler:
        def run(context: Context, given: Any) -> Any:
            execution = truth.begin(context.task_id, context.run, name, given)
            execution.carried = {"scripts": given["scripts"], "trail": [*given["trail"], execution.serial]}
            return act(context, given["scripts"][name], execution)

        return run

    def act(context: Context, script: Any, execution: Execution) -> Any:
        try:
            return follow(context, script, execution)
        finally:
            execution.has_left = True

    def follow(context: Context, script: Any, execution: Execution) -> Any:
        steps = script["steps"]
        # What it prints: here all threads are one to Python, so that no print could be told from another.
        context._run.log.take(execution.line)
        for done, seconds in enumerate(steps, start=1):
            context.sleep(seconds)
            context.progress(done / len(steps))
            context.metadata(step=done)
            context._run.log.take(execution.line)
        end = script["end"]
        if end == "poison":
            kernel.note("is killed by what it runs")
            kill_own(kernel)
        if end == "hang":
            kernel.sleep(HANGING)
        fails = end in ("raise", "unkeepable") or (end == "recover" and context.attempt == 1)
        truth.end(execution, RAISED if fails else RETURNED)
        if end == "unkeepable":
            return {1, 2}
        if fails:
            raise ValueError("as the task wishes")
        return execution.result

    return {"work": work, **{name: stage(name) for name in STAGES}}
