"""The drill: a minute of crashes to watch, on an installation of its own: `waybill drill`."""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from proof.checks import verdict
from proof.checks.checker import Findings, check
from proof.checks.history import moment
from proof.journal import Journal
from proof.load import Load
from proof.plan import Control, FaultKind, Wish
from proof.record import Record
from proof.recorder import Json, Recorder, gather
from proof.supervisor import Supervisor
from proof.victim import Victim, victim
from throwaway import program
from throwaway.program import FAILED, CannotGoOn, complain, say
from waybill.api_error import ApiError
from waybill.domain.status import Status
from waybill.host import logs

HELD = 12
"""How many tasks run when something is killed."""

TRIES = 5
"""How often as many tasks are created, if some end before the last one begins."""

WAITING = 50
PATIENCE = 60.0
POLL_SECONDS = 0.1
LOOK_SECONDS = 0.2
"""Seconds between two looks of a watcher: enough for a few hundred tasks in half a minute."""

T = TypeVar("T")


class Drill:
    """One crash after another on a running installation, with a sentence on each."""

    def __init__(self, running: Victim, journal: Journal, say: Callable[[str], None]) -> None:
        """Take the victim, the journal, and a function that prints a line."""
        self._running = running
        self._journal = journal
        self._say = say
        self._loads: list[Load] = []
        self._recorder = Recorder(running.client, self._known, LOOK_SECONDS)

    def run(self) -> Record:
        """Do everything and return the record. Raises CannotGoOn, ApiError."""
        self._recorder.start()
        try:
            unlucky = self._create("unlucky", [13])
            for step in (self._worker, self._api, self._both, self._queue, self._wire, self._controls):
                step()
            self._ended(unlucky)
            self._say("A task of 13 seconds went through all of this, and failed at its end, as it has to.")
            self._recorder.finish()
            tasks, events = gather(self._running.client, PATIENCE)
        finally:
            for load in self._loads:
                load.close()
            self._recorder.close()
        creates = [create for load in self._loads for create in load.creates]
        asked = [one for load in self._loads for one in load.asked]
        return Record(creates, asked, tasks, events, self._recorder.seen, self._recorder.looks, self._journal.deeds)

    def _worker(self) -> None:
        tasks = self._held("worker", 3)
        (worker,) = self._running.workers
        restarted = self._restarted(worker, worker.kill)
        last = self._ended(tasks) - restarted
        self._say(
            f"Killed the worker while it held {HELD} tasks of 3 seconds: all of them were run again, "
            f"and the last one ended {last / 1000:.1f} s after its restart."
        )

    def _api(self) -> None:
        tasks = self._held("api", 2)
        load = self._load([Wish(0.01 * number, f"kept {number}") for number in range(WAITING)])
        self._until(lambda: len(self._ids(load)) >= WAITING // 3, "the first creates")
        restarted = self._restarted(self._running.api, self._running.api.kill)
        answered = [create.task_id for create in load.creates if create.task_id is not None]
        if not load.finish(PATIENCE):
            raise CannotGoOn("some creates were never answered")
        last = self._ended([*tasks, *self._ids(load)]) - restarted
        self._say(
            f"Killed the API while {HELD} tasks ran and others were being created: all {len(answered)} that it had "
            f"acknowledged are there, the rest of {WAITING} got in after its restart, what ran went on, and the last "
            f"of all ended {max(0, last) / 1000:.1f} s after that."
        )

    def _both(self) -> None:
        tasks = self._held("both", 2)
        (worker,) = self._running.workers

        def kill() -> None:
            self._running.api.kill()
            worker.kill()

        restarted = self._restarted(worker, kill)
        last = self._ended(tasks) - restarted
        self._say(
            f"Killed both at once while {HELD} tasks of 2 seconds ran: all ended, "
            f"the last one {last / 1000:.1f} s after the restart."
        )

    def _queue(self) -> None:
        (worker,) = self._running.workers
        pid = worker.stop()
        tasks = self._create("queued", [0] * WAITING)
        self._running.delete_queue()
        self._journal.deed("delete", "queue")
        worker.go_on(pid)
        since = self._journal.deeds[-1].at
        last = self._ended(tasks) - since
        self._say(
            f"Deleted the queue file while {WAITING} tasks waited for a worker that stood still: all were sent "
            f"again, and the last one ended {last / 1000:.1f} s after the worker went on."
        )

    def _wire(self) -> None:
        proxy = self._running.proxy
        before = proxy.harm.total()
        kinds = (FaultKind.LOST_ANSWER, FaultKind.DOUBLED, FaultKind.CUT_ANSWER)
        load = self._load([Wish(0.05 * number, f"wire {number}", processing_time=number % 2) for number in range(100)])
        for kind in kinds:
            self._journal.deed("begin", "wire", fault=kind.value)
            proxy.begin(kind)
            time.sleep(2)
            proxy.end(kind)
            self._journal.deed("end", "wire", fault=kind.value)
        if not load.finish(PATIENCE):
            raise CannotGoOn("some creates were never answered")
        self._ended(self._ids(load))
        self._say(
            f"Lost, doubled and cut {proxy.harm.total() - before} requests and answers on their way, while 100 tasks "
            "were created and run: each was created once, and each ended as it had to."
        )

    def _controls(self) -> None:
        wishes = [
            Wish(0, "cancel this", processing_time=30, control=Control.CANCEL, after=0.5),
            Wish(0, "again, please", processing_time=1, control=Control.RETRY),
        ]
        load = self._load(wishes)
        if not load.finish(PATIENCE):
            raise CannotGoOn("the cancel or the retry was never answered")
        self._ended(self._ids(load))
        self._say("Cancelled a running task and opened a second attempt of a finished one: both did as asked.")

    def _known(self) -> list[str]:
        return [task_id for load in self._loads for task_id in self._ids(load)]

    def _load(self, wishes: Sequence[Wish]) -> Load:
        load = Load(self._running.wire, wishes, self._journal)
        self._loads.append(load)
        load.start()
        return load

    @staticmethod
    def _ids(load: Load) -> list[str]:
        return [create.task_id for create in load.creates if create.task_id is not None]

    def _create(self, name: str, times: Sequence[int]) -> list[str]:
        load = self._load([Wish(0, f"{name} {number}", processing_time=time_) for number, time_ in enumerate(times)])
        if not load.finish(PATIENCE):
            raise CannotGoOn("some creates were never answered")
        return self._ids(load)

    def _held(self, name: str, processing_time: int) -> list[str]:
        """Create tasks and wait until a worker holds all of them; if some have ended by then, do so again."""
        for _ in range(TRIES):
            tasks = self._create(name, [processing_time] * HELD)
            if self._until(partial(self._begun, tasks), "running tasks") == {Status.PROCESSING}:
                return tasks
        raise CannotGoOn(f"this machine is too busy to run {HELD} tasks at once")

    def _begun(self, task_ids: Sequence[str]) -> set[int] | None:
        """Return the statuses of tasks once all have begun."""
        found = {task["status"] for task in self._tasks(task_ids)}
        return None if Status.NEW in found else found

    def _restarted(self, service: Supervisor, kill: Callable[[], None]) -> int:
        """Kill a service, and return the time of its next start, in milliseconds since the epoch."""
        known = len(self._journal.deeds)
        kill()

        def start() -> int | None:
            deeds = self._journal.deeds[known:]
            return next((deed.at for deed in deeds if (deed.what, deed.who) == ("start", service.name)), None)

        return self._until(start, f"a restart of {service.name}")

    def _ended(self, task_ids: Sequence[str]) -> int:
        """Wait until all tasks are final, and return the time of the last end, in milliseconds since the epoch."""

        def last() -> int | None:
            finished = [task["finished_at"] for task in self._tasks(task_ids)]
            return None if None in finished else max(map(moment, finished))

        return self._until(last, f"the end of {len(task_ids)} tasks")

    def _tasks(self, task_ids: Sequence[str]) -> list[Json]:
        wanted = set(task_ids)
        found = [task for task in self._running.client.list_tasks() if task["task_id"] in wanted]
        if len(found) < len(wanted):
            raise CannotGoOn(f"{len(wanted) - len(found)} tasks are not there any more")
        return found

    @staticmethod
    def _until(look: Callable[[], T | None], what: str) -> T:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                found = look()
            except ApiError:
                found = None
            if found:
                return found
            time.sleep(POLL_SECONDS)
        raise CannotGoOn(f"not within {PATIENCE:g} s: {what}")


def drill(folder: Path) -> Findings:
    """Do the drill in `folder`, print what happens, and return what the checker finds. Raises CannotGoOn, ApiError."""
    with Journal(folder / "journal.jsonl") as journal, victim(folder, journal, workers=1) as running:
        say(f"An API and a worker of their own run in {folder}; nothing of yours is touched. This takes a minute.\n")
        start = time.monotonic()
        record = Drill(running, journal, lambda line: say(f"{time.monotonic() - start:4.0f} s  {line}")).run()
    return check(record)


def main() -> int:
    """Do the drill and return the exit code: 0 if every promise held."""
    logs.configure("error")
    return program.run(_main)


def _main() -> int:
    """Do the drill in a new folder, and remove it unless something went wrong."""
    folder = Path(tempfile.mkdtemp(prefix="waybill-drill-"))
    kept = f"What happened is kept in {folder}"
    try:
        findings = drill(folder)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except (ApiError, CannotGoOn) as error:
        raise CannotGoOn(f"{error}\n{kept}") from None
    say(f"\n{verdict.table(findings)}")
    if not verdict.holds(findings):
        complain(kept)
        return FAILED
    shutil.rmtree(folder, ignore_errors=True)
    return 0
