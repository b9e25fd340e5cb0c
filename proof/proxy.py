"""The fault proxy: it stands between clients and the API, and harms requests as bad networks do."""

import contextlib
import random
import socket
import threading
import time
from collections import Counter

from proof.plan import ON_THE_WIRE, FaultKind
from proof.relay import Relay, Request, reset

SHARE = 0.5
"""The share of requests that are harmed while a fault lasts."""

LATENCY = (0.05, 1.5)
ECHO = (0.0, 4.0)
"""Seconds after which the second copy of a doubled request comes."""


class Proxy(Relay):
    """Passes requests on to the API one by one; while a fault lasts, it harms about half of them.

    Chance comes from `seed`; which request gets which draw depends on the scheduling of the machine.
    """

    def __init__(self, target: tuple[str, int], seed: int) -> None:
        """Listen on a free port of this machine, for requests to the API at `target`."""
        super().__init__(target)
        self._chance = random.Random(f"{seed}/wire")  # noqa: S311  # chance, not secrecy
        self._lock = threading.Lock()
        self._active: list[FaultKind] = []
        self.is_cut = False
        """If set, each request resets its connection, and nothing is passed on."""
        self.harm: Counter[FaultKind] = Counter()
        """How many requests each kind of fault has harmed."""

    def begin(self, kind: FaultKind) -> None:
        """Begin a fault. Raises ValueError if it is none of the wire."""
        if kind not in ON_THE_WIRE:
            raise ValueError(f"{kind} is no fault of the wire")
        with self._lock:
            self._active.append(kind)

    def end(self, kind: FaultKind) -> None:
        """End a fault; do nothing if it has not begun."""
        with self._lock, contextlib.suppress(ValueError):
            self._active.remove(kind)

    def serve(self, request: Request, client: socket.socket) -> bool:
        """Answer one request, and return whether the connection can go on."""
        if self.is_cut:
            return reset(client)
        kind = self._draw()
        if kind is FaultKind.LATENCY:
            time.sleep(self._between(*LATENCY))
        if kind is FaultKind.RESET:
            return reset(client)
        if kind is FaultKind.DOUBLED:
            self._double(request)
        answer = self.pass_on(request)
        if answer is None or kind is FaultKind.LOST_ANSWER:
            return reset(client)
        if kind is FaultKind.CUT_ANSWER:
            whole = answer.encode()
            client.sendall(whole[: int(len(whole) * self._between(0.1, 0.9))])
            return False
        client.sendall(answer.encode())
        return True

    def _draw(self) -> FaultKind | None:
        with self._lock:
            if not self._active or self._chance.random() >= SHARE:
                return None
            kind = self._active[-1]
            self.harm[kind] += 1
            return kind

    def _between(self, low: float, high: float) -> float:
        with self._lock:
            return self._chance.uniform(low, high)

    def _double(self, request: Request) -> None:
        """Pass on a copy: at once, before the request itself, or some seconds later."""
        delay = self._between(*ECHO)
        if delay < ECHO[1] / 2:
            self.pass_on(request)
            return
        echo = threading.Timer(delay, self.pass_on, [request])
        echo.daemon = True
        echo.start()
