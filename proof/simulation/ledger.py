"""The ledger: it reads the rows and the history from the database without the product's code."""

import json
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

NEW, PROCESSING, COMPLETED, ERROR = 1, 2, 3, 4


class Row(NamedTuple):
    """The row of a task; times are in milliseconds."""

    task_id: str
    name: str
    handler: str | None
    status: int
    attempt: int
    run: int
    version: int
    failures: int
    crashes: int
    losses: int
    isolate: int
    max_attempts: int
    timeout: int | None
    claim: str | None
    progress: float | None
    metadata: str
    result: str | None
    error_code: str | None
    error_message: str | None
    finished_at: int | None
    input: str | None
    stages: str | None
    stage: str | None
    stage_timeout: int | None
    has_own_timeout: int

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.status >= COMPLETED

    @property
    def rank(self) -> int:
        """The rank of its status."""
        return min(self.status, COMPLETED)

    @property
    def ending(self) -> tuple[Any, ...]:
        """The fields that must not change once it is final."""
        return self.status, self.result, self.error_code, self.error_message, self.finished_at

    @property
    def position(self) -> int:
        """The position of its stage in the pipeline; 0 without one."""
        return 0 if self.stages is None else json.loads(self.stages).index(self.stage)

    @property
    def short(self) -> str:
        """Return its name and the end of its id, for the trace."""
        return f"{self.name} ({self.task_id[-6:]})"


class Event(NamedTuple):
    """An event of the history."""

    event_id: int
    task_id: str
    attempt: int
    run: int
    source: str
    kind: str
    outcome: str
    task_status: int
    said: dict[str, Any]


class Ledger:
    """Reads the changes of each commit."""

    def __init__(self, path: Path) -> None:
        """Take the path of the database; the first look opens it."""
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._last = 0
        self.rows: dict[str, Row] = {}
        self.history: dict[str, list[Event]] = {}
        self.gone: set[str] = set()
        self.left: dict[tuple[str, int, int], str] = {}
        """The results of stages: JSON, by task, position and attempt."""
        self.logs: dict[tuple[str, int], tuple[int, str]] = {}
        """The attempt and the text of each log, by task and run."""

    def look(self) -> tuple[dict[str, Row], list[Event], set[str]]:
        """Return all present rows, the new events, and the workers newly declared gone."""
        if self._connection is None:
            self._connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, isolation_level=None)
        found = self._connection.execute(f"SELECT {', '.join(Row._fields)} FROM tasks").fetchall()  # noqa: S608
        rows = {row[0]: Row(*row) for row in found}
        asked = "SELECT event_id, task_id, attempt, run, source, kind, outcome, task_status, said FROM events"
        lines = self._connection.execute(f"{asked} WHERE event_id > ? ORDER BY event_id", (self._last,)).fetchall()
        events = [Event(*line)._replace(said=json.loads(line[-1])) for line in lines]
        gone = {worker_id for (worker_id,) in self._connection.execute("SELECT worker_id FROM workers")}
        return rows, events, gone

    def keep(self, rows: dict[str, Row], events: list[Event], gone: set[str]) -> None:
        """Count what was looked at as known."""
        self.rows, self.gone = rows, gone
        for event in events:
            self.history.setdefault(event.task_id, []).append(event)
            self._last = event.event_id

    def look_at_stages(self) -> dict[tuple[str, int, int], str]:
        """Return the present results of stages."""
        if self._connection is None:
            return {}
        found = self._connection.execute("SELECT task_id, position, attempt, result FROM stage_results")
        return {tuple(key): result for *key, result in found}

    def look_at_logs(self) -> dict[tuple[str, int], tuple[int, str]]:
        """Return the attempt and the text of each log, by task and run."""
        if self._connection is None:
            return {}
        found = self._connection.execute("SELECT task_id, run, attempt, text FROM run_logs")
        return {(task_id, run): (attempt, text) for task_id, run, attempt, text in found}

    def close(self) -> None:
        """Close the database."""
        if self._connection is not None:
            self._connection.close()
