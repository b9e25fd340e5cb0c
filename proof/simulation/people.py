"""The clients: they create tasks, look at them, cancel and retry some, and report on tasks without a handler."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from proof.simulation.handlers import DECLARED, STAGES
from proof.simulation.oracle import EDITED, HIDDEN, KEPT, Oracle
from proof.simulation.truth import Truth
from proof.simulation.virtual.kernel import Kernel
from proof.simulation.virtual.network import Network, NetworkClient
from proof.simulation.virtual.process import Process
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.domain.encoded import Encoded
from waybill.domain.task_type import TaskType
from waybill.domain.texts.censored import MASK

SCRIPT = {
    "type": "object",
    "properties": {"steps": {"type": "array", "items": {"type": "number"}}, "end": {"type": "string"}},
    "required": ["steps", "end"],
    "additionalProperties": False,
}
SECRET = ("end",)

TYPES = (
    TaskType(name="once", handler="work", timeout=9, input_schema=Encoded(json.dumps(SCRIPT)), secret=SECRET),
    TaskType(name="thrice", handler="work", timeout=9, max_attempts=3, min_backoff=0.5, max_backoff=4.0),
    TaskType(name="parcel"),
    TaskType(name="letter", stage_timeout=12, stage_timeout_ends=True),
    TaskType(name="patient", handler="work", timeout=9),
    TaskType(name="relay", stages=STAGES, timeout=9, max_attempts=3, min_backoff=0.5, max_backoff=4.0),
)

ENDS = ("return",) * 9 + ("raise", "recover", "recover", "poison", "hang", "unkeepable")
COMPLETED, ERROR = 3, 4
OWN_TIMEOUT = 90
PATIENCE = 25.0
"""Seconds of a run of the type `patient`: longer than a lease, so that only its worker's beats keep it."""

T = TypeVar("T")


