"""Every query on what search knows of tasks: `searched`, its full-text index, and how far they are kept."""

from collections.abc import Iterable, Iterator, Sequence
from sqlite3 import Connection
from typing import NamedTuple

MOST_PARAMETERS = 500


class Searched(NamedTuple):
    """What a task can be found by. An `id` is higher the later its task was created."""

    id: int
    task_id: str
    words: str
    marks: str
    failure: str | None


def progress(connection: Connection) -> int:
    """Return the number of the last event that was taken in."""
    (event_id,) = connection.execute("SELECT event_id FROM search_progress").fetchone()
    return int(event_id)


def behind(connection: Connection) -> int:
    """Return how many events were not taken in yet."""
    sql = "SELECT max(event_id) - (SELECT event_id FROM search_progress) FROM events"
    return max(0, connection.execute(sql).fetchone()[0] or 0)


def set_progress(connection: Connection, event_id: int) -> None:
    """Say how far events were taken in."""
    connection.execute("UPDATE search_progress SET event_id = ?", (event_id,))


def last_id(connection: Connection) -> int:
    """Return the highest number in use, 0 where there is none."""
    return connection.execute("SELECT max(id) FROM searched").fetchone()[0] or 0


def of_tasks(connection: Connection, task_ids: Sequence[str]) -> dict[str, Searched]:
    """Return what is known of these tasks, by their ids."""
    found: dict[str, Searched] = {}
    for some in _slices(task_ids):
        sql = f"SELECT id, task_id, words, marks, failure FROM searched WHERE task_id IN ({_marks(some)})"
        found.update((row[1], Searched(*row)) for row in connection.execute(sql, some))
    return found


def insert(connection: Connection, added: Sequence[Searched]) -> None:
    """Have tasks found."""
    connection.executemany("INSERT INTO searched VALUES (?, ?, ?, ?, ?)", added)
    connection.executemany(
        "INSERT INTO search (rowid, words, marks) VALUES (?, ?, ?)", ((one.id, one.words, one.marks) for one in added)
    )


def replace(connection: Connection, changed: Iterable[tuple[Searched, Searched]]) -> None:
    """Have tasks found by something else than before."""
    pairs = list(changed)
    reworded = [(old, new) for old, new in pairs if (old.words, old.marks) != (new.words, new.marks)]
    _forget_words(connection, (old for old, _ in reworded))
    connection.executemany(
        "UPDATE searched SET words = ?, marks = ?, failure = ? WHERE id = ?",
        ((new.words, new.marks, new.failure, new.id) for _, new in pairs),
    )
    connection.executemany(
        "INSERT INTO search (rowid, words, marks) VALUES (?, ?, ?)",
        ((new.id, new.words, new.marks) for _, new in reworded),
    )


def delete(connection: Connection, task_id: str) -> Searched | None:
    """Have a task not found any more, and return what it was found by."""
    found = of_tasks(connection, (task_id,)).get(task_id)
    if found is not None:
        _forget_words(connection, (found,))
        connection.execute("DELETE FROM searched WHERE id = ?", (found.id,))
    return found


def _forget_words(connection: Connection, known: Iterable[Searched]) -> None:
    """Take words out of the index, which has to be told what they were (FTS5, "The 'delete' Command")."""
    connection.executemany(
        "INSERT INTO search (search, rowid, words, marks) VALUES ('delete', ?, ?, ?)",
        ((one.id, one.words, one.marks) for one in known),
    )


def _slices(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + MOST_PARAMETERS] for start in range(0, len(values), MOST_PARAMETERS))


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
