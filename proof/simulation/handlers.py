"""The handler that the simulated tasks run: it does what the task's input says."""

from collections.abc import Mapping
from typing import Any

from proof.simulation.kernel import Kernel
from proof.simulation.machine import kill_own
from proof.simulation.truth import RAISED, RETURNED, Truth
from services.worker.context import Context, Handler

HANGING = 30.0
"""Seconds for which a handler that hangs pays no heed to anything."""


def handlers(kernel: Kernel, truth: Truth) -> Mapping[str, Handler]:
    """Return the handlers by name.

    The input of `work` is `{"steps": [seconds, ...], "end": how}`, where how is one of `return`, `raise` (in every
    attempt), `recover` (raise in the first attempt only), `poison` (kill the worker), `hang` and `unkeepable`
    (return what is no JSON).
    """

    def work(context: Context, script: Any) -> Any:
        execution = truth.begin(context.task_id, context._run.number)
        steps = script["steps"]
        for done, seconds in enumerate(steps, start=1):
            context.sleep(seconds)
            context.progress(done / len(steps))
            context.metadata(step=done)
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

    return {"work": work}
