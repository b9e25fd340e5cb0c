"""The plan of a run: tasks to create and faults to inflict, with their times, all drawn from a seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from waybill.domain.status import ErrorCode, Status
from waybill_worker.handlers.sleep import UNLUCKY

WORKERS = 2

GAP = 1.0
"""Seconds from one fault to the next, on average; some come at nearly the same moment."""

CALM = 7.0
"""Seconds without another fault after some kills, so that their healing is measured by itself."""

LEAD = 1.0
"""Seconds before a kill in which more tasks are created."""

LONGEST_STOP = 4.0

CLOSING_GAP = 5.0
"""Seconds from one closing fault to the next: enough for both services to be there again."""

EVERY = 3
"""Of this many kills, one has a calm after it."""

FREEZE = 18.0
"""Seconds that are longer than a lease of 15 and a tick of the reaper."""


class FaultKind(StrEnum):
    """The kinds of faults."""

    KILL_API = "kill api"
    KILL_WORKER = "kill worker"
    KILL_BOTH = "kill both"
    STOP_API = "stop api"
    STOP_WORKER = "stop worker"
    FREEZE_WORKER = "freeze worker"
    """The worker stops for longer than its lease: when it goes on, other workers have its runs."""
    LOSE_MESSAGES = "lose messages"
    """A worker that has taken messages is killed while its claims do not get through."""
    LOSE_WORKER = "lose worker"
    """A worker stops for good: it still holds its lock, so only its silence shows the loss."""
    DELETE_QUEUE = "delete queue"
    LATENCY = "latency"
    RESET = "reset"
    """Connections are reset before the request is passed on."""
    LOST_ANSWER = "lost answer"
    """Connections are reset after the request was applied."""
    CUT_ANSWER = "cut answer"
    DOUBLED = "doubled"
    """Requests are passed on twice, the second time at once or seconds later."""


KILLS = (FaultKind.KILL_API, FaultKind.KILL_WORKER, FaultKind.KILL_BOTH)
STOPS = (FaultKind.STOP_API, FaultKind.STOP_WORKER, FaultKind.FREEZE_WORKER)
ON_THE_WIRE = (FaultKind.LATENCY, FaultKind.RESET, FaultKind.LOST_ANSWER, FaultKind.CUT_ANSWER, FaultKind.DOUBLED)

DECK = (
    *[FaultKind.KILL_API] * 3,
    *[FaultKind.KILL_WORKER] * 4,
    *[FaultKind.KILL_BOTH] * 2,
    *[FaultKind.STOP_API] * 2,
    *[FaultKind.STOP_WORKER] * 2,
    FaultKind.FREEZE_WORKER,
    FaultKind.LOSE_MESSAGES,
    *[FaultKind.DELETE_QUEUE] * 2,
    *ON_THE_WIRE,
    FaultKind.LOST_ANSWER,
    FaultKind.DOUBLED,
)
"""How often each kind is in the pack, which is shuffled again and again."""


CLOSING = (FaultKind.KILL_API, FaultKind.LOSE_MESSAGES, FaultKind.LOSE_WORKER)
"""The last faults of a plan: no later fault repairs by accident what the product leaves broken.

Worker 1 must deliver the reports that it kept while the API was away, the dispatcher must send again the messages that
worker 0 took, and the reaper must notice that worker 0 does not come back.
"""

GATHERING = 1.2
"""Seconds to lose messages: they gather in the first half, and a worker takes them in the second."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: when it begins, in seconds from the start, and how long it lasts."""

    at: float
    kind: FaultKind
    seconds: float = 0.0
    worker: int = 0
    """The number of the worker, if the fault is about one."""
    when_whole: bool = False
    """Whether it waits until every service runs again."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The end that an attempt must have."""

    status: Status
    code: ErrorCode | None = None
    result: Any = None


