"""Errors as RFC 9457 problems: the one table from what went wrong to status and code."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from waybill.domain import errors
from waybill.wire.problems import FieldError

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100
"""How many bad fields one answer names."""


class Kind(NamedTuple):
    """The HTTP status of a problem and the code that programs may rely on."""

    status: int
    code: str


BAD_REQUEST = Kind(400, "bad_request")
NOT_JSON = Kind(400, "not_json")
DUPLICATE_KEY = Kind(400, "duplicate_key")
NUMBER_OUT_OF_RANGE = Kind(400, "number_out_of_range")
TOO_DEEP = Kind(400, "too_deep")
BAD_TEXT = Kind(400, "bad_text")
UNAUTHENTICATED = Kind(401, "unauthenticated")
FORBIDDEN = Kind(403, "forbidden")
CROSS_SITE = Kind(403, "cross_site")
XSRF = Kind(403, "xsrf")
WRONG_PASSWORD = Kind(403, "wrong_password")
NOT_FOUND = Kind(404, "not_found")
METHOD_NOT_ALLOWED = Kind(405, "method_not_allowed")
NOT_ACCEPTABLE = Kind(406, "not_acceptable")
NOT_APPLIED = Kind(409, "not_applied")
TOO_LARGE = Kind(413, "too_large")
TOO_COMPLEX = Kind(413, "too_complex")
TARGET_TOO_LONG = Kind(414, "target_too_long")
UNSUPPORTED_MEDIA_TYPE = Kind(415, "unsupported_media_type")
MISDIRECTED = Kind(421, "misdirected")
INVALID = Kind(422, "invalid")
BAD_QUERY = Kind(422, "bad_query")
TOO_MANY_STREAMS = Kind(429, "too_many_streams")
TOO_MANY_POLLS = Kind(503, "too_many_polls")
TOO_MANY_LISTS = Kind(503, "too_many_lists")
TOO_MANY_CONNECTIONS = Kind(503, "too_many_connections")
TOO_MANY = Kind(429, "too_many")
TOO_MANY_CREATES = Kind(429, "too_many_creates")
HEAD_TOO_LARGE = Kind(431, "head_too_large")
INTERNAL = Kind(500, "internal")
NOT_READY = Kind(503, "not_ready")
UNAVAILABLE = Kind(503, "unavailable")
OVERLOADED = Kind(503, "overloaded")
"""A problem that every call which writes for a client may return."""
STORE_KINDS = (
    Kind(503, "store_busy"),
    Kind(503, "store_fails"),
    Kind(503, "store_damaged"),
    Kind(503, "store_lost"),
)
"""Problems that every call which reads or writes may return."""
VERSION_NOT_SUPPORTED = Kind(505, "version_not_supported")

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

DOMAIN_KINDS: dict[type[errors.WaybillError], Kind] = {
    errors.WaybillError: Kind(400, "not_possible"),
    errors.NotFound: NOT_FOUND,
    errors.TaskNotFound: Kind(404, "task_not_found"),
    errors.TaskTypeNotFound: Kind(404, "task_type_not_found"),
    errors.WorkerNotFound: Kind(404, "worker_not_found"),
    errors.AccountNotFound: Kind(404, "account_not_found"),
    errors.Invalid: INVALID,
    errors.Conflict: Kind(409, "conflict"),
    errors.TaskIsFinal: Kind(409, "task_is_final"),
    errors.TaskIsNotFinal: Kind(409, "task_is_not_final"),
    errors.AttemptHasMoved: Kind(409, "attempt_has_moved"),
    errors.ExternalKeyTaken: Kind(409, "external_key_taken"),
    errors.TaskTypeExists: Kind(409, "task_type_exists"),
    errors.TaskTypeInUse: Kind(409, "task_type_in_use"),
    errors.AccountExists: Kind(409, "account_exists"),
    errors.LastAdmin: Kind(409, "last_admin"),
    errors.ChangedMeanwhile: Kind(412, "changed_meanwhile"),
    errors.WorkerGone: Kind(409, "worker_gone"),
    errors.IdempotencyKeyReused: Kind(422, "idempotency_key_reused"),
    errors.StorageFull: Kind(507, "storage_full"),
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
        kind: Kind,
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
