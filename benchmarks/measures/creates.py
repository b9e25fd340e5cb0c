"""Durable creates per second, against Tornado doing nothing."""

from benchmarks import contender
from benchmarks.contender import Start
from benchmarks.figure import Figure, Side, Target
from benchmarks.plan import Plan

TARGET = Target(of="ratio", at_least=0.55)


def measure(plan: Plan) -> list[Figure]:
    """Create tasks as fast as possible, in turns and without a worker; Waybill answers once a task is on disk."""
    waybill: list[float] = []
    noop: list[float] = []
    for _ in plan.rounds("creates", plan.settings.create_rounds):
        noop.append(_rate(plan, contender.noop))
        waybill.append(_rate(plan, contender.waybill_api))
        plan.say(f"   noop {noop[-1]:,.0f}/s, Waybill {waybill[-1]:,.0f}/s")
    return [
        Figure(
            name="durable creates",
            unit="/s",
            waybill=Side.of_rounds("Waybill", waybill),
            against=Side.of_rounds("noop", noop),
            target=TARGET,
        )
    ]


def _rate(plan: Plan, start: Start) -> float:
    settings = plan.settings
    with start(plan.folder) as server:
        plan.create_for(server.port, settings.warm_up_seconds, settings.connections)
        return plan.create_for(server.port, settings.create_seconds, settings.connections).check().rate
