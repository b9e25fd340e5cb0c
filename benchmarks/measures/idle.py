"""The idle installation: how long one task of 0 s takes when there is nothing else to do."""

import time

from benchmarks import contender
from benchmarks.client import Client
from benchmarks.contender import POLL_SECONDS, Start
from benchmarks.figure import Figure, Side, Target, median, percentile
from benchmarks.plan import Plan

TARGET = Target(of="value", at_most=20.0)


def measure(plan: Plan) -> list[Figure]:
    """Create one task, wait for its end, pause, repeat; the figure is the milliseconds from the POST to COMPLETED."""
    waybill: list[float] = []
    naive: list[float] = []
    settings = plan.settings
    for _ in plan.rounds("idle", settings.idle_rounds):
        naive += _milliseconds(plan, contender.naive, settings.idle_tries_naive)
        waybill += _milliseconds(plan, contender.waybill, settings.idle_tries)
        plan.say(f"   so far: naive {median(naive):.0f} ms, Waybill {median(waybill):.1f} ms")
    note = f"was asked every {1000 * POLL_SECONDS:g} ms, {len(naive)} times; Waybill has ?wait, {len(waybill)} times"
    return [
        Figure(
            name="idle, median",
            unit="ms",
            waybill=Side.of_rounds("Waybill", waybill),
            against=Side.of_rounds("naive", naive, note),
            target=TARGET,
        ),
        Figure(
            name="idle, 95th percentile",
            unit="ms",
            waybill=Side(name="Waybill", value=percentile(waybill, 0.95), values=tuple(waybill)),
            against=Side(name="naive", value=percentile(naive, 0.95), values=tuple(naive)),
        ),
    ]


def _milliseconds(plan: Plan, start: Start, tries: int) -> list[float]:
    found: list[float] = []
    with start(plan.folder) as server, Client(server.port) as client:
        for _ in range(tries):
            time.sleep(plan.settings.idle_pause)
            begin = time.perf_counter()
            client.wait_for(client.create(0), server.interval)
            found.append(1000 * (time.perf_counter() - begin))
    return found
