"""Fairness: which types may take the last slots, so that long tasks of one type do not block the others."""

from collections import Counter
from collections.abc import Collection, Iterable
from math import inf

from waybill.domain.route import type_of
from waybill_worker.runs.runs import Run


def admitted(routes: Collection[str], running: Iterable[Run], free: int, reserve: int) -> dict[str, float]:
    """Return the routes whose messages may take one of the last `free` slots, with the priority they must exceed.

    A type with fewer than `free` runs may take one at any priority, so that each further type gets half of the rest.
    Any other type may take one only for a task that is more urgent than all its runs, and only while more than half of
    the `reserve` is free, so that a client with many priorities cannot take all.
    """
    if free < 1:
        return {}
    held: Counter[str] = Counter()
    most_urgent: dict[str, int] = {}
    for run in running:
        name = type_of(run.route)
        held[name] += 1
        most_urgent[name] = max(run.priority, most_urgent.get(name, run.priority))
    may_overtake = 2 * free > reserve
    floors = {name: -inf if held[name] < free else most_urgent[name] for name in {type_of(route) for route in routes}}
    return {route: floors[name] for route in routes if floors[name := type_of(route)] == -inf or may_overtake}