class People:
    """All clients of the API; each makes one call after another, and repeats a call without an answer."""

    def __init__(self, kernel: Kernel, network: Network, truth: Truth, oracle: Oracle) -> None:
        """Take the simulated world."""
        self._kernel = kernel
        self._random = kernel.random
        self._truth = truth
        self._oracle = oracle
        self._process = Process(kernel, "people")
        self._client = NetworkClient(network, kernel, patience=5.0)
        self.busy = 0
        """The number of clients that still have something to do."""

    def come(self, tasks: int, seconds: float) -> None:
        """Create a number of tasks in the next seconds."""
        self._act(self._random.random() * seconds, self._declare)
        self._act(self._random.random() * seconds, self._edit)
        for name in DECLARED:
            self._act(self._random.random() * seconds, self._use, name)
        for number in range(tasks):
            tracked = self._random.random() < 0.25
            track = self._random.choice((self._track, self._write)) if tracked else self._order
            self._act(self._random.random() * seconds, track, number)

    def _act(self, wait: float, act: Callable[..., None], *arguments: Any) -> None:
        self.busy += 1

        def live() -> None:
            self._kernel.sleep(wait)
            act(*arguments)
            self.busy -= 1

        self._kernel.spawn(live, self._process)

    def _order(self, number: int) -> None:
        """Create a task with a handler, and watch it."""
        random = self._random
        task_type = random.choice(("once", "thrice", "relay", "relay") * 3 + ("patient",))
        given = self._relay() if task_type == "relay" else self._script(random.choice(ENDS))
        if task_type == "patient":
            given["steps"].append(PATIENCE)
        body = {"name": f"task {number}", "type": task_type, "processing_time": 1, "input": given}
        if task_type == "patient" or random.random() < 0.3:
            body["timeout"] = OWN_TIMEOUT if task_type == "patient" else 8
        task_id = self._create(body)
        if random.random() < 0.15:
            self._act(random.random() * 6, self._cancel, task_id)
        for _ in range(random.randint(1, 4)):
            self._kernel.sleep(random.random() * 4)
            task = self._look(task_id)
            if task["status"] >= COMPLETED and random.random() < 0.25:
                self._retry(task_id, task["attempt"])

    def _declare(self) -> None:
        """Say what code says of a type, again and again, as workers do when they start."""
        for number in range(self._random.randint(1, 4)):
            said = {"handler": "work", "title": f"declared {number}", "max_attempts": 3, "priority": number}
            self._persist(partial(self._client.declare_task_type, "thrice", said))
            self._kernel.sleep(self._random.random() * 5)

    def _edit(self) -> None:
        """Set the title of a type that code declares, and look whether it stays."""
        if self._persist(lambda: self._client.change_task_type("thrice", title="edited")) is None:
            return
        for _ in range(3):
            self._kernel.sleep(self._random.random() * 6)
            found = {one["name"]: one for one in self._persist(self._client.task_types) or ()}
            if found and found["thrice"]["title"] != "edited":
                self._oracle.violate(EDITED, f"the title is {found['thrice']['title']}")

    def _use(self, name: str) -> None:
        """Create a task of a type as soon as a worker has declared it."""
        while name not in {one["name"] for one in self._persist(self._client.task_types) or ()}:
            self._kernel.sleep(1.0)
        self._create({"name": name, "type": name, "input": self._script(self._random.choice(ENDS))})

    def _script(self, end: str) -> dict[str, Any]:
        steps = [round(self._random.random() * 1.5, 3) for _ in range(self._random.randint(0, 3))]
        return {"steps": steps, "end": end}

    def _relay(self) -> dict[str, Any]:
        """Return the input of a pipeline; at most one of its stages does not simply return."""
        ends = dict.fromkeys(STAGES, "return") | {self._random.choice(STAGES): self._random.choice(ENDS)}
        return {"scripts": {stage: self._script(end) for stage, end in ends.items()}, "trail": []}

    def _track(self, number: int) -> None:
        """Report on a task from two sources at once, and repeat some reports much later."""
        random = self._random
        task_id = self._create({"name": f"parcel {number}", "type": "parcel"})
        attempts = random.randint(1, 2)
        for attempt in range(1, attempts + 1):
            said = [self._report(task_id, attempt, seq, random.choice("ab")) for seq in range(1, random.randint(3, 6))]
            end = random.choice((COMPLETED, ERROR))
            said.append(self._report(task_id, attempt, len(said) + 1, "a", end))
            self._truth.tracked[task_id, attempt] = said
            left = [len(said)]
            for report in random.sample(said, len(said)):
                self._act(random.random() * 3, self._deliver, report, left)
            while left[0]:
                self._kernel.sleep(0.5)
            self._act(random.random() * 10, self._deliver, random.choice(said), [1])
            self._act(random.random() * 10, self._deliver, said[-1], [1])
            if attempt < attempts:
                self._retry(task_id, attempt)

    def _write(self, number: int) -> None:
        """Report on a task that can end by silence, and stop halfway in half of the cases."""
        random = self._random
        task_id = self._create({"name": f"letter {number}", "type": "letter"})
        for seq in range(1, random.randint(2, 6)):
            self._deliver(self._report(task_id, 1, seq, "a"), [1])
            self._kernel.sleep(random.random() * 8)
        if random.random() < 0.5:
            self._deliver(self._report(task_id, 1, 9, "a", random.choice((COMPLETED, ERROR))), [1])

    def _report(self, task_id: str, attempt: int, seq: int, source: str, end: int | None = None) -> dict[str, Any]:
        report: dict[str, Any] = {"task_id": task_id, "attempt": attempt, "seq": seq, "source": source}
        report |= {"progress": seq / 10, "metadata": {"at": f"{attempt}.{seq}"}, "status": 2 if end is None else end}
        if end == COMPLETED:
            report["result"] = {"attempt": attempt}
        if end == ERROR:
            report["error"] = {"code": "failed", "message": f"attempt {attempt}"}
        return report

    def _create(self, body: dict[str, Any]) -> str:
        key = body["name"].replace(" ", "-")
        task_id: str = self._persist(lambda: self._client.create_task(**body, idempotency_key=key))
        self._truth.created[task_id] = body["name"]
        self._kernel.note(f"{body['name']} is {task_id[-6:]}")
        return task_id

    def _deliver(self, report: dict[str, Any], left: list[int]) -> None:
        self._persist(lambda: self._client.report([report]))
        left[0] -= 1

    def _look(self, task_id: str) -> dict[str, Any]:
        known = self._oracle.standing(task_id)
        task: dict[str, Any] | None = self._persist(lambda: self._client.get_task(task_id))
        if task is None:
            self._oracle.violate(KEPT, f"{self._truth.created[task_id]} is not found")
            return {"status": 0}
        self._oracle.seen(known, task)
        if task["type"] == "once" and task["input"]["end"] != MASK:
            self._oracle.violate(HIDDEN, f"{self._truth.created[task_id]} shows {task['input']}")
        return task

    def _cancel(self, task_id: str) -> None:
        self._truth.cancels.add(task_id)
        self._kernel.note(f"cancels {task_id[-6:]}")
        self._persist(lambda: self._client.cancel_task(task_id))
        if self._random.random() < 0.5:
            # At once, because its worker may not know of the cancellation yet.
            task = self._look(task_id)
            if task["status"] >= COMPLETED:
                self._retry(task_id, task["attempt"])

    def _retry(self, task_id: str, attempt: int) -> None:
        self._truth.retries.add(task_id)
        self._kernel.note(f"retries {task_id[-6:]}")
        self._persist(lambda: self._client.retry_task(task_id, attempt))

    def _persist(self, call: Callable[[], T]) -> Any:
        """Repeat a call until it is answered; return None if the answer is a refusal."""
        while True:
            try:
                return call()
            except ApiProblem:
                return None
            except ApiUnreachable:
                self._kernel.sleep(0.3 + self._random.random())
