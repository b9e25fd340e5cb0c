"""Ports of this machine for services that are started for a while."""

import http.client
import itertools
import os
import socket
from collections.abc import Iterator

FIRST, LAST = 10_000, 30_000
"""Below the ports that Linux gives to clients and for port 0 (from 32,768 on), so that no other process takes one of
these between the moment it is found and the moment it is used."""


def _candidates() -> Iterator[int]:
    """Yield ports for ever; each process begins with another one, so that two do not find the same."""
    span = LAST - FIRST
    start = os.getpid() * 7_919 % span
    return (FIRST + (start + step) % span for step in itertools.count())


_next = _candidates()


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free now, and that this function has not returned before."""
    for port in _next:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("there is always another port")


def listens(port: int) -> bool:
    """Whether a server takes connections on this port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5.0).close()
    except OSError:
        return False
    return True


def answers(port: int, path: str, status: int = 200) -> bool:
    """Whether a server on this port answers a GET with `status`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
