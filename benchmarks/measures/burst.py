"""The burst: many sleeping tasks at once."""

import time

from benchmarks import contender
from benchmarks.client import Client
from benchmarks.contender import NAIVE_THREADS, Start
from benchmarks.figure import Figure, Side, Target
from benchmarks.load import create_many
from benchmarks.plan import Plan

TARGET = Target(of="value", at_most=4.0)
LOOK_SECONDS = 0.02
NAIVE_WAVES = 3
"""The naive worker would need minutes for all tasks, so it gets only as many as fill its threads this often."""


def measure(plan: Plan) -> list[Figure]:
    """Create all tasks as fast as possible; the figure is the seconds from the first POST to the last COMPLETED."""
    settings = plan.settings
    waybill: list[float] = []
    naive: list[float] = []
    few = NAIVE_THREADS * NAIVE_WAVES
    for number in plan.rounds("burst", settings.burst_rounds):
        if number == 1:
            took = _seconds(plan, contender.naive, few)
            naive.append(took * settings.burst_tasks / few)
            plan.say(f"   naive {took:.1f} s for {few} tasks")
        waybill.append(_seconds(plan, contender.waybill, settings.burst_tasks))
        plan.say(f"   Waybill {waybill[-1]:.2f} s for {settings.burst_tasks} tasks")
    note = f"ran {few} of them once, on {NAIVE_THREADS} threads; the rest is computed from that"
    return [
        Figure(
            name=f"{settings.burst_tasks} tasks of {settings.burst_seconds} s",
            unit="s",
            waybill=Side.of_rounds("Waybill", waybill),
            against=Side.of_rounds("naive", naive, note),
            target=TARGET,
        )
    ]


def _seconds(plan: Plan, start: Start, count: int) -> float:
    settings = plan.settings
    with start(plan.folder) as server, Client(server.port) as client:
        begin = time.monotonic()
        created = create_many(server.port, count, settings.burst_seconds, settings.connections).check()
        client.wait_for_all(created.task_ids, LOOK_SECONDS)
        return time.monotonic() - begin