class Control(StrEnum):
    """What a client may ask for a created task."""

    CANCEL = "cancel"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Wish:
    """A task to create, `at` seconds from the start, and what is asked for it `after` seconds later."""

    at: float
    name: str
    type: str = "sleep"
    processing_time: int = 0
    input: Any = None
    control: Control | None = None
    after: float = 0.0

    @property
    def ending(self) -> Ending:
        """The end that the task must have unless it is cancelled."""
        if self.type == "proof-fail" or (self.type == "sleep" and self.processing_time == UNLUCKY):
            return Ending(Status.ERROR, ErrorCode.FAILED)
        return Ending(Status.COMPLETED, result=self.input if self.type == "proof-echo" else None)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a seed decides; the timing of the machine may differ from run to run."""

    seed: int
    wishes: tuple[Wish, ...]
    faults: tuple[Fault, ...]
    seconds: float
    """The seconds in which tasks are created and faults happen."""


def draw(seed: int, tasks: int, faults: int) -> Plan:
    """Draw a plan; the same numbers give the same plan on every machine. It ends with CLOSING if there is room."""
    planned = tuple(_faults(random.Random(f"{seed}/faults"), faults))  # noqa: S311  # chance, not secrecy
    seconds = planned[-1].at + planned[-1].seconds + GAP if planned else 2 * GAP
    chance = random.Random(f"{seed}/wishes")  # noqa: S311
    bursts = [_burst(fault) for fault in planned if fault.kind in (*KILLS, *CLOSING)] or [0.0]
    wishes = sorted(_wishes(chance, tasks, seconds, bursts), key=lambda wish: wish.at)
    return Plan(seed, tuple(wishes), planned, seconds)


def _faults(chance: random.Random, count: int) -> Iterator[Fault]:
    closing = CLOSING if count > len(CLOSING) else ()
    kills = 0
    at = 2 * GAP
    for kind in _kinds(chance, count - len(closing)):
        kills += kind in KILLS
        yield Fault(round(at, 3), kind, _duration(chance, kind), chance.randrange(WORKERS))
        at += min(chance.expovariate(1 / GAP), 3 * GAP)
        if kind in (FaultKind.FREEZE_WORKER, FaultKind.LOSE_MESSAGES):
            at += _duration(chance, kind)
        elif kind in KILLS and kills % EVERY == 0:
            at += CALM
    at += LONGEST_STOP
    for kind in closing:
        yield Fault(round(at, 3), kind, _duration(chance, kind), when_whole=True)
        at += CLOSING_GAP


def _kinds(chance: random.Random, count: int) -> Iterator[FaultKind]:
    pack: list[FaultKind] = []
    for _ in range(count):
        if not pack:
            pack = list(DECK)
            chance.shuffle(pack)
        yield pack.pop()


def _burst(fault: Fault) -> float:
    """Return when to create more tasks, so that the fault has something to harm."""
    return fault.at if fault.kind is FaultKind.LOSE_MESSAGES else fault.at - LEAD


def _duration(chance: random.Random, kind: FaultKind) -> float:
    if kind is FaultKind.FREEZE_WORKER:
        return FREEZE
    if kind is FaultKind.LOSE_MESSAGES:
        return GATHERING
    if kind in STOPS:
        return round(chance.uniform(0.2, LONGEST_STOP), 3)
    if kind in ON_THE_WIRE:
        return round(chance.uniform(0.5, 3.0), 3)
    return 0.0


def _wishes(chance: random.Random, count: int, seconds: float, bursts: Sequence[float]) -> Iterator[Wish]:
    for number in range(count):
        in_a_burst = chance.random() < 0.3
        at = chance.choice(bursts) + chance.uniform(0, LEAD / 2) if in_a_burst else chance.uniform(0, seconds)
        name = f"task {number}"
        control = chance.choices((None, Control.CANCEL, Control.RETRY), (92, 4, 4))[0]
        after = round(chance.uniform(0, 3), 3)
        what = chance.choices(("sleep", "proof-echo", "proof-flaky", "proof-fail"), (76, 14, 6, 4))[0]
        if what == "sleep":
            weights = (10, 40, 40, 9, 1) if in_a_burst else (45, 30, 18, 5, 2)
            processing_time = chance.choices((0, 1, 2, 5, UNLUCKY), weights)[0]
        else:
            processing_time = chance.choices((0, 1, 2), (2, 2, 1))[0]
        said = {"number": number, "noise": chance.getrandbits(32)} if what == "proof-echo" else None
        yield Wish(round(at, 3), name, what, processing_time, said, control, after)
