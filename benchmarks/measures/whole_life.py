"""Whole lives: from the first create to the last COMPLETED."""

import time

from benchmarks import contender
from benchmarks.client import Client
from benchmarks.contender import NAIVE_THREADS, Start
from benchmarks.figure import Figure, Side, Target
from benchmarks.load import create_many
from benchmarks.plan import Plan

TARGET = Target(of="ratio", at_least=2.0)
LOOK_SECONDS = 0.02


def measure(plan: Plan) -> list[Figure]:
    """Create and run tasks of 0 s, in turns; the rate counts tasks that a client sees COMPLETED."""
    waybill: list[float] = []
    naive: list[float] = []
    settings = plan.settings
    for _ in plan.rounds("whole lives", settings.life_rounds):
        naive.append(_rate(plan, contender.naive, settings.life_tasks_naive))
        waybill.append(_rate(plan, contender.waybill, settings.life_tasks))
        plan.say(f"   naive {naive[-1]:,.0f}/s, Waybill {waybill[-1]:,.0f}/s")
    note = (
        f"ran {settings.life_tasks_naive:,} tasks a round on {NAIVE_THREADS} threads, Waybill {settings.life_tasks:,}"
    )
    return [
        Figure(
            name="whole lives",
            unit="/s",
            waybill=Side.of_rounds("Waybill", waybill),
            against=Side.of_rounds("naive", naive, note),
            target=TARGET,
        )
    ]


def _rate(plan: Plan, start: Start, count: int) -> float:
    with start(plan.folder) as server, Client(server.port) as client:
        begin = time.monotonic()
        created = create_many(server.port, count, 0, plan.settings.connections).check()
        client.wait_for_all(created.task_ids, LOOK_SECONDS)
        return count / (time.monotonic() - begin)
