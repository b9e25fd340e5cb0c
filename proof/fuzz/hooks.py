"""What schemathesis is told about this API: real ids to use, waits to bound, and the few failures that are none.

Loaded by schemathesis itself, which finds this file by SCHEMATHESIS_HOOKS.
"""

import json
import os
import re
from typing import Any

import schemathesis

TASK_IDS = os.environ["FUZZ_TASK_IDS"].split(",")
"""Tasks in every status, so that calls get beyond 404."""

UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
TYPE_NAME = r"[a-z][a-z0-9_.-]{0,63}"
TYPES = ("resize", "parcel")

LONGEST_WAIT = 0.2
"""Seconds; the API itself allows a minute, which would be all that a run does."""

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
    # To JSON Schema 1.0 is an integer; here it is not, so that no two ways of writing one report differ in meaning.
    r"Input should be a valid integer",
)
"""Why a body that fits its schema may be refused: no schema can say these."""

CODES_BEYOND_JSON_SCHEMA = (
    "idempotency_key_reused",  # what it was used for before is not in the request
    "bad_query",  # a small language of its own
    "bad_text",  # NUL, which is refused at any depth of free-form JSON
    "too_large",  # a length in bytes
    "too_deep",
    "number_out_of_range",
)


def map_case(context: schemathesis.HookContext, case: Any) -> Any:
    """Use ids and types that exist in place of others, mostly, and wait for a moment only.

    Only what is well-formed is replaced: a malformed value is there to be refused.
    """
    task_id = (case.path_parameters or {}).get("task_id")
    if isinstance(task_id, str) and re.fullmatch(UUID, task_id):
        digits = int(task_id.replace("-", ""), 16)
        if digits % 4:
            case.path_parameters["task_id"] = TASK_IDS[digits % len(TASK_IDS)]
    for wish in _creates(case):
        name = wish.get("type")
        if isinstance(name, str) and re.fullmatch(TYPE_NAME, name) and len(name) % 3:
            wish["type"] = TYPES[len(name) % 2]
    wait = (case.query or {}).get("wait")
    if isinstance(wait, int | float) and LONGEST_WAIT < wait <= 60:
        case.query["wait"] = LONGEST_WAIT
    return case


def filter_failure(context: schemathesis.HookContext, failure: Any, case: Any, response: Any) -> bool:
    """Tell whether a failure is one: everything is, but what is explained above and below."""
    if failure.code == "ST202":
        return not _is_beyond_json_schema(json.loads(response.content))
    # One malformed report spoils no other, so a batch is answered with 200 and an outcome each.
    if failure.code == "ST201" and case.operation.label == "POST /reports" and response.status_code == 200:
        return all(one["outcome"] != "invalid" for one in json.loads(response.content)["outcomes"])
    return True


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
