"""Every query on the search index: `searched`, its full-text index, and how far they are up to date."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from waybill_api.store.engine.database import Connection
from waybill_api.store.engine.statements import placeholders, slices


class Searched(NamedTuple):
    """The entry of a task in the index. An `id` is higher the later its task was created.

    `words` and `marks` are as the index has them: separated by spaces.
    """

    id: int
    task_id: str
    words: str
    marks: str
    failure: str | None


def progress(connection: Connection) -> int:
    """Return the number of the last event that was indexed."""
    (event_id,) = connection.execute("SELECT event_id FROM search_progress").fetchone()
    return int(event_id)


def behind(connection: Connection) -> int:
    """Return the number of events not yet read, plus that of tasks without words in the index."""
    sql = "SELECT max(event_id) - (SELECT event_id FROM search_progress) FROM events"
    return max(0, connection.execute(sql).fetchone()[0] or 0) + old_words(connection)


def old_words(connection: Connection) -> int:
    """Return the number up to which tasks have no words in the index, since the rule for words has changed."""
    (number,) = connection.execute("SELECT old_words FROM search_progress").fetchone()
    return int(number)


def highest_old(connection: Connection, limit: int) -> dict[str, int]:
    """Return up to `limit` tasks without words in the index, highest number first: number by task id."""
    sql = "SELECT task_id, id FROM searched WHERE id <= ? ORDER BY id DESC LIMIT ?"
    return dict(connection.execute(sql, (old_words(connection), limit)).fetchall())


def reword(connection: Connection, reworded: Sequence[Searched], old_words: int) -> None:
    """Add the words of tasks to the index; tasks up to the number `old_words` still have none."""
    connection.executemany(
        "UPDATE searched SET words = ?, marks = ? WHERE id = ?", ((one.words, one.marks, one.id) for one in reworded)
    )
    _add_words(connection, reworded)
    connection.execute("UPDATE search_progress SET old_words = ?", (old_words,))


def set_progress(connection: Connection, event_id: int) -> None:
    """Note the number of the last event that was indexed."""
    connection.execute("UPDATE search_progress SET event_id = ?", (event_id,))


def last_id(connection: Connection) -> int:
    """Return the highest number that has been in use, 0 if there is none."""
    return max(connection.execute("SELECT max(id) FROM searched").fetchone()[0] or 0, old_words(connection))


def of_tasks(connection: Connection, task_ids: Sequence[str]) -> dict[str, Searched]:
    """Return the entries of these tasks, by their ids."""
    found: dict[str, Searched] = {}
    for some in slices(task_ids):
        sql = f"SELECT id, task_id, words, marks, failure FROM searched WHERE task_id IN ({placeholders(some)})"
        found.update((row[1], Searched(*row)) for row in connection.execute(sql, some))
    return found


def insert(connection: Connection, added: Sequence[Searched]) -> None:
    """Add entries."""
    connection.executemany("INSERT INTO searched VALUES (?, ?, ?, ?, ?)", added)
    _add_words(connection, added)


def replace(connection: Connection, changed: Iterable[tuple[Searched, Searched]]) -> None:
    """Replace entries, each given as before and after."""
    pairs = list(changed)
    known = old_words(connection)
    reworded = [(old, new) for old, new in pairs if old.id > known and (old.words, old.marks) != (new.words, new.marks)]
    _forget_words(connection, (old for old, _ in reworded))
    connection.executemany(
        "UPDATE searched SET words = ?, marks = ?, failure = ? WHERE id = ?",
        ((new.words, new.marks, new.failure, new.id) for _, new in pairs),
    )
    _add_words(connection, (new for _, new in reworded))


def delete(connection: Connection, task_id: str) -> Searched | None:
    """Remove the entry of a task, and return it."""
    found = of_tasks(connection, (task_id,)).get(task_id)
    if found is not None:
        if found.id > old_words(connection):
            _forget_words(connection, (found,))
        connection.execute("DELETE FROM searched WHERE id = ?", (found.id,))
    return found


def _add_words(connection: Connection, known: Iterable[Searched]) -> None:
    connection.executemany(
        "INSERT INTO search (rowid, words, marks) VALUES (?, ?, ?)", ((one.id, one.words, one.marks) for one in known)
    )


def _forget_words(connection: Connection, known: Iterable[Searched]) -> None:
    """Remove words from the index, which must be given the former words (FTS5, "The 'delete' Command")."""
    connection.executemany(
        "INSERT INTO search (search, rowid, words, marks) VALUES ('delete', ?, ?, ?)",
        ((one.id, one.words, one.marks) for one in known),
    )
