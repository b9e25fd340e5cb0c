"""The entrance: listening sockets that accept connections, and pause while the process has no free descriptor."""

import asyncio
import errno
import select
import socket
from collections.abc import Callable
from typing import Any

from waybill_api.conditions import NO_DESCRIPTORS, Conditions

AT_ONCE = 32
"""How many connections are accepted at once, before the loop serves requests again."""

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
REST_SECONDS = 0.2
"""Seconds for which an entrance pauses, and after which it tries again."""

QUIET_SECONDS = 2.0
"""Seconds with enough descriptors before the condition is cleared, so that a flicker is logged once."""


class Entrance:
    """Accepts the connections of one listening socket on the running event loop."""

    def __init__(
        self,
        listener: socket.socket,
        welcome: Callable[[socket.socket, Any], None],
        make_room: Callable[[], bool],
        conditions: Conditions,
    ) -> None:
        """Call `welcome` with each connection and address; `make_room` closes one and returns whether it did."""
        self._listener = listener
        self._welcome = welcome
        self._make_room = make_room
        self._conditions = conditions
        self._loop = asyncio.get_running_loop()
        self._is_open = True
        self._timer: asyncio.TimerHandle | None = None
        self._recovery: asyncio.TimerHandle | None = None
        self._listen()

    def close(self) -> None:
        """Accept no more."""
        self._is_open = False
        for timer in (self._timer, self._recovery):
            if timer is not None:
                timer.cancel()
        self._loop.remove_reader(self._listener)

    def _listen(self) -> None:
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            if not self._is_open:
                return
            try:
                connection, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                # The error of a client that left before it was accepted concerns only that client.
                if error.errno in EXHAUSTED:
                    # Linux reserves a descriptor first, and fails even if no client waits.
                    if not self._is_client_waiting():
                        return
                    self._note_shortage(error)
                    if not self._make_room():
                        self._rest()
                        return
                continue
            self._welcome(connection, address)

    def _is_client_waiting(self) -> bool:
        look = select.poll()
        look.register(self._listener, select.POLLIN)
        return bool(look.poll(0))

    def _rest(self) -> None:
        """Stop accepting for a moment: otherwise the loop reports the same connections again and again."""
        self._loop.remove_reader(self._listener)
        self._timer = self._loop.call_later(REST_SECONDS, self._try_again)

    def _try_again(self) -> None:
        self._listen()
        self._accept()

    def _note_shortage(self, error: OSError) -> None:
        whose = "the system has" if error.errno == errno.ENFILE else "this process has"
        self._conditions.hold(NO_DESCRIPTORS, f"{whose} no descriptors for new connections ({error.strerror})")
        if self._recovery is not None:
            self._recovery.cancel()
        self._recovery = self._loop.call_later(QUIET_SECONDS, self._conditions.clear, NO_DESCRIPTORS)
