"""The verdict shows every count and says plainly whether all promises held."""

from dataclasses import fields

import pytest

from proof.checks import verdict
from proof.checks.checker import Findings, Violations
from proof.checks.healing import Healing


def test_a_clean_run_holds() -> None:
    findings = Findings(acknowledged=5, healing=Healing([1.0, 4.9], [0.0, 16.5]))
    assert verdict.holds(findings)
    table = verdict.table(findings)
    assert "Every promise held" in table
    assert "MISSED" not in table


@pytest.mark.parametrize("kind", [one.name for one in fields(Violations)])
def test_any_violation_breaks_it_and_is_shown(kind: str) -> None:
    findings = Findings()
    findings.blame(kind, "an example")
    assert not verdict.holds(findings)
    table = verdict.table(findings)
    assert "PROMISES WERE BROKEN: 1" in table
    assert "an example" in table
    assert "<- must be 0" in next(line for line in table.splitlines() if line.split("  ")[1] == kind.replace("_", " "))


def test_lost_workers_double_runs_and_slowness_do_not_break_it() -> None:
    findings = Findings(worker_lost=3, double_runs=9, healing=Healing([5.1], [16.6]))
    assert verdict.holds(findings)
    assert verdict.table(findings).count("MISSED") == 2
