"""Requests and answers, kept in a file: recorded from one version, and compared with what another one answers.

`python -m tests.contract.exchange FOLDER` records the conversation below from the API of this checkout; it is done
once for each release, from its own sources, and never again: what a release answered does not change any more.
"""

import csv
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.stateful.running import ADMIN, REPORTER, Answer, RunningApi

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
PLACEHOLDER = re.compile(r"<id-\d+>")
HEADERS = ("content-type", "location", "etag", "allow", "link")
PROSE = {"title", "detail"}
"""What problems say to people: it may be said otherwise."""

MEASURED = {"last_seen_seconds"}
"""What depends on how long the conversation took."""

TOKENS = {"nobody": "none", "reporter": REPORTER, "admin": ADMIN}
CLAIM = "0123456789abcdef" * 2


@dataclass(frozen=True)
class Exchange:
    """A request, and what was answered; ids that the server draws stand as `<id-1>` and so on."""

    method: str
    path: str
    body: Any = None
    who: str = "nobody"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    answer: Any = None


class Ids:
    """Which id stands for which placeholder."""

    def __init__(self) -> None:
        """None is known yet."""
        self.by_placeholder: dict[str, str] = {}

    def filled(self, value: Any) -> Any:
        """Return what is sent, with ids in place of the placeholders."""
        text = PLACEHOLDER.sub(lambda found: self.by_placeholder[found[0]], json.dumps(value))
        return json.loads(text)

    def hidden(self, value: Any) -> Any:
        """Return what came, with placeholders in place of the ids; new ones are numbered."""

        def placeholder(found: "re.Match[str]") -> str:
            for name, known in self.by_placeholder.items():
                if known == found[0]:
                    return name
            name = f"<id-{len(self.by_placeholder) + 1}>"
            self.by_placeholder[name] = found[0]
            return name

        return json.loads(UUID.sub(placeholder, json.dumps(value, ensure_ascii=False)))


def ask(api: RunningApi, ids: Ids, asked: Exchange) -> Exchange:
    """Send the request and return the exchange with this API's answer."""
    answer = api.call(
        asked.method,
        ids.filled(asked.path),
        ids.filled(asked.body),
        headers=dict(asked.headers),
        token=TOKENS[asked.who],
    )
    chosen = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    changed = {
        "status": answer.status,
        "answer_headers": ids.hidden(chosen),
        "answer": ids.hidden(_content(answer)),
    }
    return Exchange(**(asdict(asked) | changed))


def _content(answer: Answer) -> Any:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    text = answer.body.decode()
    if kind == "application/x-ndjson":
        return [json.loads(line) for line in text.splitlines()]
    if kind == "text/csv":
        return list(csv.DictReader(io.StringIO(text)))
    return json.loads(text) if text else None


def missing(recorded: Any, today: Any, at: str = "") -> list[str]:
    """Return where today's answer says less than, or something else than, the recorded one; more is welcome."""
    if isinstance(recorded, dict) and isinstance(today, dict):
        lost = [f"{at}/{key} is gone" for key in recorded.keys() - today.keys()]
        both = recorded.keys() & today.keys()
        return lost + [one for key in sorted(both) for one in missing(recorded[key], today[key], f"{at}/{key}")]
    if isinstance(recorded, list) and isinstance(today, list) and len(recorded) == len(today):
        pairs = enumerate(zip(recorded, today, strict=True))
        return [one for index, (old, new) in pairs for one in missing(old, new, f"{at}/{index}")]
    if _is_object(recorded) and _is_object(today):
        # A cell of a table.
        return missing(json.loads(recorded), json.loads(today), at)
    if at.rpartition("/")[2] in PROSE | MEASURED and type(today) is type(recorded):
        return []
    return [] if json.dumps(recorded) == json.dumps(today) else [f"{at} was {recorded!r} and is {today!r}"]


