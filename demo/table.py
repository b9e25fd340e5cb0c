"""What the demonstration shows: a live table in a terminal, and a line for each change elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

COLOURS = {1: 37, 2: 33, 3: 32, 4: 31}
"""ANSI colours of the statuses: white, yellow, green, red."""

Tasks = Sequence[Mapping[str, Any]]


class Table:
    """Shows tasks as they change."""

    def __init__(self, output: TextIO) -> None:
        """Show them on `output`: as a live table if it is a terminal."""
        self._output = output
        self._is_live = output.isatty()
        self._shown: dict[str, str] = {}
        self._height = 0

    def show(self, tasks: Tasks, elapsed: float) -> None:
        """Show the tasks; `elapsed` is the seconds since the start."""
        if self._is_live:
            self._redraw(tasks, elapsed)
        else:
            self._append(tasks, elapsed)
        self._output.flush()

    def _redraw(self, tasks: Tasks, elapsed: float) -> None:
        lines = [f"{'TASK':<24} {'SECONDS':>7}  {'STATUS':<11} ERROR", *map(_row, tasks), f"{elapsed:.1f} s"]
        up = f"\x1b[{self._height}F" if self._height else ""
        self._output.write(up + "".join(f"\x1b[2K{line}\n" for line in lines))
        self._height = len(lines)

    def _append(self, tasks: Tasks, elapsed: float) -> None:
        for task in tasks:
            status = f"{task['status_name']}{_reason(task)}"
            if self._shown.get(task["task_id"]) != status:
                self._shown[task["task_id"]] = status
                self._output.write(f"{elapsed:6.1f} s  {task['name']:<24} {status}\n")


def _row(task: Mapping[str, Any]) -> str:
    status = f"\x1b[{COLOURS[task['status']]}m{task['status_name']:<11}\x1b[0m"
    return f"{task['name']:<24} {task['processing_time']:>7}  {status}{_reason(task)}"


def _reason(task: Mapping[str, Any]) -> str:
    return f" {task['error']['code']}" if task["error"] else ""
