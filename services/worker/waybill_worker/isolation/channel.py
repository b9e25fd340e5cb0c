"""The channel between a worker and an isolated process: lines of JSON over a pair of sockets."""

import json
import socket
import threading
from collections.abc import Mapping
from typing import Any

CHUNK = 65_536
LINE_CAP = 1 << 20
"""Bytes of the longest line: a report has at most 64 KiB, a task with its input and metadata not much more."""

SEND_SECONDS = 10.0
"""Seconds that the other side may take to read a message."""


class Garbled(Exception):
    """The other side sent something that is no message."""


class Channel:
    """One end of the channel; any thread may send, and one thread receives."""

    def __init__(self, own: socket.socket) -> None:
        """Take the socket."""
        self._socket = own
        self._lock = threading.Lock()
        self._unread = b""

    def fileno(self) -> int:
        """Return the descriptor, for polling."""
        return self._socket.fileno()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message. Raises OSError if the other side is gone or does not read."""
        line = json.dumps(message).encode() + b"\n"
        with self._lock:
            self._socket.sendall(line)

    def receive(self) -> list[dict[str, Any]] | None:
        """Wait for input and return the complete messages; None once the other side is gone.

        Raises Garbled.
        """
        try:
            data = self._socket.recv(CHUNK)
        except ConnectionError:
            return None
        if not data:
            return None
        *lines, self._unread = (self._unread + data).split(b"\n")
        if len(self._unread) > LINE_CAP:
            raise Garbled(f"a line of more than {LINE_CAP:,} bytes")
        return [_message(line) for line in lines]

    def close(self) -> None:
        """Close this end."""
        self._socket.close()


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise Garbled(f"no message: {line[:100]!r}")
    return message
