"""Every query on `idempotency_keys`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from peewee import IntegerField, Model, TextField

from waybill.domain.errors import IdempotencyKeyReused
from waybill_api.store.engine.database import Database

KEPT = 24 * 3_600_000
"""How long a key is remembered, in milliseconds."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key and the fingerprint of the request that it came with."""

    key: str
    fingerprint: str


class IdempotencyKeyRow(Model):
    """An Idempotency-Key, the request it came with, and the tasks that were created for it."""

    key = TextField(primary_key=True)
    fingerprint = TextField()
    task_ids = TextField()
    created_at = IntegerField()

    class Meta:
        """The name of its table."""

        table_name = "idempotency_keys"


def recall(database: Database, given: IdempotencyKey, now: int) -> list[str] | None:
    """Return the tasks that were created under this key; None if it is new.

    Raises IdempotencyKeyReused if it came with another request.
    """
    query = IdempotencyKeyRow.select(IdempotencyKeyRow.fingerprint, IdempotencyKeyRow.task_ids)
    found = query.where(IdempotencyKeyRow.key == given.key, IdempotencyKeyRow.created_at > now - KEPT)
    row = found.tuples().bind(database).first()
    if row is None:
        return None
    fingerprint, task_ids = row
    if fingerprint != given.fingerprint:
        raise IdempotencyKeyReused()
    return [str(task_id) for task_id in json.loads(task_ids)]


def remember(database: Database, given: IdempotencyKey, task_ids: Sequence[str], now: int) -> None:
    """Keep the answer to a request."""
    row = {
        "key": given.key,
        "fingerprint": given.fingerprint,
        "task_ids": json.dumps(list(task_ids)),
        "created_at": now,
    }
    IdempotencyKeyRow.insert(row).on_conflict("REPLACE").bind(database).execute()


def forget(database: Database, now: int) -> None:
    """Forget the keys that are older than a day."""
    IdempotencyKeyRow.delete().where(IdempotencyKeyRow.created_at <= now - KEPT).bind(database).execute()
