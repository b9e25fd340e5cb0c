"""Keep the search index up to date with the history."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from waybill.domain.event import EventKind
from waybill.domain.status import ErrorCode, Status
from waybill_api.search.fingerprint import fingerprint, pattern_of
from waybill_api.search.marks import marks_of
from waybill_api.search.words import words_of
from waybill_api.store.tables import events, failures, searched, tasks
from waybill_api.store.tables.failures import Failure
from waybill_api.store.tables.searched import Searched
from waybill_api.store.writing.unit import Unit

LONGEST_MESSAGE = 1_000
"""How many characters of an error's message can be found."""

TELLING = (EventKind.CREATE, EventKind.RETRY)
"""Events that change how a task is found, besides those that end it in ERROR or report metadata."""


class _Found(NamedTuple):
    """The parts of a task that can be searched."""

    task_id: str
    type: str
    name: str
    external_key: str | None
    metadata: str
    error_code: str | None
    error_message: str | None
    finished_at: int | None

    @property
    def failure(self) -> Failure | None:
        """The group of failures that it belongs to now; a cancelled task is no failure."""
        if self.error_code is None or self.error_code == ErrorCode.CANCELLED or self.finished_at is None:
            return None
        message = self.error_message or ""
        return Failure(
            fingerprint=fingerprint(self.type, self.error_code, message),
            type=self.type,
            code=self.error_code,
            message=pattern_of(message),
            tasks=1,
            first_seen=self.finished_at,
            last_seen=self.finished_at,
            task_id=self.task_id,
        )

    def searched(self, number: int) -> Searched:
        """Return its entry in the index."""
        words = (self.name, self.external_key, (self.error_message or "")[:LONGEST_MESSAGE])
        failure = self.failure
        return Searched(
            number,
            self.task_id,
            " ".join(words_of("\n".join(word for word in words if word))),
            "" if self.metadata == "{}" else " ".join(marks_of(json.loads(self.metadata))),
            None if failure is None else failure.fingerprint,
        )


def take_in(unit: Unit, limit: int) -> bool:
    """Index the tasks of up to `limit` further events, and return whether there may be more.

    The history names the tasks to index, so that none is missed after a kill, and a database from before the search is
    indexed in the same way.
    """
    connection = unit.connection
    unit.flush()
    found = events.glimpses(connection, searched.progress(connection), limit)
    touched = dict.fromkeys(
        one.task_id for one in found if one.kind in TELLING or one.task_status == Status.ERROR or one.says_metadata
    )
    if touched:
        _look_at(unit, list(touched))
    if found:
        searched.set_progress(connection, found[-1].event_id)
    return len(found) == limit or _reword(unit, limit - len(found))


def _reword(unit: Unit, limit: int) -> bool:
    """Add up to `limit` tasks to an index that was emptied, the latest first; return whether there may be more.

    One transaction adds them in the order of their numbers: otherwise FTS5 writes the index to disk for each task.
    """
    connection = unit.connection
    if searched.old_words(connection) == 0:
        return False
    numbers = searched.highest_old(connection, limit)
    is_more = len(numbers) == limit
    reworded = [task.searched(numbers[task.task_id]) for task in _found(unit, list(reversed(numbers)))]
    searched.reword(connection, reworded, min(numbers.values()) - 1 if is_more else 0)
    return is_more


def forget(unit: Unit, task_id: str) -> None:
    """Remove a deleted task from the index."""
    known = searched.delete(unit.connection, task_id)
    if known is not None and known.failure is not None:
        failures.leave(unit.connection, ((known.failure, 1),))


def _look_at(unit: Unit, task_ids: Sequence[str]) -> None:
    connection = unit.connection
    known = searched.of_tasks(connection, task_ids)
    number = searched.last_id(connection)
    added: list[Searched] = []
    changed: list[tuple[Searched, Searched]] = []
    left: Counter[str] = Counter()
    seen: list[Failure] = []
    for task in _found(unit, task_ids):
        old = known.get(task.task_id)
        number += old is None
        new = task.searched(number if old is None else old.id)
        if old is None:
            added.append(new)
        elif old != new:
            changed.append((old, new))
        before = None if old is None else old.failure
        if task.failure is not None:
            seen.append(task.failure._replace(tasks=int(before != new.failure)))
        if before is not None and before != new.failure:
            left[before] += 1
    searched.insert(connection, added)
    searched.replace(connection, changed)
    failures.add(connection, seen, unit.now)
    failures.leave(connection, left.items())


def _found(unit: Unit, task_ids: Sequence[str]) -> Iterable[_Found]:
    """Return those tasks that still exist, in the order of the ids."""
    rows = {row[0]: _Found(*row) for row in tasks.columns_of(unit.connection, task_ids, _Found._fields)}
    return [rows[task_id] for task_id in task_ids if task_id in rows]
