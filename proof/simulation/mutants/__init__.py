"""Mutants: plausible bugs in the protocol, planted one at a time; the simulation must find each."""

from collections.abc import Mapping

from proof.simulation.mutants import domain, pipelines, store, upkeep, worker
from proof.simulation.mutants.mutant import Mutant

BY_NAME: Mapping[str, Mutant] = {
    mutant.name: mutant
    for mutant in (*domain.MUTANTS, *pipelines.MUTANTS, *store.MUTANTS, *upkeep.MUTANTS, *worker.MUTANTS)
}
