"""Whoever was written for a released version goes on working with this one, and the other way round."""

import gzip
import importlib.machinery
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import requests

import waybill.domain.route
import waybill_worker.handlers.context
import waybill_worker.handlers.sleep
from tests.contract.exchange import Exchange, Ids, ask, load, missing
from tests.stateful.running import ADMIN, REPORTER, RunningApi
from waybill import api_error, transport
from waybill.api_error import ApiProblem
from waybill.client import calls as today
from waybill.domain.route import handler_of, route_of

RELEASES = sorted(path for path in (Path(__file__).parent / "released").iterdir() if path.is_dir())
EXACT_HEADERS = ("content-type", "location")
"""The others are opaque, or may say more."""

LATER = 1_800_000_000_000
"""Milliseconds since the epoch: after every release."""

UNKNOWN = {"a_field_of_a_later_version": {"a": [1, None]}}


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def release(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningApi]:
    api = RunningApi(tmp_path)
    yield api
    api.close()


FORMER = {
    "shared": waybill,
    "shared.client": api_error,
    "shared.domain": waybill.domain,
    "shared.domain.route": waybill.domain.route,
    "services": waybill_worker,
    "services.worker": waybill_worker,
    "services.worker.context": waybill_worker.handlers.context,
    "services.worker.handlers": waybill_worker.handlers,
    "services.worker.handlers.sleep": waybill_worker.handlers.sleep,
}
"""The modules that the frozen sources import, by their names in 0.1.0."""


@contextmanager
def former_names() -> Iterator[None]:
    """Let modules be imported by the names that they had in a release."""
    sys.modules.update(FORMER)
    try:
        yield
    finally:
        for name in FORMER:
            sys.modules.pop(name)


