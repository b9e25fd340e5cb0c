"""Who may take one of the last slots, so that one type's long tasks do not keep out all others and what is urgent."""

from collections import Counter
from collections.abc import Collection, Iterable
from math import inf

from services.worker.runs import Run
from shared.domain.route import type_of


def admitted(routes: Collection[str], running: Iterable[Run], free: int, reserve: int) -> dict[str, float]:
    """Return the routes of which a message may take one of the last `free` slots, with the priority it has to exceed.

    A type that runs fewer than that may take one, whatever its priority. So each type that comes takes half of what
    is left, and there is something left for the next. Any other may take one for a task that is more urgent than all
    that it runs, while more than half of the `reserve` is left: who chooses among many priorities takes no more.
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
