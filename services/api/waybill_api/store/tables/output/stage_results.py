"""Every query on `stage_results`: the results of the stages of pipelines, each stage once in an attempt."""

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from waybill.domain.stage import StageResult
from waybill_api.store.engine.database import Connection
from waybill_api.store.engine.statements import placeholders

COLUMNS = tuple(field.name for field in fields(StageResult))
POSITION = COLUMNS.index("position")
SELECT = f"SELECT {', '.join(COLUMNS)} FROM stage_results"
INSERT = f"INSERT INTO stage_results ({', '.join(COLUMNS)}) VALUES ({placeholders(COLUMNS)})"


def _row(left: StageResult) -> tuple[Any, ...]:
    return (
        left.task_id,
        left.attempt,
        left.position,
        left.stage,
        left.run,
        json.dumps(left.result, ensure_ascii=False, separators=(",", ":")),
        left.started_at,
        left.finished_at,
    )


def _stage_result(row: tuple[Any, ...]) -> StageResult:
    read = dict(zip(COLUMNS, row, strict=True))
    return StageResult(**read | {"result": json.loads(read["result"])})


def insert(connection: Connection, results: Iterable[StageResult]) -> None:
    """Add results."""
    connection.executemany(INSERT, map(_row, results))


def delete_of_task(connection: Connection, task_id: str) -> None:
    """Remove the results of a task that is itself removed."""
    connection.execute("DELETE FROM stage_results WHERE task_id = ?", (task_id,))


def latest(connection: Connection, task_id: str, position: int) -> Any:
    """Return the result of a stage in the latest attempt that passed it; one look-up by the key."""
    sql = "SELECT result FROM stage_results WHERE task_id = ? AND position = ? ORDER BY attempt DESC LIMIT 1"
    (result,) = connection.execute(sql, (task_id, position)).fetchone()
    return json.loads(result)


def of_task(connection: Connection, task_id: str, before: int, attempt: int) -> list[StageResult]:
    """Return the results of the stages before a position, in order: each of the latest attempt up to this one."""
    sql = f"{SELECT} WHERE task_id = ? AND position < ? AND attempt <= ? ORDER BY position, attempt"
    found = {row[POSITION]: row for row in connection.execute(sql, (task_id, before, attempt))}
    return [_stage_result(row) for row in found.values()]
