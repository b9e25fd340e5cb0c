"""The API on a real store, behind one `fetch`."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application

from tests.databases import new_database
from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill_api.app import build
from waybill_api.conditions import Conditions
from waybill_api.edge.edge import Edge
from waybill_api.http.traffic import Traffic
from waybill_api.identity.access import Access, Scope
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.passwords import Cost, Passwords
from waybill_api.identity.sessions import Sessions
from waybill_api.limits import Limits
from waybill_api.metrics import Metrics
from waybill_api.sockets.patient_server import PatientServer
from waybill_api.store.engine.clock import Clock
from waybill_api.store.store import Store
from waybill_api.upkeep.workers import Workers


@pytest.fixture
def store(io_loop: IOLoop, tmp_path: Path) -> Iterator[Store]:
    """A real store on disk."""

    async def opened() -> Store:
        new_database(tmp_path / "tasks.db")
        return Store.open(tmp_path / "tasks.db", Clock(), on_death=lambda: None)

    kept = io_loop.run_sync(opened)

    async def closed() -> None:
        kept.close()

    yield kept
    io_loop.run_sync(closed)


@pytest.fixture
def access(store: Store) -> Access:
    """Who may call what, without an API token."""
    return Access({Scope.REPORTER: REPORTER, Scope.ADMIN: ADMIN}, sessions=Sessions(store))


@pytest.fixture
def accounts(store: Store) -> Iterator[Accounts]:
    """Who may log in: nobody yet."""
    passwords = Passwords(Cost(n=16))
    yield Accounts(store, Sessions(store), passwords)
    passwords.close()


@pytest.fixture
def traffic() -> Traffic:
    """The requests under way."""
    return Traffic()


@pytest.fixture
def limits() -> Limits:
    """How much the API does at once."""
    return Limits()


@pytest.fixture
def edge() -> Edge:
    """What lies before the API: no trusted proxy, and no path."""
    return Edge()


@pytest.fixture
def app(
    store: Store, access: Access, traffic: Traffic, accounts: Accounts, limits: Limits, edge: Edge
) -> Iterator[Application]:
    """The application, as the server builds it."""
    workers = Workers(store)
    metrics = Metrics(workers, lambda: 0)
    store.listen(metrics.notice)
    app = build(store, workers, metrics, access, traffic, accounts, limits, edge)
    yield app
    app.settings["bodies"].close()


@pytest.fixture
def http_server(
    io_loop: IOLoop, app: Application, limits: Limits, _unused_port: tuple[socket.socket, int]
) -> Iterator[HTTPServer]:
    """Our server in place of pytest-tornado's, so that the limits are those of the service."""

    async def served() -> PatientServer:
        server = PatientServer(app)
        server.bound(limits.connections, Conditions())
        server.add_socket(_unused_port[0])
        return server

    server = io_loop.run_sync(served)
    yield server
    server.stop()
    io_loop.run_sync(server.close_all_connections)


@pytest.fixture
def fetch(io_loop: IOLoop, http_client: AsyncHTTPClient, http_port: int) -> Fetch:
    """Send requests to the API."""
    return Fetch(io_loop, http_client, http_port)
