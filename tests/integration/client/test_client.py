"""The client for programs against a real API: submit, wait, watch, list, bulk."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.client.handworker import HandWorker
from tests.stateful.running import RunningApi
from throwaway.clone import ROOT
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.client.client import Client
from waybill.client.following import follow
from waybill.client.handle import Handle
from waybill.client.stream import Message
from waybill.client.task_failed import TaskFailed
from waybill.domain.status import Status

PATIENCE = 30.0
GONE = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waybill.pauses.FIRST", 0.01)


def test_a_task_is_submitted_and_its_result_awaited(client: Client, worker: HandWorker) -> None:
    handle = client.submit("resize", {"width": 3}, metadata={"user": "ada"}, external_key="cat-1", timeout=7)
    assert handle.result(PATIENCE) == {"width": 3}
    task = handle.task()
    assert (task["name"], task["external_key"], task["metadata"]) == ("resize", "cat-1", {"user": "ada"})
    assert task["timeout"] == 7
    assert handle.status() is Status.COMPLETED
    assert client.submit("resize", name="A cat").wait(PATIENCE)["name"] == "A cat"


def test_a_result_of_a_failure_raises_what_is_known_of_it(client: Client, worker: HandWorker) -> None:
    with pytest.raises(TaskFailed, match="failed: a width below 0") as raised:
        client.submit("resize", {"width": -1}).result(PATIENCE)
    assert (raised.value.code, raised.value.message) == ("failed", "a width below 0")
    assert raised.value.detail == "the traceback"


def test_a_wait_ends_in_time(client: Client) -> None:
    handle = client.submit("delivery")
    with pytest.raises(TimeoutError, match=handle.id):
        handle.wait(timeout=0.05)
    with pytest.raises(TimeoutError, match="1 of the tasks"):
        client.wait([handle], timeout=0.05)


def test_a_task_is_cancelled_and_opened_again(client: Client) -> None:
    handle = client.submit("delivery")
    error = handle.cancel()["error"]
    assert error is not None
    assert error["code"] == "cancelled"
    assert handle.retry()["attempt"] == 2


def test_events_are_watched_to_the_end(client: Client, worker: HandWorker) -> None:
    handle = client.submit("resize", {"hold": True})
    seen = []
    for event in handle.watch():
        seen.append((event["kind"], event["task_status"]))
        if event["task_status"] == Status.PROCESSING:
            threading.Timer(0.05, worker.release).start()
    assert seen == [("create", 1), ("claim", 2), ("report", 3)]
    # A history that is complete already ends at once, also after an earlier end.
    handle.retry()
    handle.wait(PATIENCE)
    kinds = [event["kind"] for event in handle.watch()]
    assert kinds[:4] == ["create", "claim", "report", "retry"]


class BreakingClient(Client):
    """Its streams break after each message, and some cannot be had."""

    tried = 0

    def stream(self, task_id: str | None = None, after: int | None = None) -> Iterator[Message]:
        for number, message in enumerate(super().stream(task_id, after)):
            self.tried += 1
            if self.tried % 3 == 0:
                raise ApiUnreachable("cut")
            yield message
            if number == 1:
                return


def test_a_watch_goes_on_after_lost_connections_without_gaps_or_doubles(api: RunningApi, worker: HandWorker) -> None:
    with BreakingClient(api.url) as client:
        handle = client.submit("resize", {"width": 1})
        handle.wait(PATIENCE)
        told = [event["event_id"] for event in handle.watch()]
        assert told == [event["event_id"] for event in client.task_events(handle.id)]
        assert len(told) == 3
        assert client.tried > 3


def test_a_watch_of_an_api_that_is_away_from_the_start_raises() -> None:
    with Client("http://127.0.0.1:9", retries=0) as client:
        with pytest.raises(ApiUnreachable):
            next(iter(client.handle(GONE).watch()))
        with pytest.raises(ApiUnreachable):
            client.handle(GONE).wait()
        with pytest.raises(TimeoutError):
            Handle(client, GONE, has_answered=True).wait(timeout=0.1)
        with pytest.raises(ApiUnreachable):
            next(iter(follow(client, [GONE])))


def test_a_watch_of_a_task_that_is_deleted_ends(client: Client) -> None:
    handle = client.submit("delivery")
    kinds = []
    for event in handle.watch():
        kinds.append(event["kind"])
        if event["kind"] == "create":
            handle.cancel()
            client.delete_task(handle.id)
    assert kinds[0] == "create"
    with pytest.raises(ApiProblem, match="task_not_found"):
        next(iter(handle.watch()))


def test_many_tasks_are_awaited_with_few_calls(client: Client, worker: HandWorker, monkeypatch: Any) -> None:
    ids = client.create_tasks([{"name": f"n {n}", "type": "resize", "input": {"hold": n % 2}} for n in range(100)])
    asked = []
    send = client._send

    def counted(*given: Any, **named: Any) -> Any:
        asked.append(given[1])
        return send(*given, **named)

    monkeypatch.setattr(client, "_send", counted)
    threading.Timer(0.5, worker.release).start()
    tasks = client.wait(ids["task_ids"], PATIENCE)
    assert [task["task_id"] for task in tasks] == ids["task_ids"]
    assert {task["status_name"] for task in tasks} == {"COMPLETED"}
    assert len(asked) < 100


def test_tasks_are_followed_while_the_api_is_away(
    client: Client, worker: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    handles = [client.submit("resize", {"hold": True}) for _ in range(2)]
    lost: list[Exception] = []
    listing = client.list_tasks
    calls = 0

    def breaking(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls % 2 == 0:
            raise ApiUnreachable("cut")
        return listing(*given, **named)

    monkeypatch.setattr(client, "list_tasks", breaking)
    threading.Timer(0.3, worker.release).start()
    seen = list(follow(client, [handle.id for handle in handles], PATIENCE, lost.append))
    assert {one.task_id for one in seen if one.is_over} == {handle.id for handle in handles}
    assert lost


def test_a_task_that_is_not_there_is_over_and_no_task_to_wait_for(client: Client) -> None:
    handle = client.submit("delivery")
    handle.cancel()
    over = {seen.task_id: seen.task is None for seen in follow(client, [handle.id, GONE], PATIENCE)}
    assert over == {handle.id: False, GONE: True}
    with pytest.raises(ApiProblem, match="task_not_found"):
        client.wait([GONE], PATIENCE)


def test_a_task_that_is_deleted_while_it_is_followed_is_over(client: Client) -> None:
    handle = client.submit("delivery")
    seen = []
    for one in follow(client, [handle.id], PATIENCE):
        seen.append(one.task)
        if len(seen) == 1:
            handle.cancel()
            client.delete_task(handle.id)
    assert seen[-1] is None


def test_tasks_are_listed_and_changed_by_a_search(client: Client) -> None:
    handles = [client.submit("delivery", name=f"n {number}") for number in range(5)]
    assert [task["name"] for task in client.list("type:delivery", newest=True, limit=2)] == ["n 4", "n 3"]
    assert len(list(client.list(type="delivery"))) == 5
    would = client.bulk("cancel", "type:delivery", dry_run=True)
    assert (would.count, would.applied, would.is_exact) == (5, 0, True)
    assert list(would.task_ids) == [handle.id for handle in reversed(handles)]
    assert client.bulk("cancel", "type:delivery").applied == 5
    listed = client.bulk("retry", task_ids=[handle.id for handle in handles] + [GONE])
    assert (listed.count, listed.applied, dict(listed.refused)) == (6, 5, {"task_not_found": 1})
    with pytest.raises(ApiProblem, match="bad_query"):
        client.bulk("cancel", "staus:new")


def test_all_events_are_told_live(client: Client) -> None:
    newest = client.newest_event()
    handle = client.submit("delivery")
    handle.cancel()
    live = client.live(after=newest)
    assert [next(live)["kind"] for _ in range(2)] == ["create", "cancel"]
    assert client.newest_event() == newest + 2


def test_a_handle_is_made_of_an_id(client: Client, worker: HandWorker) -> None:
    handle = client.handle(client.submit("resize", 7).id)
    assert isinstance(handle, Handle)
    assert handle.result(PATIENCE) == 7
    with pytest.raises(ApiProblem, match="task_not_found"):
        client.handle(GONE).result(PATIENCE)


def test_an_export_comes_in_chunks(client: Client) -> None:
    client.submit("delivery", name="Кот")
    assert "Кот" in b"".join(client.export_tasks("csv", q="type:delivery")).decode()


def test_the_examples_of_the_documentation_work(
    api: RunningApi, worker: HandWorker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAYBILL_API_URL", api.url)
    page = (ROOT / "docs" / "client.md").read_text("utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(examples) >= 8
    names: dict[str, Any] = {}
    for example in examples:
        exec(compile(example, "docs/client.md", "exec"), names)  # noqa: S102 - our own documentation
    out = capsys.readouterr().out
    assert "{'width': 3}" in out
    assert "failed a width below 0 the traceback" in out
    names["client"].close()
