"""The calls of the API: a method for each."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urljoin

from waybill.api_error import ApiUnreachable
from waybill.client.stream import EVENT_STREAM, Message, messages
from waybill.client.stream import TIMEOUT as STREAM_TIMEOUT
from waybill.domain.status import Outcome
from waybill.installation import HEADER
from waybill.transport import Transport, decoded


class Answer(NamedTuple):
    """What became of one report; `task` is set with a granted claim, and if the report changed nothing."""

    task_id: str | None
    """None if it is not known."""
    outcome: Outcome
    task: dict[str, Any] | None = None
    detail: str | None = None


class BeatAnswer(NamedTuple):
    """The answer to a heartbeat."""

    lost: list[tuple[str, int]]
    """The runs, as (task_id, run), that the worker holds no longer."""
    drain: bool = False
    """Whether the worker must take no more tasks; False from an API that knows no draining."""


class Calls(Transport):
    """Speaks to one API; safe to share between threads. Every method raises ApiUnreachable or ApiProblem."""

    def report(self, reports: Sequence[Mapping[str, Any] | str]) -> list[Answer]:
        """Send up to 1,000 reports, each a mapping or its JSON text, and return an answer for each, in order."""
        texts = [one if isinstance(one, str) else json.dumps(one, allow_nan=False) for one in reports]
        answer = self._call("POST", "/reports", body=f'{{"reports":[{",".join(texts)}]}}')
        try:
            answers = [
                Answer(one["task_id"], _outcome(one["outcome"]), one.get("task"), one.get("detail"))
                for one in answer["outcomes"]
            ]
        except (KeyError, TypeError, ValueError):
            raise ApiUnreachable("the answer to a batch of reports cannot be understood") from None
        if len(answers) != len(texts):
            raise ApiUnreachable(f"{len(texts)} reports, but {len(answers)} outcomes")
        return answers

    def heartbeat(self, worker_id: str, beat: Mapping[str, Any]) -> list[tuple[str, int]]:
        """Send a heartbeat; return the (task_id, run) pairs that the worker holds no longer."""
        return self.beat(worker_id, beat).lost

    def beat(self, worker_id: str, beat: Mapping[str, Any]) -> BeatAnswer:
        """Send a heartbeat with what the worker runs; return the whole answer."""
        answer = self._call("POST", f"/workers/{_quoted(worker_id)}/heartbeat", beat)
        try:
            lost = [(one["task_id"], one["run"]) for one in answer["lost"]]
            return BeatAnswer(lost, answer.get("drain") is True)
        except (KeyError, TypeError):
            raise ApiUnreachable("the answer to a heartbeat cannot be understood") from None

    def gone(self, worker_id: str, crashed: bool, timeout: tuple[float, float] | None = None) -> None:
        """Say that a worker is gone for good: its runs are released, its claims refused."""
        self._call("POST", f"/workers/{_quoted(worker_id)}/gone", {"crashed": crashed}, timeout=timeout)

    def workers(self) -> list[dict[str, Any]]:
        """List the workers that the API has heard of."""
        return _listed(self._call("GET", "/workers"))

    def create_task(
        self, name: str, processing_time: int | None = None, *, idempotency_key: str | None = None, **fields: Any
    ) -> str:
        """Create a task and return its id.

        An Idempotency-Key makes it safe to send twice; give your own to call this again after an ApiUnreachable.
        """
        body = {"name": name, **({} if processing_time is None else {"processing_time": processing_time}), **fields}
        answer = self._call("POST", "/tasks", body, headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())})
        return str(answer["task_id"])

    def create_tasks(self, tasks: Sequence[Mapping[str, Any]]) -> Any:
        """Create up to 1,000 tasks, all or none, and return the answer."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return self._call("POST", "/tasks/batch", {"tasks": list(tasks)}, headers=headers)

    def get_task(self, task_id: str, wait: float | None = None) -> dict[str, Any]:
        """Return a task; with `wait` (up to 60 seconds) once it is final, or when the time is over."""
        parameters = {} if wait is None else {"wait": f"{wait:g}"}
        timeout = (self._timeout[0], self._timeout[1] + (wait or 0))
        return dict(self._call("GET", f"/tasks/{_quoted(task_id)}", parameters=parameters, timeout=timeout))

    def list_tasks(self, limit: int = 1_000, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield tasks, newest last, fetched `limit` at a time; filters are those of `GET /tasks`."""
        url: str | None = f"{self._base_url}/tasks"
        parameters = {"limit": str(limit), **{name: str(value) for name, value in filters.items()}}
        while url is not None:
            response = self._send("GET", url, None, parameters, {}, self._timeout)
            yield from decoded(response)
            following = response.links.get("next", {}).get("url")
            url, parameters = (None if following is None else urljoin(url, following)), {}

    def export_tasks(self, form: str, **filters: Any) -> Iterator[bytes]:
        """Yield all tasks as a file of the form `json`, `ndjson` or `csv`; filters are those of `GET /tasks`."""
        return self._chunks("/tasks", {"format": form, **{name: str(value) for name, value in filters.items()}}, {})

    def change_tasks(self, action: str, **which: Any) -> dict[str, Any]:
        """Cancel, retry or delete many tasks, as far as one request goes; the fields are those of the call."""
        again = action != "retry" or which.get("dry_run") is True
        return dict(self._call("POST", "/tasks/bulk", {"action": action, **which}, again=again))

    def newest_event(self) -> int:
        """Return the number of the newest event of all, 0 if there is none."""
        parameters = {"after": str(2**63 - 1), "limit": "1"}
        answer = self._send("GET", f"{self._base_url}/events", None, parameters, {}, self._timeout)
        return int(answer.headers.get("Waybill-Newest", 0))

    def events(self, after: int = 0, limit: int = 1_000) -> list[dict[str, Any]]:
        """Return up to `limit` events of the whole history with an id above `after`, oldest first."""
        return _listed(self._call("GET", "/events", parameters={"after": str(after), "limit": str(limit)}))

    def task_events(self, task_id: str, after: int = 0, limit: int = 1_000) -> list[dict[str, Any]]:
        """Return up to `limit` events of a task with an id above `after`, oldest first."""
        parameters = {"after": str(after), "limit": str(limit)}
        return _listed(self._call("GET", f"/tasks/{_quoted(task_id)}/events", parameters=parameters))

    def run_logs(self, task_id: str) -> list[dict[str, Any]]:
        """List what the last ten runs of a task have logged or printed, the oldest run first."""
        return _listed(self._call("GET", f"/tasks/{_quoted(task_id)}/logs"))

    def put_run_log(self, task_id: str, run: int, claim: str, text: str, cut: bool = False) -> None:
        """Keep what a run has logged or printed so far, at most 32 KiB; `cut` says that more came before."""
        self._call("PUT", f"/tasks/{_quoted(task_id)}/runs/{run}/log", {"claim": claim, "text": text, "cut": cut})

    def put_run_logs(self, logs: Sequence[Mapping[str, Any] | str]) -> int:
        """Keep what up to 300 runs have logged or printed so far, at most 256 KiB of JSON; return how many are kept.

        Each is a mapping or its JSON text, with `task_id`, `run`, `claim`, `text` and `cut`. A log is left out if its
        claim does not hold the run.
        """
        texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in logs]
        try:
            return int(self._call("POST", "/run-logs", body=f'{{"logs":[{",".join(texts)}]}}')["kept"])
        except (KeyError, TypeError, ValueError):
            raise ApiUnreachable("the answer to logs of runs cannot be understood") from None

    def stream(self, task_id: str | None = None, after: int | None = None) -> Iterator[Message]:
        """Yield what the live stream of one task or of all says, until it breaks off.

        It begins after the event numbered `after`; without it with the next event, or with the first of the task.
        """
        path = "/events" if task_id is None else f"/tasks/{_quoted(task_id)}/events"
        parameters = {} if after is None else {"after": str(after)}
        return messages(self._chunks(path, parameters, {"Accept": EVENT_STREAM}, STREAM_TIMEOUT))

    def cancel_task(self, task_id: str, attempt: int | None = None) -> dict[str, Any]:
        """Cancel a task and return it; if `attempt` is given, only in that attempt."""
        return self._control(task_id, "cancel", attempt)

    def retry_task(self, task_id: str, attempt: int | None = None) -> dict[str, Any]:
        """Open another attempt of a final task and return it."""
        return self._control(task_id, "retry", attempt)

    def delete_task(self, task_id: str) -> None:
        """Delete a final task and its history."""
        self._call("DELETE", f"/tasks/{_quoted(task_id)}")

    def task_types(self) -> list[dict[str, Any]]:
        """List the task types."""
        return _listed(self._call("GET", "/task-types"))

    def get_task_type(self, name: str) -> dict[str, Any]:
        """Return a task type."""
        return dict(self._call("GET", f"/task-types/{_quoted(name)}"))

    def create_task_type(self, name: str, **fields: Any) -> dict[str, Any]:
        """Create a task type and return it."""
        return dict(self._call("POST", "/task-types", {"name": name, **fields}, again=False))

    def change_task_type(self, name: str, **fields: Any) -> dict[str, Any]:
        """Change a task type and return it."""
        return dict(self._call("PATCH", f"/task-types/{_quoted(name)}", fields))

    def declare_task_type(self, name: str, declaration: Mapping[str, Any]) -> dict[str, Any]:
        """Say what the code of a handler says of a type, and return the type; fields that a person has set stay."""
        return dict(self._call("PUT", f"/task-types/{_quoted(name)}/declaration", declaration))

    def pause_task_type(self, name: str) -> dict[str, Any]:
        """Pause a task type and return it."""
        return dict(self._call("POST", f"/task-types/{_quoted(name)}/pause"))

    def resume_task_type(self, name: str) -> dict[str, Any]:
        """End the pause of a task type and return it."""
        return dict(self._call("POST", f"/task-types/{_quoted(name)}/resume"))

    def drain_worker(self, worker_id: str) -> dict[str, Any]:
        """Ask a worker to take no more tasks, and return it."""
        return dict(self._call("POST", f"/workers/{_quoted(worker_id)}/drain"))

    def resume_worker(self, worker_id: str) -> dict[str, Any]:
        """Ask a drained worker to take tasks again, and return it."""
        return dict(self._call("POST", f"/workers/{_quoted(worker_id)}/resume"))

    def statistics(self) -> dict[str, Any]:
        """Return statistics of now and of the last hour."""
        return dict(self._call("GET", "/statistics"))

    def failures(self, limit: int = 100, **filters: Any) -> list[dict[str, Any]]:
        """Return up to `limit` groups of failed tasks, the group that was seen last first."""
        return _listed(self._call("GET", "/failures", parameters={"limit": str(limit), **filters}))

    def ready(self) -> dict[str, Any]:
        """Return the answer of an API that can serve; one that cannot raises ApiUnreachable with its reasons."""
        return dict(self._call("GET", "/readyz", again=False))

    def installation(self) -> str | None:
        """Return the id of the API's installation; None from an API that tells none."""
        answer = self._send("GET", f"{self._base_url}/healthz", None, {}, {}, self._timeout)
        return answer.headers.get(HEADER)

    def openapi(self) -> dict[str, Any]:
        """Return the description of the API, as OpenAPI."""
        return dict(self._call("GET", "/api/openapi.json"))

    def accounts(self) -> list[dict[str, Any]]:
        """List the accounts."""
        return _listed(self._call("GET", "/accounts"))

    def create_account(self, name: str, role: str, password: str) -> dict[str, Any]:
        """Create an account and return it."""
        body = {"name": name, "role": role, "password": password}
        return dict(self._call("POST", "/accounts", body, again=False))

    def _control(self, task_id: str, verb: str, attempt: int | None) -> dict[str, Any]:
        body = {} if attempt is None else {"attempt": attempt}
        return dict(self._call("POST", f"/tasks/{_quoted(task_id)}/{verb}", body, again=False))


def _outcome(said: Any) -> Outcome:
    """Return an outcome; one that this version does not know counts as REFUSED."""
    try:
        return Outcome(said)
    except ValueError:
        return Outcome.REFUSED


def _listed(answer: Any) -> list[dict[str, Any]]:
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise ApiUnreachable("an answer that is not a list of objects")
    return answer


def _quoted(segment: str) -> str:
    return quote(segment, safe="")
