"""The photographed installation: the API in this process, with a temporary directory and a clock that stands still."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from demo.screenshots.cast import HELPERS, PASSWORD, PEOPLE
from demo.screenshots.hour import START
from demo.screenshots.story import Story
from throwaway.clock import HandClock
from throwaway.port import free_port
from waybill.domain.status import Status
from waybill.version import VERSION
from waybill_api.app import build
from waybill_api.http.traffic import Traffic
from waybill_api.identity.access import Access, Scope
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.passwords import Passwords
from waybill_api.identity.sessions import Sessions
from waybill_api.metrics import Metrics
from waybill_api.search.query import Query
from waybill_api.sockets.patient_server import PatientServer
from waybill_api.store.commands.runs import HeldRun
from waybill_api.store.finding import finder
from waybill_api.store.store import Store
from waybill_api.upkeep.workers import Beat, Workers


@dataclass(frozen=True, slots=True)
class Scene:
    """The address of the API, and the ids of the tasks that are photographed."""

    url: str
    completed: str
    """A task that has gone through all stages of a pipeline."""
    failed: str
    """A task that has failed more than once."""
    running: str
    """A task that reports its progress."""


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Tell the story of the hour to a store in `folder`, and serve it."""
    clock = HandClock(START)
    store = Store.open(folder / "tasks.db", clock, on_death=lambda: None)
    passwords = Passwords()
    server: PatientServer | None = None
    try:
        accounts = Accounts(store, Sessions(store), passwords)
        for name, role in PEOPLE:
            await accounts.create(name, role, PASSWORD)
        await Story(store, clock).tell()
        workers = Workers(store)
        await _gather(workers, store)
        metrics = Metrics(workers, lambda: 0)
        access = Access({Scope.REPORTER: "reporter", Scope.ADMIN: "admin"}, sessions=Sessions(store))
        server = PatientServer(build(store, workers, metrics, access, Traffic(), accounts))
        port = free_port()
        server.listen(port, "127.0.0.1")
        yield Scene(
            f"http://127.0.0.1:{port}",
            completed=await _latest(store, "application", Status.COMPLETED),
            failed=await _latest(store, "import-orders", Status.ERROR),
            running=await _latest(store, "import-orders", Status.PROCESSING),
        )
    finally:
        if server is not None:
            server.stop()
            await server.close_all_connections()
        passwords.close()
        store.close()


async def _gather(workers: Workers, store: Store) -> None:
    """Send a heartbeat of each worker, with the runs that it has."""
    running = (await store.read(finder.find, Query(statuses=(Status.PROCESSING,)), None, 1_000, newest=True)).tasks
    by_silence = sorted(HELPERS, key=lambda one: -one.seen)
    for helper, following in zip(by_silence, [*by_silence[1:], None], strict=True):
        runs = tuple(
            HeldRun(task.task_id, task.run, task.claim)
            for task in running
            if task.worker == helper.worker_id and task.claim is not None
        )
        beat = Beat(
            runs=runs, routes=helper.routes, slots=helper.slots, host=helper.host, pid=helper.pid, version=VERSION
        )
        await workers.beat(helper.worker_id, beat)
        workers.age(helper.seen - (following.seen if following else 0.0))


async def _latest(store: Store, type_name: str, status: Status) -> str:
    (latest,) = (
        await store.read(finder.find, Query(types=(type_name,), statuses=(status,)), None, 1, newest=True)
    ).tasks
    return latest.task_id
