"""Progress bars of many tasks in a terminal."""

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID
from rich.table import Column
from rich.text import Text

from waybill.cli.output import STYLES
from waybill.cli.visible import visible
from waybill.cli.watching import is_good, outcome
from waybill.client.following import Seen
from waybill.domain.status import Status

BESIDE = 4
"""Lines of the terminal that are left to other things than bars."""

FEWEST = 3
"""Bars that even a terminal without height gets."""


class _Said(ProgressColumn):
    """What is said of a task, as plain text."""

    def __init__(self, field: str, ratio: int) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis", ratio=ratio))
        self._field = field

    def render(self, task: Task) -> Text:
        """Return the text of a field."""
        word = str(task.fields[self._field])
        return Text(word, style=STYLES.get(word, ""))


class Bars:
    """A bar for each task that runs, as many as the terminal has room for, and one for all.

    What ends is printed above the bars. Use it as a context.
    """

    def __init__(self, count: int) -> None:
        """Take the number of tasks."""
        console = Console(highlight=False)
        self._progress = Progress(
            _Said("name", 3),
            _Said("status", 2),
            BarColumn(table_column=Column(ratio=4)),
            _Said("outcome", 4),
            console=console,
            transient=True,
            expand=True,
        )
        self._room = max(FEWEST, console.size.height - BESIDE)
        self._bars: dict[str, TaskID] = {}
        self._count = count
        self._waiting: dict[str, dict[str, Any]] = {}
        self._ended = 0
        self._failed = 0
        self._all: TaskID | None = None

    def show(self, seen: Seen) -> None:
        """Show a task as it stands."""
        if seen.is_over:
            self._end(seen)
        elif seen.task is not None:
            if seen.task_id in self._bars or len(self._bars) < self._room:
                self._draw(seen.task_id, seen.task)
            else:
                self._waiting[seen.task_id] = seen.task
        if self._all is not None:
            self._progress.update(self._all, completed=self._ended, outcome=self._summary())

    def _draw(self, task_id: str, task: dict[str, Any]) -> None:
        runs = task["status"] == Status.PROCESSING
        # A bar without a total moves all the time: the handler does not say how far it is.
        total = 1.0 if task["progress"] is not None or not runs else None
        fields = {"name": visible(task["name"]), "status": task["status_name"], "outcome": outcome(task)}
        if task_id not in self._bars:
            self._bars[task_id] = self._progress.add_task("", total=total, **fields)
        self._progress.update(self._bars[task_id], completed=task["progress"] or 0.0, **fields)
        for bar in self._progress.tasks:
            if bar.id == self._bars[task_id]:
                # An update leaves the total as it is if that is None.
                bar.total = total

    def _end(self, seen: Seen) -> None:
        self._ended += 1
        self._failed += not is_good(seen)
        self._waiting.pop(seen.task_id, None)
        if (bar := self._bars.pop(seen.task_id, None)) is not None:
            self._progress.remove_task(bar)
            if self._waiting:
                task_id = next(iter(self._waiting))
                self._draw(task_id, self._waiting.pop(task_id))
        if seen.task is None:
            line = Text(f"GONE {visible(seen.task_id)}", style="red")
        else:
            word = seen.task["status_name"]
            said = f" {seen.task['task_id']} {visible(seen.task['name'])}  {outcome(seen.task)}"
            line = Text.assemble((word, STYLES[word]), said.rstrip())
        self._progress.console.print(line)

    def _summary(self) -> str:
        return f"{self._ended} of {self._count}" + (f", {self._failed} failed" if self._failed else "")

    def __enter__(self) -> Self:
        if self._count > 1:
            self._all = self._progress.add_task("", total=self._count, name="all", status="", outcome=self._summary())
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()
