"""A connection that tolerates an idle client, but not a slow one."""

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, UnsatisfiableReadError

from waybill_api.problems import BAD_REQUEST, HEAD_TOO_LARGE, TARGET_TOO_LONG, VERSION_NOT_SUPPORTED, Refusal
from waybill_api.sockets.crowd import Crowd
from waybill_api.sockets.last_words import Lingering, answer

IDLE_SECONDS = 75.0
"""Seconds for which a connection may be idle: longer than the minute for which workers and proxies keep one."""

HEAD_SECONDS = 10.0
"""Seconds for a request's head from its first byte; for the first head from the start of the connection."""

BODY_SECONDS = 10.0

MOST_UNSENT = 128 * 1024
"""Bytes of a long answer that the system may buffer."""

MAX_HEAD_SIZE = 16 * 1024

EMPTY_400 = b"HTTP/1.1 400 Bad Request\r\n\r\n"
"""Tornado's whole answer to a request that it cannot read."""

MOST_REASON = 200
"""How many characters of the error's text the answer shows."""

CONTINUE = b"HTTP/1.1 100 "
BEGINNINGS = frozenset(b"\r\n!#$%&'*+-.^_`|~" + bytes(range(48, 58)) + bytes(range(65, 91)) + bytes(range(97, 123)))
"""The bytes that a request line, or empty lines before it, may begin with; TLS begins with another one."""


