"""Rules for what workers and outside services do: claim, report, finish, beat, fall silent, go."""

from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import rule

from tests.stateful import wishes
from tests.stateful.play import Play, without_big
from tests.stateful.promised_task import PromisedTask

ENDINGS: tuple[dict[str, Any], ...] = (
    {"status": 3, "result": 1},
    {"status": 4},
    {"status": 4, "error": {"code": "timeout", "message": "too slow"}},
    {"status": 4, "error": {"code": "worker_lost", "message": "exit code 9"}},
)
STEPS = {"before": -1, "current": 0, "after": 1}


class Reporters(Play):
    """Everybody who reports."""

    @rule()
    def a_worker_starts(self) -> None:
        """Let a worker with a fresh id come."""
        self.workers.append(f"worker-{len(self.workers) + 1}")

    @rule(
        worker=wishes.which,
        which=wishes.which,
        run=st.sampled_from(["current", "current", "current", "before", "after"]),
        is_again=st.booleans(),
    )
    def claim_run(self, worker: int, which: int, run: str, is_again: bool) -> None:
        """Claim a run; or one that is not open, or with the claim that holds it, as after a lost answer."""
        task = self.some(which)
        if task is None:
            return
        said = self.claim(self.some_worker(worker), task)
        said["run"] = max(1, task.run + STEPS[run])
        if is_again:
            said["claim"] = self.granted.get((task.task_id, said["run"]), said["claim"])
        self.send([said])

    @rule(first=wishes.which, second=wishes.which, chosen=st.lists(wishes.which, min_size=1, max_size=3))
    def claim_what_is_due(self, first: int, second: int, chosen: list[int]) -> None:
        """Let two workers claim the same runs in one request: one of them gets each."""
        found = [self.some(which, fits=lambda task: task.is_due(self.now)) for which in dict.fromkeys(chosen)]
        claimants = (self.some_worker(first), self.some_worker(second))
        self.send([self.claim(one, task) for one in claimants for task in found if task is not None])

    @rule(which=wishes.which, ending=st.sampled_from(ENDINGS), times=st.integers(1, 2))
    def finish(self, which: int, ending: dict[str, Any], times: int) -> None:
        """Let whoever holds the run say how it ended, once or twice."""
        task = self.some(which, fits=lambda task: task.is_held)
        if task is None:
            return
        held = {"run": task.run, "claim": task.claim, "source": str(task.holder)}
        said = {"task_id": task.task_id, "attempt": task.attempt, "seq": 5, **held, **ending}
        for _ in range(times):
            self.send([said])

    @rule(which=wishes.which, drawn=wishes.reports)
    def report_on_a_parcel(self, which: int, drawn: dict[str, Any]) -> None:
        """Report on a tracked task."""
        self._report_on_one(self.some(which, fits=lambda task: task.is_tracked), drawn, None)

    @rule(which=wishes.which, drawn=wishes.reports, claim=wishes.claims)
    def report_on_a_run(self, which: int, drawn: dict[str, Any], claim: str) -> None:
        """Report on a run that somebody holds, or held, as its holder or not."""
        self._report_on_one(self.some(which, fits=lambda task: task.claim is not None), drawn, claim)

    @rule(which=wishes.which, drawn=wishes.reports, claim=st.one_of(st.none(), wishes.claims))
    def report_on_anything(self, which: int, drawn: dict[str, Any], claim: str | None) -> None:
        """Report on any task."""
        self._report_on_one(self.some(which), drawn, claim)

    def _report_on_one(self, task: PromisedTask | None, drawn: dict[str, Any], claim: str | None) -> None:
        if task is None:
            return
        said = self._resolved(task, drawn, claim)
        answer = self.call("PATCH", f"/tasks/{task.task_id}", said)
        outcome = self.judge({"task_id": task.task_id, **said})
        if outcome == "invalid":
            assert answer.problem == (422, "invalid")
        elif outcome in ("stale", "refused"):
            assert answer.problem == (409, "not_applied")
            assert answer.json()["outcome"] == outcome, (said, answer)
            self.show(answer.json()["task"])
        else:
            assert answer.status == 200, (said, answer, outcome)
            is_grant = "claim" in said and said.get("status") == 2
            (self.show_grant if is_grant else self.show)(answer.json())
        self._note_grant(task, said, outcome)

    @rule(
        chosen=st.lists(
            st.tuples(wishes.which, wishes.reports.filter(without_big), st.one_of(st.none(), wishes.claims)),
            min_size=1,
            max_size=4,
        ),
        lost=wishes.which,
        by_key=st.booleans(),
    )
    def report_on_many(self, chosen: list[tuple[int, dict[str, Any], str | None]], lost: int, by_key: bool) -> None:
        """Report on several, some of them perhaps twice, and on one that is not there, in one request."""
        reports = [{"task_id": self.deleted[-1 - lost % len(self.deleted)], "source": "a", "status": 2}]
        for which, drawn, claim in chosen:
            task = self.some(which)
            if task is not None:
                reports.append({"task_id": task.task_id, **self._resolved(task, drawn, claim)})
        self.send(reports, by_key=by_key)

    def _note_grant(self, task: PromisedTask, said: dict[str, Any], outcome: str) -> None:
        if "claim" in said and said.get("status") == 2 and outcome in ("applied", "duplicate"):
            self.witness.see_grant(task.task_id, said["run"], said["claim"])
            self.granted[task.task_id, said["run"]] = said["claim"]

    def _resolved(self, task: PromisedTask, drawn: dict[str, Any], claim: str | None) -> dict[str, Any]:
        """Put numbers and tokens where the draw has words."""
        said = dict(drawn)
        if "attempt" in said:
            said["attempt"] = max(1, task.attempt + STEPS[said["attempt"]])
        if claim is not None:
            run = max(1, task.run - (claim == "before"))
            known = self.granted.get((task.task_id, run))
            said["run"] = run
            said["claim"] = self.token() if known is None or claim == "forged" else known
        return said

    @rule(
        worker=wishes.which,
        listing=st.sampled_from(["all", "all", "none", "some"]),
        elapsed=st.sampled_from([0, 0, 10, 100, 10_000]),
        other=st.one_of(st.none(), wishes.which),
        times=st.integers(1, 3),
    )
    def beat(self, worker: int, listing: str, elapsed: float, other: int | None, times: int) -> None:
        """Say what a worker runs: all of it, a part, nothing, or what is not its own; up to three times in a while."""
        worker_id = self.some_worker(worker, is_busy=worker < 4)
        for number in range(times):
            if number:
                self.fall_silent(8.0)
            self._beat(worker_id, listing, elapsed, None if other is None else self.some(other))

    def _beat(self, worker_id: str, listing: str, elapsed: float, other: PromisedTask | None) -> None:
        held = sorted(self.promised.held_by(worker_id).items())
        chosen = {"all": held, "none": [], "some": held[:1]}[listing]
        listed = [{"task_id": key[0], "run": key[1], "claim": claim, "elapsed": elapsed} for key, claim in chosen]
        if other is not None and other.task_id not in {one["task_id"] for one in listed}:
            listed.append({"task_id": other.task_id, "run": other.run, "claim": self.token(), "elapsed": elapsed})
        self._touch_held(worker_id)
        answer = self.call("POST", f"/workers/{worker_id}/heartbeat", {"runs": listed, "routes": ["sleep"], "slots": 2})
        if self.promised.worker(worker_id).is_gone:
            assert answer.problem == (409, "worker_gone")
            return
        assert answer.status == 200, answer
        lost = self.promised.beat(worker_id, listed, self.now)
        assert sorted((one["task_id"], one["run"]) for one in answer.json()["lost"]) == sorted(lost)

    @rule(worker=wishes.which, crashed=st.booleans())
    def go(self, worker: int, crashed: bool) -> None:
        """Let a worker end, in good order or not; what it held is released at once."""
        worker_id = self.some_worker(worker, is_busy=worker < 3)
        self._touch_held(worker_id)
        answer = self.call("POST", f"/workers/{worker_id}/gone", {"crashed": crashed})
        released = self.promised.gone(worker_id, self.now, crashed=crashed)
        assert (answer.status, answer.json()) == (200, {"released": released})

    @rule(seconds=st.sampled_from([8.0, 8.0, 16.0]))
    def fall_silent(self, seconds: float) -> None:
        """Let everybody be silent: whose lease runs out is taken for lost."""
        for worker_id in list(self.promised.workers):
            self._touch_held(worker_id)
        self.api.pass_silence(seconds)
        self.promised.pass_silence(seconds, self.now)

    def _touch_held(self, worker_id: str) -> None:
        for task_id, _ in self.promised.held_by(worker_id):
            self.touch(task_id)
