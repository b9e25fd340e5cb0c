"""The bad network between the services and the trackers."""

import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from demo.pipeline.schedule import Fate, Schedule
from proof.relay import Answer, Relay, Request, reset

OK = 200

Reports = Sequence[dict[str, Any]]


class Listener(Protocol):
    """Gets the reports that Waybill gets."""

    def deliver(self, reports: Reports) -> None:
        """Take reports in the order of arrival, without waiting."""


class Wire(Relay):
    """Passes reports on to Waybill with faults of all kinds; the listeners get what arrives."""

    def __init__(self, target: tuple[str, int], seed: int, listeners: Sequence[Listener]) -> None:
        """Take the address of the API, and the seed that decides the faults."""
        super().__init__(target)
        self._schedule = Schedule(seed)
        self._listeners = listeners
        self._lock = threading.Lock()
        self._echoes: list[threading.Timer] = []
        self.delivered = 0
        """How many reports have arrived, copies included."""
        self.requests: Counter[Fate] = Counter()
        """How many requests met each fate."""

    def serve(self, request: Request, client: socket.socket) -> bool:
        """Answer one request, which meets its fate if it has reports; return whether the connection can go on."""
        if (request.method, request.path) != ("POST", "/reports"):
            return super().serve(request, client)
        reports: Reports = json.loads(request.body)["reports"]
        with self._lock:
            draw = self._schedule.next(str(reports[0].get("source")))
            self.requests[draw.fate] += 1
        if draw.fate is Fate.DROPPED:
            return reset(client)
        if draw.fate is Fate.DELAYED:
            threading.Event().wait(draw.seconds)
        order = list(range(len(reports)))
        if draw.fate is Fate.REORDERED:
            random.Random(draw.shuffle).shuffle(order)  # noqa: S311  # to be repeated
        answer = self._deliver(request, [reports[index] for index in order])
        if draw.fate is Fate.DOUBLED:
            self._echo(draw.seconds, request, reports)
        if answer is None or draw.fate is Fate.UNANSWERED:
            return reset(client)
        client.sendall(put_back(answer, order).encode())
        return True

    def settle(self) -> None:
        """Wait until all late copies have arrived."""
        for echo in self._echoes:
            echo.join()

    def _deliver(self, request: Request, reports: Reports) -> Answer | None:
        with self._lock:
            self.delivered += len(reports)
            for listener in self._listeners:
                listener.deliver(reports)
        return self.pass_on(replace(request, body=json.dumps({"reports": reports}).encode()))

    def _echo(self, seconds: float, request: Request, reports: Reports) -> None:
        echo = threading.Timer(seconds, self._deliver, [request, reports])
        echo.daemon = True
        with self._lock:
            self._echoes.append(echo)
        echo.start()


def put_back(answer: Answer, order: Sequence[int]) -> Answer:
    """Return the answer with the outcomes in the order of the sender's reports."""
    if answer.status != OK:
        return answer
    outcomes = json.loads(answer.body)["outcomes"]
    asked = [outcome for _, outcome in sorted(zip(order, outcomes, strict=True), key=lambda pair: pair[0])]
    return replace(answer, body=json.dumps({"outcomes": asked}).encode())