class PatientStream(IOStream):
    """A stream that closes itself when it has to wait too long for a head, a body or another request.

    A client that has closed its sending side is still answered. A request that cannot be read gets a problem.

    A read only notes its time limit. One timer checks at intervals whether a read is late. No limit is shorter than the
    interval, so that none is missed, and a request that comes in time costs no timer.
    """

    _reading: "asyncio.Future[bytes] | None" = None
    _limit = 0.0
    """The monotonic time at which the read must be done."""
    _reads_head = False
    _awaits_head = False
    """Whether a head is expected, and no byte of it has come."""
    _timer: asyncio.TimerHandle | None = None
    _is_early = False
    """Whether it is too early to look for a byte."""
    is_new = True
    """Whether no byte has come yet."""
    has_ended = False
    """Whether the client has closed its sending side; TCP does not show whether it waits for answers or has left."""
    on_end: Callable[[], None] | None = None
    """Called once if the client closes its sending side while its request is under way."""
    lingering: Lingering | None = None
    crowd: Crowd | None = None
    installation: str | None = None
    """The id of the installation, which every answer carries."""
    _has_answered = False
    """Whether the answer to the latest request has begun."""
    _is_refused = False

    def read_until_regex(self, regex: bytes, max_bytes: int | None = None) -> Awaitable[bytes]:
        """Read a head (Tornado reads nothing else by this method); the first one must come soon.

        Right after an answer the next head has hardly ever come, unless it came with the last request: so wait for the
        loop to tell.
        """
        is_first = self._timer is None
        is_idle = not is_first and not self._read_buffer_size
        self._allow(IDLE_SECONDS if is_idle else HEAD_SECONDS)
        if is_first:
            self._look()
        self._reads_head = True
        self._has_answered = False
        self.on_end = None
        self._awaits_head = is_idle
        self._is_early = is_idle and not self.has_ended
        read = super().read_until_regex(regex, max_bytes)
        self._is_early = False
        if self.crowd is not None:
            self.crowd.wait(self)
        return self._watch(read)

    def read_bytes(self, num_bytes: int, partial: bool = False) -> Awaitable[bytes]:
        """Read a part of a body."""
        self._begin_body()
        return self._watch(super().read_bytes(num_bytes, partial))

    def read_until(self, delimiter: bytes, max_bytes: int | None = None) -> Awaitable[bytes]:
        """Read the length of a chunk of a body."""
        self._begin_body()
        return self._watch(super().read_until(delimiter, max_bytes))

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Read; the time of a head starts with its first byte."""
        if self._is_early:
            return None
        size = super().read_from_fd(buf)
        if size:
            if (self.is_new or self._awaits_head) and buf[0] not in BEGINNINGS:
                raise UnsatisfiableReadError("no request begins like this")
            self.is_new = False
            if self._awaits_head:
                self._awaits_head = False
                self._allow(HEAD_SECONDS)
        elif size == 0 and (self._read_future is None or self._find_read_pos() is not None):
            self._end()
            return None
        return size

    def write(self, data: bytes | memoryview) -> "asyncio.Future[None]":
        """Write a part of an answer; a problem that explains the error replaces Tornado's empty 400."""
        if data == EMPTY_400:
            if self._has_answered:
                return super().write(b"")
            self._is_refused = True
            # Tornado writes this while it handles the error; there is no other way to learn of it.
            return super().write(answer(_refusal_of(str(sys.exc_info()[1] or "")), self.installation))
        if not self._has_answered:
            self._has_answered = bytes(data[: len(CONTINUE)]) != CONTINUE
        return super().write(data)

    def reading(self) -> bool:
        """Whether to listen, also while a few bytes are buffered that Tornado has not read yet.

        They mostly are a body that came with its head, or the next head, and are read in a moment. Otherwise Tornado
        would take the socket out of the poll, only to put it in again.
        """
        return not self.has_ended and (super().reading() or self._read_buffer_size < MAX_HEAD_SIZE)

    def set_nodelay(self, value: bool) -> None:
        """Do nothing: it is set from the start, and Tornado asks for it with each answer."""

    def close(self, exc_info: Any = False) -> None:
        """Close the connection and stop the timer; a client whose request cannot be read still gets the problem."""
        if self._timer is not None:
            self._timer.cancel()
        if isinstance(exc_info, UnsatisfiableReadError) and not self.closed() and not self._has_answered:
            self._is_refused = True
            with contextlib.suppress(OSError):
                self.socket.send(answer(self._too_much(), self.installation))
        if self._is_refused and self.lingering is not None and not self.closed():
            self.lingering.keep(self.socket)
        if self.crowd is not None:
            self.crowd.leave(self)
        super().close(exc_info)

    def allow_body(self) -> None:
        """Restart the time limit of a body after a pause in reading it."""
        self._allow(BODY_SECONDS)

    @property
    def is_busy(self) -> bool:
        """Whether a request has begun to arrive and its answer is not sent; between requests a connection is idle."""
        return not (self.is_new or self._awaits_head or self.closed())

    @property
    def is_idle(self) -> bool:
        """Whether no whole request head has come since the last answer."""
        return self.is_new or (self._reads_head and self._reading is not None and not self._reading.done())

    @property
    def is_arriving(self) -> bool:
        """Whether the body of a request is on its way."""
        return not (self._reads_head or self._reading is None or self._reading.done())

    @property
    def bytes_sent(self) -> int:
        """The number of bytes sent since the connection began."""
        return int(self._total_write_done_index)

    def keep_little(self) -> None:
        """Limit the unsent data that the system buffers: else it holds megabytes for a client that does not read."""
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT)

    def _end(self) -> None:
        """Note once that the client has closed its sending side; requests that have arrived are still served."""
        if not self.has_ended:
            self.has_ended = True
            if self.on_end is not None:
                self.io_loop.add_callback(self.on_end)

    def _add_io_state(self, state: int) -> None:
        """Stop listening for reads at the end of input, which is always readable."""
        if self.has_ended:
            state &= ~IOLoop.READ
        if state:
            super()._add_io_state(state)

    def _handle_events(self, fd: Any, events: int) -> None:
        super()._handle_events(fd, events)
        if self.has_ended and self._state is not None and self._state & IOLoop.READ:
            self._state &= ~IOLoop.READ
            self.io_loop.update_handler(self.fileno(), self._state)

    def _too_much(self) -> Refusal:
        """Return the refusal of bytes that cannot belong to a request, or that are too many."""
        if not self._reads_head:
            return _refusal_of("invalid chunk size")
        if self._read_buffer_size <= MAX_HEAD_SIZE and b"\n\r\n" not in self._read_buffer:
            return _refusal_of("it is no HTTP; TLS can only be spoken by a proxy in front")
        if b"\n" not in self._read_buffer[:MAX_HEAD_SIZE]:
            return Refusal(TARGET_TOO_LONG, f"The request line may have {MAX_HEAD_SIZE} bytes, with all headers.")
        return Refusal(HEAD_TOO_LARGE, f"The request line and all headers may have {MAX_HEAD_SIZE} bytes together.")

    def _begin_body(self) -> None:
        """Start the time limit of the whole body with its first part."""
        if self._reads_head:
            self._reads_head = False
            self._allow(BODY_SECONDS)

    def _allow(self, seconds: float) -> None:
        self._limit = time.monotonic() + seconds

    def _watch(self, read: Awaitable[bytes]) -> Awaitable[bytes]:
        self._reading = cast("asyncio.Future[bytes]", read)
        return read

    def _look(self) -> None:
        """Close the stream if its read is late; otherwise look again before a read can be late."""
        left = min(HEAD_SECONDS, BODY_SECONDS)
        if self._reading is not None and not self._reading.done():
            left = min(left, self._limit - time.monotonic())
        if left > 0:
            self._timer = asyncio.get_running_loop().call_later(left, self._look)
        else:
            self.close()


def _refusal_of(reason: str) -> Refusal:
    """Return the problem for Tornado's message about a request that it cannot read."""
    kind = VERSION_NOT_SUPPORTED if reason.startswith("Unexpected HTTP version") else BAD_REQUEST
    return Refusal(kind, f"The request cannot be read: {reason[:MOST_REASON] or 'it is malformed'}.")
