"""What schemathesis must know about this API: what exists there, which waits to shorten, which failures are none.

Schemathesis itself loads this file, by SCHEMATHESIS_HOOKS.
"""

import json
import os
import re
import zlib
from typing import Any

import schemathesis

KNOWN = json.loads(os.environ["FUZZ_KNOWN"])
"""What exists, so that calls get beyond 404: `task_ids` in every status, `workers` that live, a `cursor` of tasks."""

UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
TYPE_NAME = r"[a-z][a-z0-9_.-]{0,63}"
WORKER_ID = r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}"
TYPES = ("resize", "parcel")
PROCESSING_TIME = 5

TOO_LARGE = 413

LONGEST_WAIT = 0.2
"""Seconds; the API allows a minute, and then a run would do nothing but wait."""

BEYOND_JSON_SCHEMA = (
    # The fields of one body, against each other.
    r"min_backoff must not exceed max_backoff",
    r"a type has a handler or stages, not both",
    r"only a tracked type, which has neither handler nor stages, has a stage_timeout",
    r"is not the task of the path",
    r"give either task_ids or q",
    # The body, against what is kept.
    r"there is no task type '.*'",
    r"the type '.*' has no default: give it",
    r"the task's metadata would grow too large",
    r"is not a cursor that this server gave",
    # How easily a password is guessed.
    r"This password is too easy to guess;.*",
    # For JSON Schema, 1.0 is an integer; here it is not, so that a report has only one way to write a number.
    r"Input should be a valid integer",
)
"""Reasons to refuse a body that fits its schema; no schema can express them."""

CODES_BEYOND_JSON_SCHEMA = (
    "idempotency_key_reused",  # the request does not show its earlier use
    "changed_meanwhile",  # If-Match names a version that does not exist
    "bad_query",  # a small language of its own
    "bad_text",  # NUL, which the API refuses at any depth of free-form JSON
    "too_large",  # a length in bytes
    "too_deep",
    "too_complex",  # a number of values
    "number_out_of_range",
)


def map_case(context: schemathesis.HookContext, case: Any) -> Any:
    """Replace most ids by existing ones, most names and keys by new ones, and long waits by short ones.

    Only well-formed values are replaced: malformed ones must be refused. The replacement depends on the case alone, so
    that a seed repeats it.
    """
    path, query, headers = case.path_parameters or {}, case.query or {}, case.headers or {}
    mark = zlib.crc32(repr((path, query, dict(headers), case.body)).encode())
    if case.meta is not None and case.meta.phase.name == "stateful":
        # It uses what the previous step has made, which a repeated key would not make.
        headers.pop("Idempotency-Key", None)
    elif mark % 4:
        _use_what_exists(case.operation.label, path, query, mark)
    if mark % 4:
        _say_something_new(case, headers, mark)
    for wish in _creates(case):
        _ask_for_a_known_type(wish)
    if _is_long(query.get("wait")):
        query["wait"] = LONGEST_WAIT
    return case


def _use_what_exists(label: str, path: dict[str, Any], query: dict[str, Any], mark: int) -> None:
    if _is_like(UUID, path.get("task_id")):
        path["task_id"] = KNOWN["task_ids"][mark % len(KNOWN["task_ids"])]
    # Any worker may be declared gone, except the known ones.
    if not label.endswith("/gone") and _is_like(WORKER_ID, path.get("worker_id")):
        path["worker_id"] = KNOWN["workers"][mark % len(KNOWN["workers"])]
    if label == "GET /tasks" and isinstance(query.get("cursor"), str):
        query["cursor"] = KNOWN["cursor"]


def _say_something_new(case: Any, headers: Any, mark: int) -> None:
    """Give new things new names: drawn names are mostly short, and often the same."""
    if _is_like(r"[!-~]{1,255}", headers.get("Idempotency-Key")):
        headers["Idempotency-Key"] = f"{headers['Idempotency-Key'][:200]}-{mark:08x}"
    if case.operation.label == "POST /task-types" and isinstance(case.body, dict):
        name: Any = case.body.get("name")
        if _is_like(TYPE_NAME, name):
            case.body["name"] = f"{name[:50]}-{mark:08x}"


def _ask_for_a_known_type(wish: dict[str, Any]) -> None:
    name: Any = wish.get("type")
    if _is_like(TYPE_NAME, name) and len(name) % 3:
        wish["type"] = TYPES[len(name) % 2]
    elif name is None and wish.get("processing_time") is None and len(str(wish)) % 4:
        wish["processing_time"] = PROCESSING_TIME


def _is_long(wait: Any) -> bool:
    """Whether a value is a long wait; at the limits it is drawn as text."""
    try:
        return LONGEST_WAIT < float(wait) <= 60
    except (TypeError, ValueError):
        return False


def _is_like(pattern: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def filter_failure(context: schemathesis.HookContext, failure: Any, case: Any, response: Any) -> bool:
    """Whether a failure counts: all do, except those explained above and below."""
    if failure.code == "ST202":
        return not _is_beyond_json_schema(json.loads(response.content))
    # One malformed report does not spoil the others: the answer is a 200 with an outcome for each.
    if failure.code == "ST201" and case.operation.label == "POST /reports" and response.status_code == 200:
        return all(one["outcome"] != "invalid" for one in json.loads(response.content)["outcomes"])
    # A body that is too long is refused before its fields are looked at.
    return not (failure.code == "ST201" and response.status_code == TOO_LARGE)


def _creates(case: Any) -> list[dict[str, Any]]:
    """Return the tasks that a case wants to create."""
    if case.operation.label not in ("POST /tasks", "POST /tasks/batch") or not isinstance(case.body, dict):
        return []
    several = case.body.get("tasks", [case.body])
    return [one for one in several if isinstance(one, dict)] if isinstance(several, list) else []


def _is_beyond_json_schema(problem: dict[str, Any]) -> bool:
    if problem["code"] in CODES_BEYOND_JSON_SCHEMA:
        return True
    details = [error["detail"] for error in problem.get("errors", [])]
    return bool(details) and all(any(re.fullmatch(why, one) for why in BEYOND_JSON_SCHEMA) for one in details)


for hook in (map_case, filter_failure):
    schemathesis.hook(hook)
