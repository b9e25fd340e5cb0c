"""Stand-ins for what the worker's parts talk to, with the narrow interfaces that they need."""

import json
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from math import inf
from typing import Any

from waybill.api_error import ApiUnreachable
from waybill.client.calls import Answer, BeatAnswer
from waybill.domain.status import Outcome
from waybill.queue.message import Message, RoutedMessage
from waybill.queue.queue import Queue

Reply = Callable[[dict[str, Any]], Answer]

DEADLINE = 60.0


def applied(report: dict[str, Any]) -> Answer:
    """Apply a report; a claim is granted with a task to run."""
    is_claim = report["status"] == 2 if "status" in report else False
    task = {"name": "a task", "attempt": 1, "handler": "sleep", "processing_time": 0, "input": None, "timeout": None}
    return Answer(report["task_id"], Outcome.APPLIED, task | {"task_id": report["task_id"]} if is_claim else None)


def judged(outcome: Outcome) -> Reply:
    """Return a reply that gives every report this outcome."""
    return lambda report: Answer(report["task_id"], outcome, None, "because")


class ScriptedApi:
    """Takes reports; the next call fails with the next of `failures`, and `reply` judges what arrives."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.reply: Reply = applied
        self.is_down = False
        self.batches: list[list[dict[str, Any]]] = []
        self.refused: list[list[dict[str, Any]]] = []
        self.farewells: list[tuple[str, bool]] = []
        self.beats: list[Mapping[str, Any]] = []
        self.logs: dict[str, dict[str, Any]] = {}
        """The log of each task's run, as it was last said."""
        self.lost: list[tuple[str, int]] = []
        self.drain = False
        self.declared: list[tuple[str, dict[str, Any]]] = []
        self.types: list[dict[str, Any]] = [{"name": "sleep", "handler": "sleep"}]
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    @property
    def reports(self) -> list[dict[str, Any]]:
        """All reports that got an answer."""
        return [report for batch in self.batches for report in batch]

    def report(self, reports: Sequence[Mapping[str, Any] | str]) -> list[Answer]:
        batch = [json.loads(one if isinstance(one, str) else json.dumps(one)) for one in reports]
        self.entered.release()
        assert self.gate.wait(DEADLINE)
        try:
            self._answer()
        except Exception:
            self.refused.append(batch)
            raise
        answers = [self.reply(report) for report in batch]
        self.batches.append(batch)
        return answers

    def gone(self, worker_id: str, crashed: bool) -> None:
        self._answer()
        self.farewells.append((worker_id, crashed))

    def beat(self, worker_id: str, beat: Mapping[str, Any]) -> BeatAnswer:
        self._answer()
        self.beats.append(beat)
        return BeatAnswer(self.lost, self.drain)

    def put_run_logs(self, logs: Sequence[Mapping[str, Any]]) -> int:
        self._answer()
        self.logs |= {one["task_id"]: dict(one) for one in logs}
        return len(logs)

    def task_types(self) -> list[dict[str, Any]]:
        self._answer()
        return self.types

    def declare_task_type(self, name: str, declaration: Mapping[str, Any]) -> dict[str, Any]:
        self._answer()
        self.declared.append((name, dict(declaration)))
        made = {"name": name, "handler": declaration.get("handler"), "stages": declaration.get("stages")}
        self.types = [*(one for one in self.types if one["name"] != name), made]
        return made

    def _answer(self) -> None:
        if self.is_down:
            raise ApiUnreachable("down")
        if self.failures:
            raise self.failures.pop(0)


class ListQueue(Queue):
    """A queue in memory."""

    generation = 0

    def __init__(self, *letters: RoutedMessage) -> None:
        self.letters = list(letters)

    def take(self, routes: Collection[str] | Mapping[str, float], limit: int) -> list[RoutedMessage]:
        floors = routes if isinstance(routes, Mapping) else dict.fromkeys(routes, -inf)
        fitting = [one for one in self.letters if one.priority > floors.get(one.route, inf)]
        taken = sorted(fitting, key=lambda letter: -letter.priority)[:limit]
        self.letters = [letter for letter in self.letters if letter not in taken]
        return taken

    def send(self, messages: Sequence[tuple[str, int, Message]]) -> None:
        self.letters += [RoutedMessage(*message) for message in messages]

    def routes(self) -> set[str]:
        return {letter.route for letter in self.letters}

    def close(self) -> None:
        pass

    def _use(self, work: Any) -> Any:
        raise NotImplementedError


def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition, and fail once that takes too long."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)
