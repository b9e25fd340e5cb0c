"""Rules for what clients do: create, look, cancel, retry, delete."""

import json
from typing import Any
from urllib.parse import urlsplit

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule

from tests.stateful import wishes
from tests.stateful.play import Play
from tests.stateful.promised_task import PromisedTask


class Clients(Play):
    """Everybody without a special token."""

    last_create: tuple[str, Any, str | None] | None = None

    @rule(wish=wishes.creates, key=wishes.keys)
    def create(self, wish: dict[str, Any], key: str | None) -> None:
        """Create a task, perhaps under a key."""
        self._create("/tasks", wish, key)

    @rule(several=st.lists(wishes.creates, min_size=1, max_size=3), spoilt=wishes.spoilt, key=wishes.keys)
    def create_batch(self, several: list[dict[str, Any]], spoilt: list[dict[str, Any]], key: str | None) -> None:
        """Create several, all or none."""
        self._create("/tasks/batch", {"tasks": [*several, *spoilt]}, key)

    @rule(is_same=st.booleans())
    @precondition(lambda self: self.last_create is not None and self.last_create[2] is not None)
    def create_again(self, is_same: bool) -> None:
        """Send the last create once more, as it was or changed, as after an answer that got lost."""
        assert self.last_create is not None
        path, body, key = self.last_create
        changed = body if is_same or path != "/tasks" else body | {"name": "Another"}
        self._create(path, changed, key)

    def _create(self, path: str, body: Any, key: str | None) -> None:
        self.last_create = (path, body, key)
        several = body["tasks"] if path == "/tasks/batch" else [body]
        request = path + json.dumps(body, sort_keys=True)
        answer = self.call("POST", path, body, headers={} if key is None else {"Idempotency-Key": key})
        try:
            is_known, known = self.promised.recalled(key, request, self.now)
        except KeyError:
            assert answer.problem == (422, "idempotency_key_reused")
            return
        refused = None if is_known else self.promised.refusal_of_create(several)
        if refused is not None:
            assert answer.problem == refused
            return
        assert answer.status == 201, answer
        task_ids: list[str] = answer.json()["task_ids"] if path == "/tasks/batch" else [answer.json()["task_id"]]
        if is_known:
            assert task_ids == known
            return
        for wish, task_id in zip(several, task_ids, strict=True):
            assert all(task_id > other for other in self.promised.tasks), "ids only rise"
            self.promised.create(wish, task_id, self.now)
            self.touch(task_id)
        if key is not None:
            self.promised.keys[key] = request, task_ids, self.now

    @rule(which=wishes.which, attempt=st.one_of(st.none(), wishes.attempts))
    def cancel(self, which: int, attempt: str | None) -> None:
        """Cancel a task that is open, or one that is not, perhaps in another attempt than the one that is meant."""
        self._control(self.some(which, fits=lambda task: which > 4 or not task.is_final), "cancel", attempt)

    @rule(which=wishes.which, attempt=st.one_of(st.none(), wishes.attempts))
    def retry(self, which: int, attempt: str | None) -> None:
        """Ask for another attempt."""
        self._control(self.some(which, fits=lambda task: which > 4 or task.is_final), "retry", attempt)

    def _control(self, task: PromisedTask | None, deed: str, attempt: str | None) -> None:
        if task is None:
            return
        step = {"before": -1, "current": 0, "after": 1}.get(attempt or "", 0)
        body = None if attempt is None else {"attempt": max(1, task.attempt + step)}
        answer = self.call("POST", f"/tasks/{task.task_id}/{deed}", body)
        if body is not None and body["attempt"] != task.attempt:
            assert (*answer.problem, answer.json()["attempt"]) == (409, "attempt_has_moved", task.attempt)
        elif task.is_final == (deed == "cancel"):
            assert answer.problem == (409, "task_is_final" if task.is_final else "task_is_not_final")
        else:
            if deed == "cancel":
                task.cancel(self.now)
            else:
                task.retry(self.now, self.promised.types[task.given["type"]])
            assert answer.status == 200
            self.show(answer.json())

    @rule(which=wishes.which)
    def delete(self, which: int) -> None:
        """Delete a task that may not have ended yet; the newest ones stay, for the other rules."""
        task = self.some(which + 2)
        if task is None:
            return
        answer = self.call("DELETE", f"/tasks/{task.task_id}")
        if not task.is_final:
            assert answer.problem == (409, "task_is_not_final")
        else:
            assert (answer.status, answer.body) == (204, b"")
            del self.promised.tasks[task.task_id]
            self.witness.forget(task.task_id)
            self.deleted.append(task.task_id)

    @rule(which=wishes.which)
    def ask_for_what_is_not_there(self, which: int) -> None:
        """Ask for a task that was deleted, or that never was."""
        address = f"/tasks/{self.deleted[-1 - which % len(self.deleted)]}"
        for method, path, body in (
            ("DELETE", address, None),
            ("PATCH", address, {"status": 2}),
            ("POST", f"{address}/cancel", None),
            ("POST", f"{address}/retry", {"attempt": 1}),
        ):
            assert self.call(method, path, body).problem == (404, "task_not_found")

    @rule(
        status=st.sampled_from([None, 1, 2, 3, 4]),
        type=st.sampled_from([None, *wishes.TYPES]),
        limit=st.integers(1, 3),
    )
    def turn_pages(self, status: int | None, type: str | None, limit: int) -> None:
        """Read a filtered list page by page."""
        chosen = {"status": status, "type": type, "limit": limit}
        path: str | None = "/tasks?" + "&".join(f"{name}={value}" for name, value in chosen.items() if value)
        found: list[str] = []
        while path is not None:
            answer = self.call("GET", path)
            page = answer.json()
            assert len(page) <= limit
            found += [task["task_id"] for task in page]
            link = answer.headers.get("link")
            path = None if link is None else link.partition("<")[2].partition(">")[0]
            assert path is None or urlsplit(path).path == "/tasks"
        assert found == sorted(
            task.task_id
            for task in self.promised.tasks.values()
            if status in (None, task.status) and type in (None, task.given["type"])
        )
