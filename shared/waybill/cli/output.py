"""What a command prints: JSON, tables where a person looks, tab-separated lines in a pipe."""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from waybill.cli.visible import visible, visible_json, visible_text

STYLES = {"NEW": "cyan", "PROCESSING": "yellow", "COMPLETED": "green", "ERROR": "red", "fail": "red", "warn": "yellow"}
"""The colours of words in tables."""

Row = Mapping[str, Any]


class Column(NamedTuple):
    """A column of a table: its title, and what it shows of a row."""

    title: str
    show: Callable[[Any], object]


class Output:
    """The standard output of a command."""

    def __init__(self, as_json: bool) -> None:
        """Take whether each object is to be a line of JSON."""
        self.is_json = as_json
        self.is_terminal = not as_json and sys.stdout.isatty()

    def rows(self, columns: Iterable[Column], rows: Iterable[Row]) -> None:
        """Print each row: a line of JSON with all that is known of it, or what the columns show."""
        if self.is_json:
            for row in rows:
                self.json(row)
        elif self.is_terminal:
            self._table(list(columns), rows)
        else:
            shown = list(columns)
            for row in rows:
                self.line("\t".join(visible(_text(column.show(row))) for column in shown))

    def fields(self, item: Row) -> None:
        """Print one object, a field on each line."""
        if self.is_json:
            self.json(item)
            return
        columns = [Column("field", lambda row: row["field"]), Column("value", lambda row: row["value"])]
        self.rows(columns, ({"field": name, "value": value} for name, value in item.items()))

    def json(self, value: Any) -> None:
        """Print a value as a line of JSON."""
        self._write(visible_json(value))

    def line(self, text: str) -> None:
        """Print a line that is safe already, or of our own."""
        self._write(text)

    def text(self, text: str) -> None:
        """Print a text of several lines, without what would control a terminal."""
        sys.stdout.write(visible_text(text))
        sys.stdout.flush()

    def note(self, text: object) -> None:
        """Tell something beside the output, as a line on standard error."""
        sys.stderr.write(f"{visible(text)}\n")

    def note_text(self, text: str) -> None:
        """Tell something in several lines on standard error."""
        text = visible_text(text)
        sys.stderr.write(text if text.endswith("\n") else f"{text}\n")

    def _table(self, columns: list[Column], rows: Iterable[Row]) -> None:
        from rich import box  # noqa: PLC0415 - it takes longer to load than most commands take
        from rich.console import Console  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for number, column in enumerate(columns):
            # The first one is what people copy.
            table.add_column(column.title, overflow="fold", no_wrap=number == 0)
        for row in rows:
            words = (visible(_text(column.show(row))) for column in columns)
            table.add_row(*(Text(word, style=STYLES.get(word, "")) for word in words))
        Console(highlight=False).print(table)

    @staticmethod
    def _write(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        # A pipe would otherwise get nothing until much has gathered.
        sys.stdout.flush()


def _text(value: object) -> str:
    """Return what a cell shows of a value: nothing for null, JSON for what is no plain word or number."""
    if value is None:
        return ""
    return visible_json(value) if isinstance(value, Mapping | list | bool) else str(value)
