"""Run it: `python -m proof.simulation --seeds 500`, `--seed 123` or `--mutants`; it exits with 1 if a promise broke."""

import argparse
import sys
import time

from proof.simulation.gate import Tally, catch_all, replay, run_all
from proof.simulation.mutants import BY_NAME
from proof.simulation.simulation import Ending

EVERY = 1_000


def main() -> int:
    """Do what the arguments say, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m proof.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, metavar="N", help="run N seeds")
    parser.add_argument("--start", type=int, default=0, metavar="N", help="the first of them")
    parser.add_argument("--seed", type=int, metavar="N", help="run one seed and show its trace")
    parser.add_argument("--mutants", action="store_true", help="plant each mutant and catch it within --seeds")
    parser.add_argument("--mutant", choices=sorted(BY_NAME), metavar="NAME", help="with --seed: plant this one")
    arguments = parser.parse_args()
    seeds = range(arguments.start, arguments.start + arguments.seeds)
    if arguments.mutants:
        return _mutants(seeds)
    if arguments.seed is not None:
        ending = replay(arguments.seed, arguments.mutant)
        _show(ending)
        return bool(ending.violations)
    return _seeds(seeds)


def _seeds(seeds: range) -> int:
    began, tally = time.monotonic(), Tally()
    for ending in run_all(seeds):
        tally.add(ending)
        if tally.seeds % EVERY == 0:
            _print(f"  {tally.seeds:,} seeds, {len(tally.violated)} violated")
        if ending.violations:
            _show(ending)
    faults = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in sorted(tally.faults.items()))
    _print(f"seeds       {tally.seeds:,} ({seeds.start} to {seeds.stop - 1}) in {time.monotonic() - began:.0f} s")
    _print(f"events      {tally.events:,}, with {tally.tasks:,} tasks")
    _print(f"faults      {sum(tally.faults.values()):,}: {faults}")
    _print(f"violations  {len(tally.violated)}")
    return bool(tally.violated)


def _mutants(seeds: range) -> int:
    survived = 0
    _print(f"{'mutant':<58} {'seed':>5}  caught by")
    for caught in catch_all(list(BY_NAME), seeds):
        if caught.violation is None:
            survived += 1
            _print(f"{caught.mutant:<58} {'-':>5}  SURVIVED {len(seeds)} seeds")
            continue
        detail = caught.violation.detail
        by_database = "IntegrityError" in detail
        said = f"the database: {detail.rpartition(': ')[2]}" if by_database else caught.violation.invariant
        _print(f"{caught.mutant:<58} {caught.seed:>5}  {said}")
    _print(f"{len(BY_NAME)} mutants, {survived} survived")
    return bool(survived)


def _show(ending: Ending) -> None:
    _print("\n".join(ending.trace))
    for violation in ending.violations:
        _print(f"seed {ending.seed} VIOLATED at {violation.at:.4f}: {violation.invariant} {violation.detail}")
    _print(f"seed {ending.seed}: {ending.events:,} events, {len(ending.violations)} violations")


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
