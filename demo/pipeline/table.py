"""The trackers side by side."""

from collections.abc import Callable, Sequence

from demo.pipeline.tally import Tally
from throwaway.table import aligned

ROWS: Sequence[tuple[str, Callable[[Tally], float | None], str]] = (
    ("reports delivered", lambda tally: tally.delivered, ",.0f"),
    ("wrong final statuses", lambda tally: tally.wrong, ",.0f"),
    ("metadata keys lost", lambda tally: tally.lost, ",.0f"),
    ("statuses that went back", lambda tally: tally.backwards, ",.0f"),
    ("row updates per report", lambda tally: tally.updates_per_report, ".2f"),
    ("  that were HOT, share", lambda tally: _share(tally.hot, tally.updates), ".2f"),
    ("dead tuples at the end", lambda tally: tally.dead, ",.0f"),
    ("bytes of WAL per report", lambda tally: _share(tally.wal, tally.delivered), ",.0f"),
)


def table(tallies: Sequence[Tally]) -> str:
    """Return the table, without the rows that no tracker has counted."""
    rows = [["", *(tally.name for tally in tallies)]]
    for title, value_of, form in ROWS:
        values = [value_of(tally) for tally in tallies]
        if any(value is not None for value in values):
            rows.append([title, *("-" if value is None else format(value, form) for value in values)])
    return aligned(rows, numbers=True)


def _share(part: int | None, whole: int) -> float | None:
    return None if part is None else part / whole