def _is_object(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{") and value.endswith("}")


def load(path: Path) -> list[Exchange]:
    """Read recorded exchanges."""
    return [Exchange(**one) for one in json.loads(path.read_text("utf-8"))]


def _conversation() -> Iterable[Exchange]:
    """Every call, with answers of every kind."""
    cat, order = {"name": "Cat", "processing_time": 5}, {"name": "order", "title": "An order"}
    full = {
        "name": "Dog",
        "type": "sleep",
        "processing_time": 1,
        "input": {"a": [1, None, "ж"]},
        "priority": -5,
        "metadata": {"k": True},
        "external_key": "dog-1",
    }
    key = {"Idempotency-Key": "key-1"}
    claim = {"run": 1, "claim": CLAIM, "source": "w-1"}
    yield Exchange("POST", "/tasks", cat)
    yield Exchange("POST", "/tasks", full)
    yield Exchange("POST", "/tasks", full)
    yield Exchange("POST", "/tasks", cat | {"name": "Once"}, headers=key)
    yield Exchange("POST", "/tasks", cat | {"name": "Once"}, headers=key)
    yield Exchange("POST", "/tasks", cat | {"name": "Twice"}, headers=key)
    yield Exchange("POST", "/tasks", {"name": "", "processing_time": -1, "type": "NO"})
    yield Exchange("POST", "/tasks", {"name": "x", "type": "missing"})
    yield Exchange("POST", "/tasks/batch", {"tasks": [cat, cat | {"processing_time": 0}]})
    yield Exchange("POST", "/tasks/batch", {"tasks": [cat, {"name": "no time"}]})
    yield Exchange("POST", "/task-types", order, "nobody")
    yield Exchange("POST", "/task-types", order, "admin")
    yield Exchange("POST", "/task-types", order, "admin")
    nap = {"handler": "sleep", "processing_time": 3, "timeout": 9, "max_attempts": 2, "priority": 1}
    yield Exchange("POST", "/task-types", {"name": "nap"} | nap, "admin")
    yield Exchange("PATCH", "/task-types/nap", {"max_attempts": 3, "min_backoff": 2.0, "max_backoff": 9.0}, "admin")
    yield Exchange("POST", "/task-types/nap/pause", None, "admin")
    yield Exchange("POST", "/task-types/nap/resume", None, "admin")
    yield Exchange("GET", "/task-types/nap")
    yield Exchange("GET", "/task-types/missing")
    yield Exchange("DELETE", "/task-types/nap", None, "admin")
    yield Exchange("DELETE", "/task-types/sleep", None, "admin")
    yield Exchange("GET", "/task-types")
    yield Exchange("POST", "/tasks", {"name": "Order 1", "type": "order"})
    tracked = "<id-6>"
    yield Exchange("GET", f"/tasks/{tracked}")
    said = {"task_id": tracked, "seq": 3, "source": "enricher", "stage": "enrich", "metadata": {"lang": "ru"}}
    reports = [
        said | {"status": 2, "progress": 0.4, "attempt": 1, "my_own": {"x": 1}},
        said,
        said | {"seq": 2, "stage": "fetch"},
        said | {"attempt": 2},
        said | {"task_id": "0197b6f0-5a3c-4c3e-9d7e-2f1a4b6c8d90"},
        said | {"status": True},
        5,
        {"task_id": "<id-1>", **claim, "status": 2},
        {"task_id": "<id-1>", **claim, "status": 2},
        {"task_id": "<id-2>", "status": 2},
        {"task_id": "<id-2>", "metadata": {"note": 1}},
    ]
    yield Exchange("POST", "/reports", {"reports": reports}, "nobody")
    yield Exchange("POST", "/reports", {"reports": reports}, "reporter")
    yield Exchange("POST", "/reports", {"reports": "none"}, "reporter")
    yield Exchange("PATCH", f"/tasks/{tracked}", {"status": 2}, "reporter")
    yield Exchange("PATCH", f"/tasks/{tracked}", {"status": 9, "progress": 2}, "reporter")
    yield Exchange("PATCH", f"/tasks/{tracked}", {"status": 3, "result": {"n": 1}, "seq": 9}, "reporter")
    yield Exchange("PATCH", f"/tasks/{tracked}", {"status": 4, "error": {"message": "late"}}, "reporter")
    yield Exchange("PATCH", "/tasks/<id-1>", {"stage": "x"}, "reporter")
    beat = {"task_id": "<id-1>", "run": 1, "claim": CLAIM, "elapsed": 0.5}
    about = {"routes": ["sleep"], "slots": 4, "host": "h", "pid": 7, "version": "0.1.0"}
    yield Exchange("POST", "/workers/w-1/heartbeat", {"runs": [beat]} | about, "reporter")
    yield Exchange("POST", "/workers/w-2/heartbeat", {"runs": [beat]} | about, "reporter")
    yield Exchange("GET", "/workers")
    end = {"task_id": "<id-1>", "attempt": 1, "seq": 1, **claim, "status": 4}
    yield Exchange("POST", "/reports", {"reports": [end | {"error": {"code": "failed", "message": "no"}}]}, "reporter")
    yield Exchange("POST", "/workers/w-2/gone", {"crashed": True}, "reporter")
    yield Exchange("POST", "/workers/w-2/heartbeat", about, "reporter")
    yield Exchange("GET", "/tasks/<id-1>")
    yield Exchange("GET", "/tasks/<id-1>", headers={"If-None-Match": "*"})
    yield Exchange("GET", "/tasks/<id-1>?wait=0.01")
    yield Exchange("POST", "/tasks/<id-1>/retry", {"attempt": 1})
    yield Exchange("POST", "/tasks/<id-1>/retry")
    yield Exchange("POST", "/tasks/<id-3>/cancel", {"attempt": 2})
    yield Exchange("POST", "/tasks/<id-3>/cancel")
    yield Exchange("POST", "/tasks/<id-3>/cancel")
    yield Exchange("GET", "/tasks?limit=2")
    yield Exchange("GET", "/tasks?status=1&type=sleep&external_key=dog-1")
    yield Exchange("GET", "/tasks?stage=enrich")
    yield Exchange("GET", "/tasks?status=9&limit=0")
    yield Exchange("GET", "/tasks", headers={"Accept": "application/x-ndjson"})
    yield Exchange("GET", "/tasks", headers={"Accept": "text/csv"})
    yield Exchange("GET", f"/tasks/{tracked}/events")
    yield Exchange("GET", "/events?limit=3&after=2")
    yield Exchange("DELETE", "/tasks/<id-2>", None, "admin")
    yield Exchange("DELETE", "/tasks/<id-3>", None, "admin")
    yield Exchange("GET", "/tasks/<id-3>")
    yield Exchange("GET", "/tasks/nonsense")
    yield Exchange("GET", "/nowhere")
    yield Exchange("PUT", "/tasks")
    yield Exchange("GET", "/healthz")
    yield Exchange("GET", "/readyz")


def record(folder: Path) -> None:
    """Write the conversation with this checkout's API, and what it says of itself, into a folder."""
    with tempfile.TemporaryDirectory() as data:
        api, ids = RunningApi(Path(data)), Ids()
        try:
            exchanges = [asdict(ask(api, ids, one)) for one in _conversation()]
            described = api.call("GET", "/api/openapi.json").json()
        finally:
            api.close()
    kept = [{key: value for key, value in one.items() if value not in ({}, None)} for one in exchanges]
    (folder / "exchanges.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / "openapi.json").write_text(json.dumps(described, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
