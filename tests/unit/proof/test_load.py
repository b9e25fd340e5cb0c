"""The load repeats what was not answered, under the same key, and keeps what was."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from proof import load as loading
from proof.journal import Journal
from proof.load import Load
from proof.plan import Control, Wish
from proof.record import Asked
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.client.calls import Calls

PATIENCE = 20.0


class ScriptedClient(Calls):
    """Answers like an API; `failing` come first, and a create may be carried out without an answer."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.lock = threading.Lock()
        self.failing: list[Exception] = []
        self.keys: list[str | None] = []
        self.tasks: dict[str, dict[str, Any]] = {}

    def create_task(
        self, name: str, processing_time: int | None = None, *, idempotency_key: str | None = None, **fields: Any
    ) -> str:
        with self.lock:
            self.keys.append(idempotency_key)
            self.tasks.setdefault(f"id of {name}", {"status": 3, "attempt": 1})
            self._fail()
        return f"id of {name}"

    def get_task(self, task_id: str, wait: float | None = None) -> dict[str, Any]:
        return dict(self.tasks[task_id])

    def cancel_task(self, task_id: str, attempt: int | None = None) -> dict[str, Any]:
        self._fail()
        return self.tasks[task_id]

    def retry_task(self, task_id: str, attempt: int | None = None) -> dict[str, Any]:
        self.tasks[task_id]["attempt"] += 1
        self._fail()
        return self.tasks[task_id]

    def _fail(self) -> None:
        if self.failing:
            raise self.failing.pop(0)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> ScriptedClient:
    monkeypatch.setattr(loading, "PAUSE", (0.0, 0.01))
    return ScriptedClient()


@pytest.fixture
def begin(client: ScriptedClient, tmp_path: Path) -> Iterator[Callable[..., Load]]:
    loads: list[Load] = []
    with Journal(tmp_path / "journal.jsonl") as journal:

        def make(*wishes: Wish) -> Load:
            loads.append(Load(client, wishes, journal))
            loads[-1].start()
            return loads[-1]

        yield make
        for load in loads:
            load.close()


def test_every_wish_is_acknowledged_once(client: ScriptedClient, begin: Callable[..., Load]) -> None:
    load = begin(*(Wish(0.01 * number, f"{number}") for number in range(20)))
    assert load.finish(PATIENCE)
    assert {create.task_id for create in load.creates} == {f"id of {number}" for number in range(20)}
    assert len(client.keys) == len(set(client.keys)) == 20


def test_a_create_without_an_answer_is_sent_again_under_the_same_key(
    client: ScriptedClient, begin: Callable[..., Load]
) -> None:
    client.failing = [ApiUnreachable("cut"), ApiUnreachable("cut")]
    load = begin(Wish(0, "a"))
    assert load.finish(PATIENCE)
    assert load.creates[0].task_id == "id of a"
    assert len(client.keys) == 3
    assert len(set(client.keys)) == 1


def test_a_create_that_is_refused_stays_unanswered(client: ScriptedClient, begin: Callable[..., Load]) -> None:
    client.failing = [ApiProblem(422, "invalid", {})]
    load = begin(Wish(0, "a"))
    assert load.finish(PATIENCE)
    assert load.creates[0].task_id is None


def test_what_is_not_done_in_time_is_said(client: ScriptedClient, begin: Callable[..., Load]) -> None:
    assert not begin(Wish(60, "late")).finish(0.1)


def test_a_cancel_without_an_answer_is_asked_again(client: ScriptedClient, begin: Callable[..., Load]) -> None:
    load = begin(Wish(0, "a", control=Control.CANCEL))
    client.failing = []
    assert load.finish(PATIENCE)
    assert load.asked == [Asked("id of a", Control.CANCEL, 1, True)]


def test_a_refused_cancel_is_no_promise(client: ScriptedClient, begin: Callable[..., Load]) -> None:
    wish = Wish(0, "a", control=Control.CANCEL, after=0.3)
    load = begin(wish)
    while not client.keys:
        pass
    client.failing = [ApiProblem(409, "task_is_final", {})]
    assert load.finish(PATIENCE)
    assert load.asked == [Asked("id of a", Control.CANCEL, 1, False)]


def test_a_retry_whose_answer_was_lost_is_not_asked_for_twice(
    client: ScriptedClient, begin: Callable[..., Load]
) -> None:
    load = begin(Wish(0, "a", control=Control.RETRY, after=0.3))
    while not client.keys:
        pass
    client.failing = [ApiUnreachable("cut")]
    assert load.finish(PATIENCE)
    assert load.asked == [Asked("id of a", Control.RETRY, 1, False)]
    assert client.tasks["id of a"]["attempt"] == 2
