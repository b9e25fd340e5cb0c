"""The base of every HTTP handler: it carries out the request, and answers, also with errors."""

import json
import logging
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import chain
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from waybill.domain.audit import Deed
from waybill.domain.errors import WaybillError
from waybill_api import problems
from waybill_api.http.bodies.pool import LARGE
from waybill_api.http.deeds import details_of
from waybill_api.http.long_answers import EVENT_STREAM, JSON, negotiated, pieces_of, stream, stream_live, write_pieces
from waybill_api.http.operation import SINGLE_LIMIT, Operation
from waybill_api.http.waiting import Waiting
from waybill_api.identity.access import SAFE_METHODS, Scope
from waybill_api.problems import Refusal
from waybill_api.store import commands

DONE = "done"
ADMIN_TOKEN = "(admin.token)"  # noqa: S105 - the name of its holder in the audit log
NOTED = (Scope.CLIENT, Scope.OPERATOR, Scope.ADMIN)
"""The calls with the administrator's token that the audit log has; reports are in the history of their tasks."""

ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
"""Made once: `json.dumps` with options would make an encoder for each call."""

log = logging.getLogger(__name__)


class Endpoint(Waiting):
    """A resource: its methods are calls (see `operation.call`), which work with `services`."""

    media = JSON
    """The form of the answer, one of those that the call offers."""
    outcome: str | None = DONE
    """The line of the audit log on an answered call; None if the call needs none."""
    facts: Mapping[str, Any] = {}
    """Details of the outcome for the audit log."""
    fingerprint: str | None = None
    """The fingerprint of the request, if it was made while the body was read."""
    _request_id = ""

    async def carry_out(self, operation: Operation, path: Sequence[str]) -> None:
        """Decode the arguments, call the method and answer with what it returns."""
        with self._traffic:
            answer = await self._audited(operation, path)
            if isinstance(answer, AsyncIterator):
                self._stream.keep_little()
            if self.media == EVENT_STREAM:
                await stream_live(self, answer)
            elif isinstance(answer, AsyncIterator):
                await stream(self, answer, self.media, operation.columns)
            elif not self._finished and (pieces := pieces_of(answer, ENCODER.encode)) is not None:
                await self._respond_in_pieces(pieces)
            elif not self._finished:
                self.respond(answer)

    async def _audited(self, operation: Operation, path: Sequence[str]) -> Any:
        """Carry out a request, and write to the audit log what was changed or refused, before the answer."""
        arguments: dict[str, Any] = {}
        try:
            answer = await self._carried_out(operation, path, arguments)
        except (Refusal, WaybillError) as error:
            await self._note_if_possible(operation, arguments, self._refusal_of(0, error).kind.code)
            raise
        if self.outcome is not None:
            await self._note_if_possible(operation, arguments, self.outcome)
        return answer

    async def _carried_out(self, operation: Operation, path: Sequence[str], arguments: dict[str, Any]) -> Any:
        if self._refusal is not None:
            raise self._refusal
        if len(operation.media) > 1:
            self.media = negotiated(self.request.headers.get("Accept"), operation.media)
        try:
            arguments.update(await self._arguments(operation, path))
        except Refusal:
            await self.misread()
            raise
        self.set_status(operation.status)
        return await operation.function(self, **arguments)

    async def _arguments(self, operation: Operation, path: Sequence[str]) -> dict[str, Any]:
        """Decode the body; a large one in another process, since decoding blocks the loop."""
        if operation.batch is None or self.body_size <= LARGE:
            return operation.arguments(self.request, path, b"".join(self._chunks))
        arguments = operation.parameters_of(self.request, path)
        wanted = self.request_line if "Idempotency-Key" in self.request.headers else None
        read = await self._pool.read(operation.name, wanted, self._chunks)
        self.fingerprint = read.fingerprint
        self._let_go()
        return arguments | {operation.body_argument: read.body}

    async def misread(self) -> None:
        """Hear that the body makes no sense; the next step refuses it."""

    async def _note_if_possible(self, operation: Operation, arguments: Mapping[str, Any], outcome: str) -> None:
        """Write to the audit log; a failure to do so does not change the answer."""
        try:
            await self._note(operation, arguments, outcome)
        except Exception:
            log.exception(
                "%s %s (%s) is missing in the audit log",
                self.request.method,
                self.request.path,
                outcome,
                extra={"action": "audit_failed"},
            )

    async def _note(self, operation: Operation, arguments: Mapping[str, Any], outcome: str) -> None:
        """Record calls of people, and of clients with the administrator's token."""
        if self.request.method in SAFE_METHODS:
            return
        if self.caller.session is not None:
            who = self.caller.session.account
        elif self.caller.scope is Scope.ADMIN and self._needs in NOTED:
            who = ADMIN_TOKEN
        else:
            return
        target = self._headers.get("Location") or self.request.path
        is_large = self.body_size > SINGLE_LIMIT
        details = {"size": self.body_size} if is_large else details_of(operation, self.recordable(arguments))
        await self.record(who, operation.name, target, outcome, details | dict(self.facts))

    def recordable(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the arguments of a call as the audit log may hold them."""
        return arguments

    async def record(
        self, who: str, action: str, target: str, outcome: str, details: Mapping[str, Any] | None = None
    ) -> None:
        """Append to the audit log."""
        address = self.request.remote_ip or ""
        deed = Deed(who=who, action=action, target=target, address=address, outcome=outcome, details=details or {})
        await self.store.insist(commands.audit.record, deed)

    def respond(self, answer: Any, media: str = JSON) -> None:
        """Finish with a value as JSON, or without a body for None."""
        if answer is None:
            self._end_connection()
            self.finish()
            return
        self._respond_with(ENCODER.encode(answer).encode(), media)

    def _respond_with(self, body: bytes, media: str) -> None:
        self._end_connection()
        self._headers["Content-Type"] = media
        self._headers["Content-Length"] = str(len(body))
        self.finish(body)

    def _end_connection(self) -> None:
        """Set `Connection: close` if the connection ends with this answer."""
        if self._is_last or self._traffic.is_closing:
            self.set_header("Connection", "close")

    async def _respond_in_pieces(self, pieces: Iterator[str]) -> None:
        """Finish with an answer; one of several pieces is made while it leaves and other requests are served."""
        first, second = next(pieces), next(pieces, None)
        if second is None:
            self._respond_with(first.encode(), JSON)
            return
        self._end_connection()
        self._headers["Content-Type"] = JSON
        await write_pieces(self, chain((first, second), pieces))

    def link_next(self, cursor: str) -> None:
        """Link to the next page: the same address with another cursor."""
        query = {name: values[0] for name, values in self.request.query_arguments.items()}
        following = urlencode(query | {"cursor": cursor.encode()})
        self.set_header("Link", f'<{self.request.path}?{following}>; rel="next"')

    def require(self, scope: Scope) -> None:
        """Raise Refusal unless the caller may do something that demands more than the call itself."""
        self.caller = self._access.check(scope, self.request.method or "", self.request.headers)
        self._needs = scope

    async def head(self, *path: str) -> None:
        """Answer as to GET, without the body (Tornado leaves it out)."""
        await self.get(*path)

    async def options(self, *path: str) -> None:
        """Name the methods; other origins get no permission."""
        if self._refusal is not None:
            raise self._refusal
        self.set_status(204)
        self.set_header("Allow", self._allowed())
        self.finish()

    async def _no_method(self, *path: str) -> None:
        raise self._refusal or self.no_call()

    get = post = put = patch = delete = _no_method

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer with a problem; if an answer has begun, break it off so that no client takes it for complete."""
        if self._headers_written:
            self.hang_up()
        else:
            super().send_error(status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the problem that an exception stands for."""
        refusal = self._refusal_of(status_code, kwargs.get("exc_info", (None, None, None))[1])
        self.set_status(refusal.kind.status)
        for name, value in refusal.headers.items():
            self.set_header(name, value)
        self.respond(refusal.document(), problems.MEDIA_TYPE)

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Log our own errors, once; a client's mistakes and departures are none."""
        if isinstance(value, Refusal | WaybillError | HTTPError | StreamClosedError):
            return
        self._request_id = secrets.token_hex(8)
        log.error(
            "%s %s failed; request id %s",
            self.request.method,
            self.request.path,
            self._request_id,
            exc_info=value,
            extra={"action": "request_failed"},
        )

    def compute_etag(self) -> None:
        """Make no ETag from the body: hashing every answer costs more than it saves."""

    def _refusal_of(self, status: int, error: BaseException | None) -> Refusal:
        if isinstance(error, Refusal):
            return error
        if isinstance(error, WaybillError):
            return problems.refusal_of(error)
        if isinstance(error, HTTPError) and error.status_code == problems.METHOD_NOT_ALLOWED.status:
            return self.no_call()
        if isinstance(error, HTTPError):
            return Refusal(problems.ProblemKind(status, problems.BAD_REQUEST.code), "The request cannot be understood.")
        return Refusal(problems.INTERNAL, "Something went wrong here; the log knows what.", request_id=self._request_id)


class Nowhere(Endpoint):
    """Answers requests for an unknown path."""

    def no_call(self) -> Refusal:
        """Return 404, whatever the method."""
        return Refusal(problems.NOT_FOUND, "There is nothing at this address.")
