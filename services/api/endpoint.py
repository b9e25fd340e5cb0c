"""What every HTTP handler is: it carries out what was let in, and answers, errors included."""

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from services.api import problems
from services.api.intake import Intake
from services.api.operation import Operation
from services.api.problems import Refusal
from services.api.streaming import EVENT_STREAM, JSON, negotiated, stream, stream_live
from shared.domain.errors import WaybillError

log = logging.getLogger(__name__)


class Endpoint(Intake):
    """A resource: its methods are calls (see `operation.call`), its annotations the services that they need."""

    media = JSON
    """Which of the call's forms the answer takes."""
    _bell: "asyncio.Future[None] | None" = None
    _has_left = False
    _request_id = ""

    async def carry_out(self, operation: Operation, path: Sequence[str]) -> None:
        """Decode the arguments, call the method and answer with what it returns."""
        if self._refusal is not None:
            raise self._refusal
        with self._traffic:
            if len(operation.media) > 1:
                self.media = negotiated(self.request.headers.get("Accept"), operation.media)
            arguments = operation.arguments(self.request, path, b"".join(self._chunks))
            self.set_status(operation.status)
            answer = await operation.function(self, **arguments)
            if self.media == EVENT_STREAM:
                await stream_live(self, answer)
            elif isinstance(answer, AsyncIterator):
                await stream(self, answer, self.media, operation.columns)
            elif not self._finished:
                self.respond(answer)

    def respond(self, answer: Any, media: str = JSON) -> None:
        """Finish with a value as JSON, or without a body for None."""
        if self._is_last or self._traffic.is_closing:
            self.set_header("Connection", "close")
        if answer is None:
            self.finish()
            return
        self._headers["Content-Type"] = media
        self.finish(json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())

    async def wait_for(self, what: "asyncio.Future[Any]", seconds: float) -> None:
        """Wait until something happens, but no longer than that, nor once the client leaves or the server stops."""
        self._bell = self._traffic.bell()
        try:
            await asyncio.wait({what, self._bell}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._bell.cancel()

    @property
    def is_over(self) -> bool:
        """Whether the client has left or the server stops, so that what has no end of its own must find one."""
        return self._has_left or self._traffic.is_closing

    def on_connection_close(self) -> None:
        """Wake the request that waits: nobody is there to be answered."""
        super().on_connection_close()
        self._has_left = True
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    async def head(self, *path: str) -> None:
        """Answer as to GET, without the body (Tornado leaves it out)."""
        await self.get(*path)

    async def options(self, *path: str) -> None:
        """Name the methods; other origins are told nothing."""
        if self._refusal is not None:
            raise self._refusal
        self.set_status(204)
        self.set_header("Allow", self._allowed())
        self.finish()

    async def _no_method(self, *path: str) -> None:
        raise self._refusal or self.no_call()

    get = post = put = patch = delete = _no_method

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer with a problem, or, where an answer has begun, break it off so that nobody takes it for whole."""
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
        """Log what is our fault, once; a client's mistakes and departures are not errors here."""
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
            return Refusal(problems.Kind(status, problems.BAD_REQUEST.code), "The request cannot be understood.")
        return Refusal(problems.INTERNAL, "Something went wrong here; the log knows what.", request_id=self._request_id)


class Nowhere(Endpoint):
    """Answers where there is nothing."""

    def no_call(self) -> Refusal:
        """Return 404, whatever the method."""
        return Refusal(problems.NOT_FOUND, "There is nothing at this address.")
