"""Every query on `tallies`: how many tasks there are."""

from collections.abc import Iterable

from waybill_api.store.engine.database import Connection

ADD = "INSERT INTO tallies VALUES (?, ?, ?) ON CONFLICT (type, status) DO UPDATE SET tasks = tasks + excluded.tasks"


def everything(connection: Connection) -> list[tuple[str, int, int]]:
    """Return each type and status that has tasks, with their number."""
    return connection.execute("SELECT type, status, tasks FROM tallies WHERE tasks > 0").fetchall()


def add(connection: Connection, steps: Iterable[tuple[str, int, int]]) -> None:
    """Change the numbers by these steps."""
    connection.executemany(ADD, steps)
