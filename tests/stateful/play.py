"""The stage for the rules: one installation, what is promised of it, and the comparison after each step."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from tests.stateful import wishes
from tests.stateful.promised_service import PromisedService
from tests.stateful.promised_task import PromisedTask
from tests.stateful.running import Answer, RunningApi
from tests.stateful.sayings import BIG, same_json
from tests.stateful.witness import Witness

HOUR = 3_600_000
NOWHERE = "00000000-0000-7000-8000-000000000000"


class Play(RuleBasedStateMachine):
    """Holds the real API and the promises side by side."""

    def __init__(self) -> None:
        """Start with an empty data directory."""
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="waybill-stateful-")
        self.api = RunningApi(Path(self._folder.name))
        self.promised = PromisedService()
        self.witness = Witness()
        self.workers: list[str] = []
        self.deleted = [NOWHERE]
        self.granted: dict[tuple[str, int], str] = {}
        self._tokens = 0
        self._etags: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._touched: set[str] = set()
        self._last_event = 0
        self._is_compared = False

    @initialize()
    def begin(self) -> None:
        """Add types with retries, with a limit, and without a handler; some tasks and two workers."""
        for fields in wishes.FIRST_TYPES:
            assert self.call("POST", "/task-types", fields).status == 201
            given = {name: value for name, value in fields.items() if name != "name"}
            self.promised.edit_type(fields["name"], given, is_new=True)
        task_ids = self.call("POST", "/tasks/batch", {"tasks": wishes.FIRST_TASKS}).json()["task_ids"]
        for wish, task_id in zip(wishes.FIRST_TASKS, task_ids, strict=True):
            self.promised.create(wish, task_id, self.now)
        self.workers = ["worker-1", "worker-2"]

    def teardown(self) -> None:
        """Let everything end, unless something has failed already, and remove it."""
        try:
            if self._is_compared:
                self.everything_ends()
                self.compare()
        finally:
            self.api.close()
            self._folder.cleanup()

    @property
    def now(self) -> int:
        """The time that the API sees."""
        return self.api.clock.at

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Send a request."""
        self._is_compared = False
        answer = self.api.call(method, path, body, **more)
        self.witness.see_body(answer.body)
        return answer

    def touch(self, task_id: str) -> PromisedTask | None:
        """Have a task looked at closely after the step, and return what is promised of it, None where it is deleted."""
        self._touched.add(task_id)
        return self.promised.tasks.get(task_id)

    def some(self, which: int, *, fits: Callable[[PromisedTask], bool] = lambda task: True) -> PromisedTask | None:
        """Return one of the tasks that fit, None where none does."""
        fitting = [task for task in self.promised.tasks.values() if fits(task)]
        if not fitting:
            return None
        task = sorted(fitting, key=lambda one: one.task_id)[-1 - which % len(fitting)]
        self.touch(task.task_id)
        return task

    def some_worker(self, which: int, *, is_busy: bool = False) -> str:
        """Return one of the workers; of those that hold a run, if there are any and one is wanted."""
        busy = [worker_id for worker_id in self.workers if self.promised.held_by(worker_id)]
        fitting = busy if is_busy and busy else self.workers
        return fitting[-1 - which % len(fitting)]

    def token(self) -> str:
        """Return a claim that nobody had before."""
        self._tokens += 1
        token = f"{self._tokens:032x}"
        self.witness.tokens.add(token.encode())
        return token

    def show(self, shown: Mapping[str, Any]) -> None:
        """Compare a task as it was shown with what is promised of it."""
        self.promised.tasks[shown["task_id"]].check(dict(shown))
        self.witness.see(shown)

    def show_grant(self, shown: Mapping[str, Any]) -> None:
        """Compare a task that comes with a granted claim: its input is what the run is given."""
        task = self.promised.tasks[shown["task_id"]]
        assert same_json(shown["input"], task.input), (shown, task.input)
        self.show({**shown, "input": task.given["input"]})

    def send(self, reports: Sequence[dict[str, Any]], *, by_key: bool = False) -> list[str]:
        """Send reports in one request, compare their outcomes, and return them; `by_key` names tasks by their keys."""
        sent = [self._named_by_key(said) for said in reports] if by_key else list(reports)
        answers = self.call("POST", "/reports", {"reports": sent}).json()["outcomes"]
        assert [answer["task_id"] for answer in answers] == [said["task_id"] for said in reports]
        for said, answer in zip(reports, answers, strict=True):
            expected = self.judge(said)
            assert answer["outcome"] == expected, (said, answer, expected)
            is_yes = "claim" in said and said.get("status") == 2 and expected in ("applied", "duplicate")
            if "task" in answer:
                (self.show_grant if is_yes else self.show)(answer["task"])
            assert ("task" in answer) == (is_yes or expected not in ("applied", "unknown")), (said, answer)
            if is_yes:
                self.witness.see_grant(said["task_id"], said["run"], said["claim"])
                self.granted[said["task_id"], said["run"]] = said["claim"]
        return [answer["outcome"] for answer in answers]

    def _named_by_key(self, said: dict[str, Any]) -> dict[str, Any]:
        task = self.promised.tasks.get(said["task_id"])
        if task is None or task.given["external_key"] is None:
            return said
        named = {"type": task.given["type"], "external_key": task.given["external_key"]}
        return named | {key: value for key, value in said.items() if key != "task_id"}

    def judge(self, said: Mapping[str, Any]) -> str:
        """Return the outcome that a report must have, and take it in."""
        self.touch(said["task_id"])
        return self.promised.report(said["task_id"], {k: v for k, v in said.items() if k != "task_id"}, self.now)

    def claim(self, worker_id: str, task: PromisedTask) -> dict[str, Any]:
        """Return the report that claims the current run; every second worker keeps suspects apart."""
        apart = {"isolates": True} if worker_id[-1] in "2468b" else {}
        said = {"task_id": task.task_id, "run": task.run, "claim": self.token(), "source": worker_id, "status": 2}
        return {"attempt": task.attempt, "seq": 1, **said, **apart}

    @invariant()
    def compare(self) -> None:
        """Compare list, history, and the tasks that were touched, with what is promised."""
        listed = self.call("GET", "/tasks").json()
        assert [task["task_id"] for task in listed] == sorted(self.promised.tasks)
        for task in listed:
            self.show(task)
        self._compare_history()
        for task_id in self._touched:
            self._look(task_id, next((task for task in listed if task["task_id"] == task_id), None))
        self._touched.clear()
        self.api.clock.at += 1
        self._is_compared = True

    def _compare_history(self) -> None:
        for event in self.call("GET", f"/events?after={self._last_event}").json():
            self._last_event = event["event_id"]
            self.witness.see_event(event)
            expected = self.promised.tasks[event["task_id"]].unseen.pop(0)
            found = {key: event.get(key) for key in expected}
            assert json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True), (event, expected)
        assert not [task.unseen for task in self.promised.tasks.values() if task.unseen]

    def _look(self, task_id: str, listed: Mapping[str, Any] | None) -> None:
        """Look at one task: GET, list and ETag agree, and a final one is answered at once, however long one waits."""
        is_final = listed is not None and listed["status"] in (3, 4)
        answer = self.call("GET", f"/tasks/{task_id}{'?wait=60' if is_final else ''}")
        if listed is None:
            assert answer.problem == (404, "task_not_found")
            assert self.call("GET", f"/tasks/{task_id}/events").problem == (404, "task_not_found")
            return
        assert answer.json() == listed
        etag, before = answer.headers["etag"], self._etags.get(task_id)
        if before is not None and before[0] == etag:
            assert {**before[1], "due_at": None} == {**listed, "due_at": None}
        self._etags[task_id] = etag, listed
        assert self.call("GET", f"/tasks/{task_id}", headers={"If-None-Match": etag}).status == 304

    def everything_ends(self) -> None:
        """Resume the types, let the back-offs pass and a fresh worker work: nothing with a handler is left open."""
        for name, fields in self.promised.types.items():
            if fields["paused"]:
                assert self.call("POST", f"/task-types/{name}/resume").status == 200
                fields["paused"] = False
        self.api.clock.at += HOUR
        for task in self.promised.tasks.values():
            if task.is_tracked or task.is_final:
                continue
            for _ in task.given["stages"] or ("alone",):
                if not task.is_final:
                    self._finish(task)
            assert task.status == 3

    def _finish(self, task: PromisedTask) -> None:
        """Let the present run end well."""
        if task.is_held:
            claim = {"run": task.run, "claim": task.claim, "source": str(task.holder)}
        else:
            first = self.claim("the-last-worker", task)
            assert self.send([first]) == ["applied"]
            claim = {key: first[key] for key in ("run", "claim", "source")}
        end = {"task_id": task.task_id, "attempt": task.attempt, "seq": 9, "status": 3, "result": "done", **claim}
        assert self.send([end]) == ["applied"]


def without_big(said: Mapping[str, Any]) -> bool:
    """Whether a report may travel with others in one body."""
    return BIG not in said.get("metadata", {}).values()
