"""The real API in a thread of its own: its application, its store on disk, its server on a free port."""

import asyncio
import http.client
import json
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tornado.netutil import bind_sockets

from tests.databases import new_database
from throwaway.clock import HandClock
from waybill_api.app import build
from waybill_api.http.traffic import Traffic
from waybill_api.identity.access import Access, Scope
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.passwords import Passwords
from waybill_api.identity.sessions import Sessions
from waybill_api.metrics import Metrics
from waybill_api.sockets.patient_server import PatientServer
from waybill_api.store.store import Store
from waybill_api.upkeep.reaper import Reaper
from waybill_api.upkeep.workers import Workers

T = TypeVar("T")

REPORTER = "reporter-token"
ADMIN = "admin-token"
PATIENCE = 30.0
"""Seconds; long enough for a busy machine."""


@dataclass(frozen=True)
class Answer:
    """What came back; a 5xx never does."""

    status: int
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def problem(self) -> tuple[int, str]:
        """The status and the code of a problem."""
        return self.status, str(self.json()["code"])


class RunningApi:
    """Serves the data of one folder; stopped and started again, it finds what was kept."""

    def __init__(self, folder: Path, at: int = 1_700_000_000_000) -> None:
        """Start at once, at this time."""
        self.clock = HandClock(at)
        self.path = folder / "tasks.db"
        """The database."""
        self._deaths: list[None] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="the API")
        self._thread.start()
        self.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Open the store and listen."""
        self._run(self._start())
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)

    def stop(self) -> None:
        """Stop as the API does at a signal."""
        self._connection.close()
        self._run(self._stop())
        assert not self._deaths, "the writer has died"

    def close(self) -> None:
        """Stop for good."""
        try:
            self.stop()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, token: str = ADMIN
    ) -> Answer:
        """Send a request and return the answer, which must not be a 5xx."""
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        self._connection.request(method, path, data, sent)
        response = self._connection.getresponse()
        answer = Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        )
        assert answer.status < 500, (method, path, body, answer)
        return answer

    def pass_silence(self, seconds: float) -> None:
        """Let the reaper observe that many seconds in which nobody says anything."""
        self._run(Reaper(self._store, self._workers).tick(seconds))

    async def _start(self) -> None:
        self._traffic = Traffic()
        new_database(self.path)
        self._store = Store.open(self.path, self.clock, lambda: self._deaths.append(None))
        self._workers = Workers(self._store)
        access = Access({Scope.REPORTER: REPORTER, Scope.ADMIN: ADMIN})
        accounts = Accounts(self._store, Sessions(self._store), Passwords())
        metrics = Metrics(self._workers, lambda: 0)
        self._server = PatientServer(build(self._store, self._workers, metrics, access, self._traffic, accounts))
        sockets = bind_sockets(0, "127.0.0.1")
        self._server.add_sockets(sockets)
        self._port = sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.stop()
        self._traffic.close()
        await self._traffic.settle(PATIENCE)
        await self._server.close_all_connections()
        self._store.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        done: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(PATIENCE)
