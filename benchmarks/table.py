"""The figures as a table for people."""

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.figure import Figure, Side, Target, Unit
from throwaway.table import aligned

HEAD = ("FIGURE", "WAYBILL", "AGAINST", "RATIO", "TARGET", "")


def table(figures: Sequence[Figure]) -> str:
    """Return the table, with notes on single figures below it."""
    lines = aligned([HEAD, *map(_row, figures)])
    return "\n".join([lines, "", "RATIO: how many times as fast as the comparator.", *_notes(figures)])


def amount(value: float, unit: Unit) -> str:
    """Return a value with its unit, rounded to about three digits."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    number = f"{value:,.{digits}f}"
    return f"{number}{unit}" if unit == "/s" else f"{number} {unit}"


def _row(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        amount(figure.waybill.value, figure.unit),
        f"{figure.against.name} {amount(figure.against.value, figure.unit)}",
        f"{figure.ratio:.2f}",
        _target(figure.target, figure.unit),
        {True: "holds", False: "misses", None: ""}[figure.holds],
    )


def _target(target: Target | None, unit: Unit) -> str:
    if target is None:
        return "-"
    bounds = [(">=", target.at_least), ("<=", target.at_most)]
    said = " ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
    return f"ratio {said}" if target.of == "ratio" else f"{said} {unit}"


def _notes(figures: Iterable[Figure]) -> Iterator[str]:
    for figure in figures:
        for side in (figure.waybill, figure.against):
            if side.note:
                yield f"{figure.name}: {_name(side)}{side.note}."


def _name(side: Side) -> str:
    return f"{side.name} " if side.name else ""
