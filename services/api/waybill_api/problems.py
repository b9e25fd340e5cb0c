"""Errors as RFC 9457 problems: the one table from what went wrong to status and code."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from waybill.domain import errors
from waybill.wire.problems import FieldError

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100
"""How many bad fields one answer names."""


class ProblemKind(NamedTuple):
    """The HTTP status of a problem and the code that programs may rely on."""

    status: int
    code: str


BAD_REQUEST = ProblemKind(400, "bad_request")
NOT_JSON = ProblemKind(400, "not_json")
DUPLICATE_KEY = ProblemKind(400, "duplicate_key")
NUMBER_OUT_OF_RANGE = ProblemKind(400, "number_out_of_range")
TOO_DEEP = ProblemKind(400, "too_deep")
BAD_TEXT = ProblemKind(400, "bad_text")
UNAUTHENTICATED = ProblemKind(401, "unauthenticated")
FORBIDDEN = ProblemKind(403, "forbidden")
CROSS_SITE = ProblemKind(403, "cross_site")
XSRF = ProblemKind(403, "xsrf")
WRONG_PASSWORD = ProblemKind(403, "wrong_password")
NOT_FOUND = ProblemKind(404, "not_found")
METHOD_NOT_ALLOWED = ProblemKind(405, "method_not_allowed")
NOT_ACCEPTABLE = ProblemKind(406, "not_acceptable")
NOT_APPLIED = ProblemKind(409, "not_applied")
TOO_LARGE = ProblemKind(413, "too_large")
TOO_COMPLEX = ProblemKind(413, "too_complex")
TARGET_TOO_LONG = ProblemKind(414, "target_too_long")
UNSUPPORTED_MEDIA_TYPE = ProblemKind(415, "unsupported_media_type")
MISDIRECTED = ProblemKind(421, "misdirected")
INVALID = ProblemKind(422, "invalid")
BAD_QUERY = ProblemKind(422, "bad_query")
TOO_MANY_STREAMS = ProblemKind(429, "too_many_streams")
TOO_MANY_POLLS = ProblemKind(503, "too_many_polls")
TOO_MANY_LISTS = ProblemKind(503, "too_many_lists")
TOO_MANY_CONNECTIONS = ProblemKind(503, "too_many_connections")
TOO_MANY = ProblemKind(429, "too_many")
TOO_MANY_CREATES = ProblemKind(429, "too_many_creates")
HEAD_TOO_LARGE = ProblemKind(431, "head_too_large")
INTERNAL = ProblemKind(500, "internal")
NOT_READY = ProblemKind(503, "not_ready")
UNAVAILABLE = ProblemKind(503, "unavailable")
OVERLOADED = ProblemKind(503, "overloaded")
"""A problem that every call which writes for a client may return."""
STORE_KINDS = (
    ProblemKind(503, "store_busy"),
    ProblemKind(503, "store_fails"),
    ProblemKind(503, "store_damaged"),
    ProblemKind(503, "store_lost"),
)
"""Problems that every call which reads or writes may return."""
VERSION_NOT_SUPPORTED = ProblemKind(505, "version_not_supported")

RETRY_SECONDS = 1
"""Seconds after which a client may repeat a request that got a 503."""

BODY_KINDS = (
    NOT_JSON,
    DUPLICATE_KEY,
    NUMBER_OUT_OF_RANGE,
    TOO_DEEP,
    BAD_TEXT,
    TOO_LARGE,
    TOO_COMPLEX,
    UNSUPPORTED_MEDIA_TYPE,
)
"""What any call that takes a body may answer."""

DOMAIN_KINDS: dict[type[errors.WaybillError], ProblemKind] = {
    errors.WaybillError: ProblemKind(400, "not_possible"),
    errors.NotFound: NOT_FOUND,
    errors.TaskNotFound: ProblemKind(404, "task_not_found"),
    errors.RunNotFound: ProblemKind(404, "run_not_found"),
    errors.TaskTypeNotFound: ProblemKind(404, "task_type_not_found"),
    errors.WorkerNotFound: ProblemKind(404, "worker_not_found"),
    errors.AccountNotFound: ProblemKind(404, "account_not_found"),
    errors.Invalid: INVALID,
    errors.Conflict: ProblemKind(409, "conflict"),
    errors.TaskIsFinal: ProblemKind(409, "task_is_final"),
    errors.TaskIsNotFinal: ProblemKind(409, "task_is_not_final"),
    errors.AttemptHasMoved: ProblemKind(409, "attempt_has_moved"),
    errors.NotHeld: NOT_APPLIED,
    errors.ExternalKeyTaken: ProblemKind(409, "external_key_taken"),
    errors.TaskTypeExists: ProblemKind(409, "task_type_exists"),
    errors.TaskTypeInUse: ProblemKind(409, "task_type_in_use"),
    errors.AccountExists: ProblemKind(409, "account_exists"),
    errors.LastAdmin: ProblemKind(409, "last_admin"),
    errors.ChangedMeanwhile: ProblemKind(412, "changed_meanwhile"),
    errors.WorkerGone: ProblemKind(409, "worker_gone"),
    errors.IdempotencyKeyReused: ProblemKind(422, "idempotency_key_reused"),
    errors.StorageFull: ProblemKind(507, "storage_full"),
    errors.Unavailable: UNAVAILABLE,
    errors.Overloaded: OVERLOADED,
    errors.StoreBusy: STORE_KINDS[0],
    errors.StoreFails: STORE_KINDS[1],
    errors.StoreDamaged: STORE_KINDS[2],
    errors.StoreLost: STORE_KINDS[3],
}


class Refusal(Exception):
    """A request that is not granted, ready to be answered."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
        **members: Any,
    ) -> None:
        """Take the kind, the sentence for people, headers to send, bad fields and further members (JSON values)."""
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = headers or {}
        self.errors = errors
        self.members = members

    def document(self) -> dict[str, Any]:
        """Return the problem document; its title is the status's phrase, as RFC 9457 has it without a `type`."""
        document = {
            "title": HTTPStatus(self.kind.status).phrase,
            "status": self.kind.status,
            "code": self.kind.code,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = list(self.errors[:MAX_ERRORS])
        return document | self.members


def refusal_of(error: errors.WaybillError) -> Refusal:
    """Return the problem for a domain error, by the nearest class that the table knows."""
    kind = next(DOMAIN_KINDS[cls] for cls in type(error).__mro__ if cls in DOMAIN_KINDS)
    if isinstance(error, errors.Invalid):
        return invalid([{"pointer": error.pointer, "detail": str(error)}])
    headers = {"Retry-After": str(RETRY_SECONDS)} if isinstance(error, errors.Unavailable) else {}
    return Refusal(kind, str(error), headers=headers, **error.facts)


def invalid(errors: Sequence[FieldError], *, is_all: bool = True) -> Refusal:
    """Return the 422 that names every bad field, or says that there are more."""
    wrong = "1 field is wrong." if len(errors) == 1 else f"{len(errors)} fields are wrong."
    return Refusal(INVALID, wrong if is_all else f"At least {wrong}", errors=errors)
