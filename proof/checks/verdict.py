"""The verdict: findings as a table, and whether they hold."""

from collections.abc import Iterator, Sequence
from dataclasses import fields

from proof.checks.checker import Findings, Violations
from proof.checks.healing import quantile

AFTER_KILL = 5.0
"""Seconds from the restart within which 99 of 100 tasks that a kill has touched must be taken up again."""

LONGEST_WAIT = 16.5
"""Seconds from the last fault within which each task must be taken up: a lease of 15, a tick of 1, a hand-over."""

WIDTH = 22


def holds(findings: Findings) -> bool:
    """Whether no promise was broken."""
    return findings.violations.total == 0


def table(findings: Findings) -> str:
    """Return the verdict as lines for people."""
    return "\n".join([*_counts(findings), *_speeds(findings), *_examples(findings), "", sentence(findings)])


def sentence(findings: Findings) -> str:
    """Return the verdict in one line."""
    if holds(findings):
        return f"Every promise held: {findings.acknowledged} tasks were acknowledged, and each ended as it had to."
    return f"PROMISES WERE BROKEN: {findings.violations.total} violations."


def _counts(findings: Findings) -> Iterator[str]:
    yield _line("acknowledged", findings.acknowledged)
    for one in fields(Violations):
        count = getattr(findings.violations, one.name)
        yield _line(one.name.replace("_", " "), count, "" if count == 0 else "<- must be 0")
    yield _line(
        "ended worker_lost",
        findings.worker_lost,
        "(after four crashes alone each, or sixteen lost workers; no violation)",
    )
    yield _line("double runs", findings.double_runs, "(the price of at least once; no violation)")


def _speeds(findings: Findings) -> Iterator[str]:
    kills, waits = findings.healing.after_kill, findings.healing.waits
    yield _line("heal after SIGKILL", _figures(kills), _target("p99", quantile(kills, 0.99), AFTER_KILL))
    yield _line("wait for a worker", _figures(waits), _target("max", quantile(waits, 1.0), LONGEST_WAIT))


def _examples(findings: Findings) -> Iterator[str]:
    for kind, shown in findings.examples.items():
        yield f"\n{kind.replace('_', ' ')}, for instance:"
        yield from (f"  {example}" for example in shown)


def _line(name: str, value: object, remark: str = "") -> str:
    return f"  {name:<{WIDTH}} {value:>7}  {remark}".rstrip()


def _figures(seconds: Sequence[float]) -> str:
    p50, p99, most = (quantile(seconds, share) for share in (0.5, 0.99, 1.0))
    if p50 is None:
        return "nothing to measure"
    return f"p50 {p50:.2f} s, p99 {p99:.2f} s, max {most:.2f} s of {len(seconds)}"


def _target(name: str, measured: float | None, most: float) -> str:
    if measured is None:
        return ""
    return f"target {name} <= {most:g} s: {'holds' if measured <= most else 'MISSED'}"
