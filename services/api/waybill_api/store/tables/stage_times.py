"""Every query on `stage_times`."""

import json
from collections.abc import Iterable, Mapping

from waybill_api.store.engine.database import Connection

PUT = "INSERT INTO stage_times (type, stage, times) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET times = excluded.times"


def everything(connection: Connection) -> list[tuple[str, str | None, dict[int, int]]]:
    """Return the histogram of every type and stage."""
    rows = connection.execute("SELECT type, stage, times FROM stage_times")
    return [
        (type_name, stage or None, {int(bucket): count for bucket, count in json.loads(times).items()})
        for type_name, stage, times in rows
    ]


def put(connection: Connection, rows: Iterable[tuple[str, str | None, Mapping[int, int]]]) -> None:
    """Keep these histograms in place of the ones before."""
    connection.executemany(PUT, [(type_name, stage or "", json.dumps(times)) for type_name, stage, times in rows])


def forget(connection: Connection, type_name: str) -> None:
    """Remove those of a type."""
    connection.execute("DELETE FROM stage_times WHERE type = ?", (type_name,))
