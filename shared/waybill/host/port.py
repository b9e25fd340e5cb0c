"""Ports for services that are started for a while: by tests, the demo, proofs and benchmarks."""

import itertools
import os
import socket
from collections.abc import Iterator

FIRST, LAST = 10_000, 30_000
"""Below what Linux gives to clients and to whoever asks for port 0 (from 32,768 on), so that none of these is taken
between the moment it is found and the moment it is used."""


def _candidates() -> Iterator[int]:
    """Yield ports for ever; each process begins somewhere else, so that several do not find the same one."""
    span = LAST - FIRST
    start = os.getpid() * 7_919 % span
    return (FIRST + (start + step) % span for step in itertools.count())


_next = _candidates()


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens now, and which this process has not been given before."""
    for port in _next:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("there is always another port")
