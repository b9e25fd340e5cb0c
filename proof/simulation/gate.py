"""Many seeds on all cores, and the gate: an invariant must catch each mutant."""

import multiprocessing
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.pool import Pool

from proof.simulation.mutants import BY_NAME
from proof.simulation.oracle import Violation
from proof.simulation.simulation import Ending, simulate

TAIL = 40
"""How many lines of a failing seed's trace are kept; a replay has them all."""

MISFIT = "TypeError"
"""The errors of a mutant that no longer fits the function it replaces: caught for the wrong reason."""

SEEDS_OF_A_PROCESS = 250
"""Seeds after which a process is replaced, because lock files stay registered with an interpreter for its life."""


@dataclass
class Tally:
    """The sum of many simulations."""

    seeds: int = 0
    events: int = 0
    tasks: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    violated: list[Ending] = field(default_factory=list)

    def add(self, ending: Ending) -> None:
        """Add a simulation."""
        self.seeds += 1
        self.events += ending.events
        self.tasks += ending.tasks
        self.faults += ending.faults
        if ending.violations:
            self.violated.append(ending)


@dataclass(frozen=True, slots=True)
class Catch:
    """A mutant, and how it was caught; the seed is None if it was not."""

    mutant: str
    seed: int | None = None
    violation: Violation | None = None


def run_all(seeds: Iterable[int]) -> Iterator[Ending]:
    """Yield the endings of the seeds as they come."""
    with _pool(SEEDS_OF_A_PROCESS) as pool:
        yield from pool.imap_unordered(_short, seeds)


def catch_all(mutants: Sequence[str], seeds: Sequence[int]) -> Iterator[Catch]:
    """Yield for each mutant the first of these seeds that catches it, in the order of the mutants."""
    with _pool(1) as pool:
        yield from pool.imap(partial(catch, seeds=seeds), mutants)


def catch(mutant: str, seeds: Sequence[int]) -> Catch:
    """Plant a mutant, and return the first seed that shows a violation. Raises KeyError."""
    for seed in seeds:
        with BY_NAME[mutant].planted():
            ending = simulate(seed)
        if ending.violations and MISFIT not in ending.violations[0].detail:
            return Catch(mutant, seed, ending.violations[0])
    return Catch(mutant)


def replay(seed: int, mutant: str | None = None) -> Ending:
    """Run one seed, of the product as it is or with a mutant planted. Raises KeyError."""
    with nullcontext() if mutant is None else BY_NAME[mutant].planted():
        return simulate(seed)


def _pool(tasks_of_a_process: int) -> Pool:
    """Return one process per core, forked from one without threads that has imported the product."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context.Pool(maxtasksperchild=tasks_of_a_process)


def _short(seed: int) -> Ending:
    """Run one seed, and keep at most the tail of its trace, if that is wanted."""
    ending = simulate(seed)
    tail = ending.trace[-TAIL:] if ending.violations else ()
    return Ending(seed, ending.violations, ending.events, ending.tasks, ending.faults, tail)
