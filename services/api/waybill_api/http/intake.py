"""Intake: a request is refused by its headers, or its body is read up to the limit."""

import asyncio
import functools
import json
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders, format_timestamp
from tornado.web import RequestHandler, stream_request_body

from waybill.installation import HEADER
from waybill_api import problems
from waybill_api.http.bodies.pool import LARGE, Bodies, BodyPool
from waybill_api.http.long_answers import JSON
from waybill_api.http.operation import FORM, SINGLE_LIMIT, Operation
from waybill_api.http.services import Services
from waybill_api.identity.access import NOBODY, Caller, Needs, Scope
from waybill_api.problems import Refusal

DRAIN_LIMIT = 256 * 1024 * 1024
"""How many bytes of an unwanted body are read and dropped, so that its sender can read the answer."""

DRAIN_PAUSE = 0.5
"""Seconds of silence after which the sender of an unwanted body has had time to read the answer."""

LONGEST_LENGTH = 18
"""The most digits of a plausible Content-Length."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Call:
    """An operation, and what it demands of its caller."""

    operation: Operation
    needs: Needs


@stream_request_body
class Intake(RequestHandler):
    """Reads a request if it is allowed; the endpoint answers a refused one."""

    def initialize(self, services: Services, calls: Mapping[str, Call]) -> None:
        """Take the services, and the calls of the resource by method."""
        self.services = services
        self.store = services.store
        self.workers = services.workers
        self.accounts = services.accounts
        self.room = services.room
        self._mount = services.edge.mount
        self._access = services.access
        self._traffic = services.traffic
        self._calls = calls
        self.caller = NOBODY
        self._needs: Needs = Scope.ALL
        self._limit = SINGLE_LIMIT
        self._chunks: list[bytes] = []
        self._received = self._room = 0
        self._has_left = False
        self._refusal: Refusal | None = None
        self._is_last = True
        """Whether Tornado closes the connection after the answer, as it does if the answer comes before the body."""

    def clear(self) -> None:
        """Begin an answer: without the server's name, and with the headers that restrict browsers.

        Tornado would make its own headers first, and format the date anew for each answer.
        """
        self._headers = headers = HTTPHeaders()
        headers["Content-Type"] = JSON
        headers["Date"] = _date(int(time.time()))
        for name, value in HEADERS.items():
            headers[name] = value
        if (installation := self.settings["installation"]) is not None:
            headers[HEADER] = installation
        self._write_buffer = []
        self.set_status(200)

    def flush(self, include_footers: bool = False) -> "asyncio.Future[None]":
        """Send what is written; addresses in the headers are those that the client has to ask for."""
        if self._mount.path and not self._headers_written:
            headers = self._headers
            for name, outer in (("Location", self._mount.outer), ("Link", self._mount.link)):
                if name in headers:
                    headers[name] = outer(headers[name])
        return super().flush(include_footers)

    def set_cookie(self, name: str, value: str | bytes, **attributes: Any) -> None:  # type: ignore[override]
        """Set a cookie for all addresses of ours; over HTTPS it is `Secure`."""
        attributes |= {"path": self._mount.cookies}
        if self.request.protocol == "https":
            attributes["secure"] = True
        super().set_cookie(self._mount.cookie(name), value, **attributes)

    def prepare(self) -> None:
        """Decide by the headers; a refusal waits for the body's end, so that the connection can be kept."""
        method = self.request.method or ""
        headers = self.request.headers
        call = self._calls.get("GET" if method == "HEAD" else method)
        length = headers.get("Content-Length", "0")
        is_ambiguous = "Transfer-Encoding" in headers and "Content-Length" in headers
        if is_ambiguous or not (length.isascii() and length.isdigit()):
            raise Refusal(problems.BAD_REQUEST, "The length of the body is not clear.")
        try:
            is_form = call is not None and call.operation.is_form
            self._needs = Scope.ALL if call is None else call.needs
            self.caller = self._access.check(self._needs, method, headers, is_form=is_form)
            if call is None and method != "OPTIONS":
                raise self.no_call()
            if call is not None:
                self._limit = call.operation.limit
                self._check_type(call.operation, length)
        except Refusal as refusal:
            if "Expect" in headers:
                raise
            self._refusal = refusal
            if refusal.kind == problems.FORBIDDEN:
                # The audit log names a refused session, and its page shows the refusal.
                self.caller = Caller(session=self._access.session(headers))
        if len(length) > LONGEST_LENGTH or int(length) > self._limit:
            if "Expect" in headers or len(length) > LONGEST_LENGTH:
                raise self._refusal or self._too_large()
            self._answer_early()
        else:
            self._is_last = False

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Gather the body, or drop it if the answer is known already."""
        self._received += len(chunk)
        if self._received > DRAIN_LIMIT:
            self.hang_up()
        elif self._headers_written:
            return None
        elif self._received > self._limit:
            self._chunks.clear()
            self._answer_early()
        elif self._refusal is None:
            self._chunks.append(chunk)
            if self._received > LARGE and not self._room:
                return self._take_room()
        return None

    async def _take_room(self) -> None:
        """Wait, without reading on, until a large body may be held."""
        length = self.request.headers.get("Content-Length")
        size = self._limit if length is None else int(length)
        try:
            await self._pool.take_room(size)
        except Refusal as refusal:
            self._refusal = refusal
            self._chunks.clear()
            self._answer_early()
            return
        self._room = size
        self.request.connection.stream.allow_body()  # type: ignore[union-attr]
        if self._has_left:
            self._let_go()

    def _let_go(self) -> None:
        """Free the room of this body for others."""
        self._chunks = []
        room, self._room = self._room, 0
        if room:
            self._pool.give_room(room)

    def on_finish(self) -> None:
        """Free what the request holds."""
        self._let_go()

    def on_connection_close(self) -> None:
        """Free what the request holds, because its client has left."""
        self._has_left = True
        self._let_go()

    @property
    def _pool(self) -> BodyPool:
        bodies = cast(Bodies, self.application.settings["bodies"])
        return bodies.reporters if self._needs is Scope.REPORTER else bodies.clients

    @property
    def request_line(self) -> str:
        """The method and the path of the request."""
        return f"{self.request.method} {self.request.path}"

    @property
    def body_size(self) -> int:
        """How many bytes the body has."""
        return self._received

    def no_call(self) -> Refusal:
        """Return the refusal of a method that the resource does not have."""
        return Refusal(
            problems.METHOD_NOT_ALLOWED,
            f"This resource has the methods {self._allowed()}.",
            headers={"Allow": self._allowed()},
        )

    def _check_type(self, operation: Operation, length: str) -> None:
        """Raise Refusal (415) unless the header says that the body is JSON in UTF-8."""
        headers = self.request.headers
        if operation.body is None or not (int(length[:LONGEST_LENGTH]) or "Transfer-Encoding" in headers):
            return
        given = headers.get("Content-Type", "")[:100]
        media, _, rest = given.lower().partition(";")
        media = media.strip()
        charset = rest.partition("charset=")[2].strip().strip('"')
        if operation.is_form and media == FORM:
            return
        is_json = media == JSON or (media.startswith("application/") and media.endswith("+json"))
        if (
            operation.is_form
            or not is_json
            or charset not in ("", "utf-8", "us-ascii")
            or "Content-Encoding" in headers
        ):
            detail = (
                f"The body must be JSON, not {given or 'of no type'}: send the header Content-Type: application/json"
            )
            hint = f"{detail} (with curl: -H 'Content-Type: application/json')."
            raise Refusal(problems.UNSUPPORTED_MEDIA_TYPE, hint, headers={"Accept": JSON})

    def _answer_early(self) -> None:
        """Answer before the body has come, but go on reading: a closed socket would cost its sender the answer."""
        refusal = self._refusal = self._refusal or self._too_large()
        self.clear()
        self.set_status(refusal.kind.status)
        document = json.dumps(refusal.document()).encode()
        headers = {"Content-Type": problems.MEDIA_TYPE, "Connection": "close", **refusal.headers}
        for name, value in (headers | {"Content-Length": str(len(document))}).items():
            self.set_header(name, value)
        self.write(document)
        self.flush()
        self._drain()

    def _drain(self, seen: int = -1) -> None:
        """Look from time to time whether the sender goes on, and close the connection once it has stopped."""
        if self._received == seen:
            self.hang_up()
        else:
            asyncio.get_running_loop().call_later(DRAIN_PAUSE, self._drain, self._received)

    def _too_large(self) -> Refusal:
        return Refusal(problems.TOO_LARGE, f"The body may have {self._limit} bytes.", limit=self._limit)

    def hang_up(self) -> None:
        """Close the connection at once."""
        cast(HTTP1Connection, self.request.connection).close()

    def _allowed(self) -> str:
        allowed = set(self._calls) | {"OPTIONS"} | ({"HEAD"} if "GET" in self._calls else set())
        return ", ".join(sorted(allowed))


@functools.lru_cache(maxsize=1)
def _date(second: int) -> str:
    return format_timestamp(second)
