"""Every query on `run_logs`: the end of what each run has logged or printed."""

from typing import NamedTuple

from waybill_api.store.engine.database import Connection

KEPT = 10
"""Of how many runs of a task the logs are kept, the last ones."""


class RunLog(NamedTuple):
    """The log of one run. Its time is in milliseconds."""

    task_id: str
    run: int
    attempt: int
    text: str
    cut: bool
    """Whether more came before."""
    written_at: int


PUT = (
    "INSERT INTO run_logs (task_id, run, attempt, text, cut, written_at) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET text = excluded.text, cut = excluded.cut, written_at = excluded.written_at"
)
FORGET = (
    "DELETE FROM run_logs WHERE task_id = ? AND run IN "
    "(SELECT run FROM run_logs WHERE task_id = ? ORDER BY run DESC LIMIT -1 OFFSET ?)"
)


def put(connection: Connection, log: RunLog) -> None:
    """Keep a log in place of what was kept of its run, and forget those of the task's oldest runs."""
    connection.execute(PUT, log)
    connection.execute(FORGET, (log.task_id, log.task_id, KEPT))


def of_task(connection: Connection, task_id: str) -> list[RunLog]:
    """Return the logs of a task's runs, the oldest run first."""
    sql = "SELECT task_id, run, attempt, text, cut, written_at FROM run_logs WHERE task_id = ? ORDER BY run"
    return [RunLog(*row)._replace(cut=bool(row[4])) for row in connection.execute(sql, (task_id,))]


def delete_of_task(connection: Connection, task_id: str) -> None:
    """Remove the logs of a task that is itself removed."""
    connection.execute("DELETE FROM run_logs WHERE task_id = ?", (task_id,))
