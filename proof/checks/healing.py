"""How fast tasks were taken up again, computed from the history and the times of the deeds."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from proof.checks.history import Phase, State, Story
from proof.plan import CALM
from proof.record import Deed

TAKEN_UP = (State.HELD, State.FINAL)


@dataclass(frozen=True, slots=True)
class Healing:
    """The seconds of healing, one number for each task and disturbance, in rising order."""

    after_kill: Sequence[float] = ()
    """From the restart of what was killed; see `after_kills`."""
    waits: Sequence[float] = ()
    """From the last fault or start; see `waits`."""


def measure(stories: Iterable[Story], deeds: Sequence[Deed]) -> Healing:
    """Return the healing in a record."""
    told = list(stories)
    return Healing(sorted(after_kills(told, deeds)), sorted(waits(told, deeds)))


def after_kills(stories: Sequence[Story], deeds: Sequence[Deed]) -> Iterator[float]:
    """Yield for each task that a kill has touched the seconds from the restart until it was claimed again or final.

    A kill touches the tasks that a killed worker held at that moment, and those that waited then and still waited at
    the restart. The time counts from the start of the last killed process's successor to the first claim or end
    after the kill; it is 0 if another worker was faster than the restart. The death of the API does not touch the tasks
    of a living worker: they go on. Only kills count that no other fault follows within most of a calm; the plan chooses
    them, not the outcome, so nothing slow is left out. A task that was never taken up again is stuck, and not measured
    here.
    """
    for kill in _kills(deeds):
        for story in stories:
            at = _index(story.phases, kill.at)
            if at < 0:
                continue
            phase = story.phases[at]
            healed = next((later.since for later in story.phases[at + 1 :] if later.state in TAKEN_UP), None)
            if healed is None:
                continue
            was_held = phase.state is State.HELD and phase.holder in kill.worker_ids
            if was_held or (phase.state is State.WAITING and healed >= kill.restarted):
                yield max(0, healed - kill.restarted) / 1000


def waits(stories: Sequence[Story], deeds: Sequence[Deed]) -> Iterator[float]:
    """Yield the seconds that tasks waited for a worker.

    A wait lasts from the moment a run was due, or from the claim of the previous run if that was lost, to the next
    claim or end. It counts only from the last deed before that (a signal, a start, an API that has become ready, a
    deletion, the begin or the end of a fault on the wire), because each deed may delay it: an API that has become ready
    gives every worker a fresh lease. Back-off does not count.
    """
    moments = sorted(deed.at for deed in deeds if deed.what != "exit")
    for story in stories:
        for before, phase, following in zip([None, *story.phases], story.phases, story.phases[1:], strict=False):
            if phase.state is not State.WAITING or following.state not in TAKEN_UP:
                continue
            since = before.since if before is not None and before.state is State.HELD else phase.since
            index = bisect_right(moments, following.since)
            since = max(since, moments[index - 1] if index else 0)
            yield max(0, following.since - since) / 1000


@dataclass(frozen=True, slots=True)
class _Kill:
    at: int
    restarted: int
    worker_ids: frozenset[str]


def _kills(deeds: Sequence[Deed]) -> Iterator[_Kill]:
    """Yield the kills that a calm follows; kills at nearly the same moment are one."""
    disturbances = [deed for deed in deeds if deed.what not in ("start", "ready", "exit")]
    taken = -1
    for index, deed in enumerate(disturbances):
        if deed.what != "kill" or index <= taken:
            continue
        together = [deed]
        for other in disturbances[index + 1 :]:
            if other.what != "kill" or other.at - deed.at > TOGETHER:
                break
            together.append(other)
        taken = index + len(together) - 1
        restarts = [_restart(one, deeds) for one in together]
        following = disturbances[taken + 1].at if taken + 1 < len(disturbances) else None
        if None in restarts:
            continue
        restarted = max(one for one in restarts if one is not None)
        if following is None or following - deed.at >= 1000 * (CALM - MARGIN):
            ids = frozenset(one.worker_id for one in together if one.worker_id is not None)
            yield _Kill(deed.at, restarted, ids)


TOGETHER = 100
"""Milliseconds within which the signals of one fault are sent."""

MARGIN = 1.0
"""Seconds of a calm that the restart and a slow machine may take."""


def _restart(kill: Deed, deeds: Sequence[Deed]) -> int | None:
    return next(
        (deed.at for deed in deeds if deed.what == "start" and deed.who == kill.who and deed.at >= kill.at), None
    )


def _index(phases: Sequence[Phase], at: int) -> int:
    """Return the index of the phase at a time; -1 before the first."""
    return bisect_left([phase.since for phase in phases], at) - 1


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the quantile (nearest rank) of the numbers; `share` is from 0 to 1. None without numbers."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