def released(release: Path, name: str) -> ModuleType:
    """Return a module of a release, from its frozen source."""
    loader = importlib.machinery.SourceFileLoader(f"released_{name}", str(release / f"{name}.py.txt"))
    spec = importlib.util.spec_from_loader(f"released_{name}", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    with former_names():
        loader.exec_module(module)
    return module


def described(release: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((release / "openapi.json").read_text("utf-8"))
    return document


def test_every_request_of_a_release_is_answered_with_at_least_what_it_was(api: RunningApi, release: Path) -> None:
    ids = Ids()
    lost = []
    for recorded in load(release / "exchanges.json"):
        now = ask(api, ids, recorded)
        what = f"{recorded.method} {recorded.path}"
        assert now.status == recorded.status, (what, now)
        assert now.answer_headers.keys() >= recorded.answer_headers.keys(), what
        for name in EXACT_HEADERS:
            assert now.answer_headers.get(name) == recorded.answer_headers.get(name), what
        lost += [f"{what}: {one}" for one in missing(recorded.answer, now.answer)]
    assert not lost


def test_what_is_answered_today_fits_what_a_release_said_of_its_answers(api: RunningApi, release: Path) -> None:
    document, ids = described(release), Ids()
    checked = 0
    for recorded in load(release / "exchanges.json"):
        now = ask(api, ids, recorded)
        schema = answer_schema(document, recorded)
        if schema is not None:
            validator = jsonschema.Draft202012Validator(schema | {"components": document["components"]})
            validator.validate(ids.filled(now.answer))
            checked += 1
    assert checked > 30


def answer_schema(document: dict[str, Any], recorded: Exchange) -> dict[str, Any] | None:
    """Return what the release's description says of a JSON answer; None where it says nothing of it."""
    for template, methods in document["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), recorded.path.partition("?")[0]):
            operation = methods.get(recorded.method.lower(), {"responses": {}})
            content = operation["responses"].get(str(recorded.status), {}).get("content", {})
            kind = recorded.answer_headers.get("content-type", "")
            schema: dict[str, Any] | None = content.get(kind, {}).get("schema") if kind.endswith("json") else None
            if schema is not None:
                return schema
    return None


def test_no_call_parameter_or_field_of_a_release_is_gone_or_asked_for_more(api: RunningApi, release: Path) -> None:
    old, new = described(release), api.call("GET", "/api/openapi.json").json()
    for path, methods in old["paths"].items():
        for method, before in methods.items():
            what = f"{method.upper()} {path}"
            after = new["paths"][path][method]
            known = {(one["in"], one["name"]): one for one in after.get("parameters", [])}
            named = {(one["in"], one["name"]) for one in before.get("parameters", [])}
            assert named <= known.keys(), what
            assert not [key for key in known.keys() - named if known[key].get("required")], what
            assert before["responses"].keys() <= after["responses"].keys(), what
            if "requestBody" in before:
                assert before["requestBody"].get("required", False) or not after["requestBody"].get("required"), what
    for name, before in old["components"]["schemas"].items():
        after = new["components"]["schemas"][name]
        assert before.get("properties", {}).keys() <= after.get("properties", {}).keys(), name


def bodies(document: dict[str, Any]) -> set[str]:
    """Return the names of the schemas that requests are made of."""
    text = json.dumps([one.get("requestBody") for methods in document["paths"].values() for one in methods.values()])
    found, queue = {"ReportItem"}, re.findall(r"#/components/schemas/(\w+)", text)
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += re.findall(r"#/components/schemas/(\w+)", json.dumps(document["components"]["schemas"][name]))
    return found


def test_no_field_has_become_one_that_must_be_given(api: RunningApi, release: Path) -> None:
    old, new = described(release), api.call("GET", "/api/openapi.json").json()
    for name in bodies(old):
        before, after = old["components"]["schemas"][name], new["components"]["schemas"][name]
        assert set(after.get("required", ())) <= set(before.get("required", ())), name


def converse(client: Any) -> None:
    """Use every method of a client once, and look at what it makes of the answers."""
    outcome = type(client).report.__globals__["Outcome"]
    client.create_task_type("order")
    assert {one["name"] for one in client.task_types()} >= {"order", "sleep"}
    assert client.change_task_type("order", title="An order")["title"] == "An order"
    task_id = client.create_task("Order 1", type="order", external_key="1")
    assert client.create_tasks([{"name": "Order 2", "type": "order"}])["task_ids"]
    answers = client.report(
        [{"task_id": task_id, "status": 2, "seq": 1}, {"task_id": task_id, "status": 2, "seq": 1}, {"status": 2}]
    )
    assert [one.outcome for one in answers] == [outcome.APPLIED, outcome.DUPLICATE, outcome.INVALID]
    assert answers[1].task["task_id"] == answers[1].task_id == task_id
    assert answers[2].detail
    assert client.get_task(task_id, wait=0.01)["status_name"] == "PROCESSING"
    assert [one["external_key"] for one in client.list_tasks(limit=1, type="order")] == ["1", None]
    assert [one["kind"] for one in client.events() if one["task_id"] == task_id] == ["create", "report", "report"]
    assert client.cancel_task(task_id)["error"]["code"] == "cancelled"
    assert client.retry_task(task_id, attempt=1)["attempt"] == 2
    run = {"task_id": client.create_task("Cat", 5), "run": 1, "claim": "0" * 32}
    (claimed,) = client.report([run | {"status": 2, "source": "w-1"}])
    assert claimed.task["handler"] == "sleep"
    beat = {"runs": [run | {"elapsed": 0.0}], "routes": ["sleep"], "slots": 1, "host": "h", "pid": 1, "version": "0"}
    assert client.heartbeat("w-1", beat) == []
    assert client.heartbeat("w-2", beat) == [(run["task_id"], 1)]
    assert {one["worker_id"] for one in client.workers()} == {"w-1", "w-2"}
    client.gone("w-1", crashed=True)


def test_the_client_of_a_release_understands_today(api: RunningApi, release: Path) -> None:
    module = released(release, "client")
    converse(module.Client(api.url, ADMIN))
    with pytest.raises(module.ApiProblem) as caught:
        module.Client(api.url, ADMIN).get_task("nonsense")
    assert (caught.value.status, caught.value.code) == (404, "task_not_found")


def test_todays_client_passes_over_fields_that_it_does_not_know(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = transport.decoded

    def with_more(response: requests.Response) -> Any:
        return _with_more(decoded(response))

    for module in (today, transport):
        monkeypatch.setattr(module, "decoded", with_more)
    converse(today.Calls(api.url, ADMIN))


def _with_more(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_more(one) for key, one in value.items()} | UNKNOWN
    return [_with_more(one) for one in value] if isinstance(value, list) else value


def test_todays_client_understands_what_a_release_answered(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recorded answers, with fields of a later version in each object."""
    recorded = {(one.method, one.path, one.status): one for one in load(release / "exchanges.json")}
    answering: list[Exchange] = []

    def send(
        self: Any, request: requests.Request, timeout: Any, again: bool, stream: bool = False
    ) -> requests.Response:
        one = answering.pop(0)
        response = requests.Response()
        response.status_code = one.status
        response._content = json.dumps(_with_more(one.answer)).encode()
        return response

    monkeypatch.setattr(today.Calls, "_attempt", send)
    client = today.Calls("http://released", "token")

    def answered(method: str, path: str, status: int, call: Callable[[], Any]) -> Any:
        answering.append(recorded[method, path, status])
        return call()

    assert answered("POST", "/tasks", 201, lambda: client.create_task("Cat", 5)) == "<id-6>"
    outcomes = answered("POST", "/reports", 200, lambda: client.report([{}]))
    assert [one.outcome for one in outcomes] == ["applied"]
    assert answered("GET", "/tasks/<id-1>", 200, lambda: client.get_task("x"))["error"]["code"] == "failed"
    assert len(answered("GET", "/tasks?limit=2", 200, lambda: list(client.list_tasks()))) == 2
    assert answered("GET", "/task-types", 200, client.task_types)[0]["name"] == "order"
    assert answered("GET", "/workers", 200, client.workers)[0]["worker_id"] == "w-1"
    assert answered("GET", "/events?limit=3&after=2", 200, client.events)[0]["kind"] == "create"
    lost = answered("POST", "/workers/w-2/heartbeat", 200, lambda: client.heartbeat("w-2", {}))
    assert lost == [("<id-1>", 1)]
    with pytest.raises(ApiProblem) as caught:
        answered("POST", "/tasks", 422, lambda: client.create_task(""))
    assert caught.value.code == "invalid"


class Types:
    """The client of a worker, which lists the types of today's API."""

    def __init__(self, types: list[dict[str, Any]]) -> None:
        self._types = types

    def task_types(self) -> list[dict[str, Any]]:
        return self._types


def test_the_released_worker_serves_the_routes_on_which_todays_api_sends(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for types with a handler of another name, and for tasks whose type names another handler now."""
    monkeypatch.setitem(FORMER, "shared.domain.route", released(release, "route"))
    registry = released(release, "registry").Registry(
        Types(
            [
                {"name": "sleep", "handler": "sleep", "stages": None},
                {"name": "nap", "handler": "sleep", "stages": None},
                {"name": "rest", "handler": "elsewhere", "stages": None},
                {"name": "clean", "handler": None, "stages": ["fetch", "sleep"]},
            ]
        ),
        {"sleep": None},
    )
    monkeypatch.undo()
    sent = {
        route_of("sleep", "sleep"),
        route_of("nap", "sleep"),
        route_of("rest", "sleep"),
        route_of("rest", "elsewhere"),
        route_of("clean", "sleep", is_stage=True),
        route_of("clean", "fetch", is_stage=True),
    }
    registry.refresh()
    registry.notice(sent)
    assert sent & registry.routes == {route for route in sent if handler_of(route) == "sleep"}


@pytest.fixture
def kept(tmp_path: Path, release: Path) -> Iterator[RunningApi]:
    """Serve a database that a release has left."""
    (tmp_path / "tasks.db").write_bytes(gzip.decompress((release / "tasks.db.gz").read_bytes()))
    api = RunningApi(tmp_path, LATER)
    yield api
    api.close()


def sent_by(release: Path) -> dict[str, Any]:
    """Return what a release's worker and reporter sent, and the tasks of its database before and after."""
    recorded: dict[str, Any] = json.loads((release / "sent.json").read_text("utf-8"))
    return recorded


def test_the_database_of_a_release_is_served_as_the_release_served_it(kept: RunningApi, release: Path) -> None:
    for task in sent_by(release)["tasks"]:
        told = kept.call("GET", f"/tasks/{task['task_id']}").json()
        # What waits counts its delay anew from the start of the API.
        assert missing({name: value for name, value in task.items() if name != "due_at"}, told) == []


def test_what_worker_and_reporter_of_a_release_send_is_answered_as_it_was(kept: RunningApi, release: Path) -> None:
    recorded = sent_by(release)
    for request in recorded["sent"]:
        answer = kept.call(request["method"], request["path"], request["body"], token=REPORTER)
        assert answer.status == request["status"], request["path"]
        assert outcomes(answer.json()) == outcomes(request["answer"])
    ended = {task["task_id"]: kept.call("GET", f"/tasks/{task['task_id']}").json() for task in recorded["after"]}
    for task in recorded["after"]:
        names = ("status", "attempt", "run", "result", "error", "metadata", "stage", "progress")
        assert missing({name: task[name] for name in names}, ended[task["task_id"]]) == [], task["name"]


def outcomes(answer: dict[str, Any]) -> list[str]:
    return [one["outcome"] for one in answer.get("outcomes", ())]
