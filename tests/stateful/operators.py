"""Rules for who runs the installation: task types, the clock, restarts."""

from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import rule

from tests.stateful import wishes
from tests.stateful.play import HOUR, Play

names = st.sampled_from(wishes.TYPES)


class Operators(Play):
    """Whoever holds the admin token."""

    @rule(
        name=names,
        deed=st.sampled_from(["pause", "resume", "resume", "change", "create", "delete", "declare"]),
        data=st.data(),
    )
    def manage_type(self, name: str, deed: str, data: st.DataObject) -> None:
        """Pause, resume, change, declare, create or delete a type; tasks that exist keep what they have."""
        if deed in ("pause", "resume"):
            self._pause(name, is_paused=deed == "pause")
        elif deed == "delete":
            self._delete(name)
        elif deed == "declare":
            self._declare(name, data.draw(wishes.declarations))
        else:
            fields = data.draw(wishes.type_changes)
            self._change(name, fields) if deed == "change" else self._create_type(name, fields)
        shown = {one.pop("name"): one for one in self.call("GET", "/task-types").json()}
        for one in shown.values():
            del one["created_at"], one["served"]
        assert shown == self.promised.types

    def _pause(self, name: str, *, is_paused: bool) -> None:
        answer = self.call("POST", f"/task-types/{name}/{'pause' if is_paused else 'resume'}")
        if self._is_known(name, answer):
            self.promised.types[name]["paused"] = is_paused
            assert answer.json()["paused"] is is_paused

    def _change(self, name: str, changes: dict[str, Any]) -> None:
        answer = self.call("PATCH", f"/task-types/{name}", changes)
        changed = self.promised.types.get(name, {}) | changes
        if changed.get("handler") and changed.get("stages"):
            assert answer.problem == (422, "invalid")
        elif self._is_known(name, answer):
            self.promised.edit_type(name, changes)

    def _create_type(self, name: str, fields: dict[str, Any]) -> None:
        answer = self.call("POST", "/task-types", {"name": name, "min_backoff": 0, "max_backoff": 0, **fields})
        if name in self.promised.types:
            assert answer.problem == (409, "task_type_exists")
        else:
            assert answer.status == 201
            self.promised.edit_type(name, {"min_backoff": 0, "max_backoff": 0} | fields, is_new=True)

    def _declare(self, name: str, said: dict[str, Any]) -> None:
        answer = self.call("PUT", f"/task-types/{name}/declaration", said)
        assert answer.status == (200 if name in self.promised.types else 201)
        self.promised.declare_type(name, said)

    def _delete(self, name: str) -> None:
        answer = self.call("DELETE", f"/task-types/{name}")
        if any(task.given["type"] == name for task in self.promised.tasks.values()):
            assert answer.problem == (409, "task_type_in_use")
        elif self._is_known(name, answer, 204):
            del self.promised.types[name]

    def _is_known(self, name: str, answer: Any, status: int = 200) -> bool:
        if name in self.promised.types:
            assert answer.status == status, answer
            return True
        assert answer.problem == (404, "task_type_not_found")
        return False

    @rule(hours=st.sampled_from([1, 25]))
    def time_passes(self, hours: int) -> None:
        """Turn the clock: every back-off passes, and after a day the Idempotency-Keys are forgotten."""
        self.api.clock.at += hours * HOUR

    @rule(hours_back=st.sampled_from([0, 0, 1]))
    def restart(self, hours_back: int) -> None:
        """Stop the API and start it again, perhaps on a clock that was set back meanwhile."""
        self.api.stop()
        self.api.clock.at -= hours_back * HOUR
        self.api.start()
        self.promised.restart(self.now)
