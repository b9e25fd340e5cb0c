"""The life of the API: lock, store, upkeep, listening, and the same in reverse."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from urllib.parse import urlsplit

from waybill.host import starter
from waybill.host.descriptors import TooFewDescriptors, check_descriptors
from waybill.host.ownership import hand_over
from waybill.host.sqlite import SqliteTooOld, check_sqlite
from waybill.installation import NoInstallation
from waybill.queue.errors import QueueUnavailable, QueueUnusable
from waybill.queue.opening import open_queue
from waybill.queue.queue import Queue
from waybill.settings import Settings
from waybill_api import data_directory
from waybill_api.app import build, own_names
from waybill_api.conditions import DATABASE_LOST
from waybill_api.data_directory import OpenToAll
from waybill_api.data_lock import DataLock
from waybill_api.edge.edge import Edge
from waybill_api.edge.mount import Mount
from waybill_api.edge.proxies import Proxies
from waybill_api.fixtures import fixture
from waybill_api.fixtures.in_store import load_into
from waybill_api.http.traffic import Traffic
from waybill_api.identity.access import Access, BadToken, is_loopback, tokens_in
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.demo_login import accounts_in, allows_demo, exposure
from waybill_api.identity.passwords import Passwords
from waybill_api.identity.sessions import Sessions
from waybill_api.identity.strength import TOKEN_RULE, is_good_token
from waybill_api.limits import Limits
from waybill_api.metrics import Metrics
from waybill_api.sockets import listening
from waybill_api.sockets.patient_server import PatientServer
from waybill_api.store import tables
from waybill_api.store.engine.clock import Clock
from waybill_api.store.engine.migrations import DatabaseUnusable
from waybill_api.store.store import Store
from waybill_api.upkeep.upkeep import Upkeep
from waybill_api.upkeep.workers import Workers

INITIAL = "initial"
"""The fixture that a fresh database gets."""

SETTLE_SECONDS = 3.0
"""How long requests under way may take once the server stops; honcho kills 5 s after its SIGTERM."""

YOUNG = 10_000
"""How many objects gather before the garbage collector looks; at the usual 700 it meets the same requests many times.

A request leaves hardly any garbage that counting references does not free, so what gathers is a few megabytes at most.
"""

WAITS = {"action": "wait_for_lock"}

log = logging.getLogger(__name__)


class CannotStart(Exception):
    """The API cannot start; the message is one line, `status` is what the process exits with."""

    def __init__(self, reason: str, status: int = 1) -> None:
        """Take the reason and the exit status."""
        super().__init__(reason)
        self.status = status


def run(settings: Settings) -> int:
    """Serve until a signal comes, and return the exit status. Raises CannotStart."""
    try:
        check_sqlite()
        check_descriptors()
    except (SqliteTooOld, TooFewDescriptors) as error:
        raise CannotStart(str(error), 2) from None
    api_token = settings.api_token
    if not (is_loopback(settings.host) or api_token or settings.allow_anonymous_off_loopback):
        reason = "set WAYBILL_API_TOKEN, or WAYBILL_ALLOW_ANONYMOUS_OFF_LOOPBACK=1 if really anybody may use it"
        raise CannotStart(f"WAYBILL_HOST={settings.host} is reachable from other machines: {reason}", 2)
    if api_token is not None and not is_good_token(api_token.get_secret_value()):
        raise CannotStart(f"WAYBILL_API_TOKEN {TOKEN_RULE}: `openssl rand -hex 32` makes one", 2)
    first = settings.root_path.partition("/")[2].partition("/")[0]
    if first in own_names():
        reason = (
            f"WAYBILL_ROOT_PATH={settings.root_path} begins like an address of the API, /{first}: choose another path"
        )
        raise CannotStart(reason, 2)
    with _locked(settings) as lock:
        hand_over(settings.data_dir, settings.files())
        sockets = _bound(settings)
        try:
            data_directory.settle(settings)
        except (DatabaseUnusable, NoInstallation, OpenToAll) as error:
            raise CannotStart(str(error)) from None
        return asyncio.run(_serve(settings, sockets, lock))


async def _serve(settings: Settings, sockets: list[socket], lock: DataLock) -> int:
    stop = _Stop()
    stop.on_signals()
    try:
        tokens = tokens_in(
            settings.worker_token_file,
            settings.admin_token_file,
            None if settings.api_token is None else settings.api_token.get_secret_value(),
        )
    except BadToken as error:
        raise CannotStart(str(error), 2) from None
    hand_over(settings.data_dir, settings.files())
    queue = _opened(settings)
    hosts = {settings.host, urlsplit(settings.base_url).hostname or "", *settings.allowed_hosts}
    traffic = Traffic()
    try:
        store = Store.open(settings.tasks_db, Clock(), stop.because_of_death)
    except DatabaseUnusable as error:
        raise CannotStart(str(error)) from None
    await store.open_readers()
    passwords = Passwords()
    accounts = accounts_in(store, passwords, settings)
    await _welcome(store, accounts, settings)
    workers = Workers(store)
    upkeep = Upkeep(store, workers, queue, settings.doorbell_dir, stop.because_of_death, lock)
    metrics = Metrics(workers, lambda: upkeep.outstanding)
    store.listen(metrics.notice)
    upkeep.start()
    access = Access(tokens, hosts=hosts, sessions=Sessions(store))
    limits = Limits.of(settings)
    if limits.connections < (settings.connections or 0):
        log.warning("the system allows this process no more than %d connections (ulimit -n)", limits.connections)
    edge = Edge(Proxies(settings.trusted_proxies), Mount(settings.root_path))
    app = build(store, workers, metrics, access, traffic, accounts, limits, edge)
    server = PatientServer(app)
    server.bound(limits.connections, store.conditions)
    server.add_sockets(sockets)
    _spare_collector()
    sys.stdout.write(f"ready on {_address(settings, sockets)}\n")
    sys.stdout.flush()
    status = await stop.wait()
    server.stop()
    traffic.close()
    if not all(await asyncio.gather(server.drain(SETTLE_SECONDS), traffic.settle(SETTLE_SECONDS))):
        log.warning("some requests were cut off", extra={"action": "stop"})
    await server.close_all_connections()
    await upkeep.stop()
    app.settings["bodies"].close()
    passwords.close()
    store.close()
    queue.close()
    if DATABASE_LOST in store.conditions and store.installation is not None:
        data_directory.leave_a_mark(settings, store.installation)
    return status


async def _welcome(store: Store, accounts: Accounts, settings: Settings) -> None:
    """Fill a fresh database where a well-known login is allowed. Raises CannotStart where one stands and is not."""
    if allows_demo(settings):
        if await store.read(tables.accounts.is_fresh):
            await load_into(store, accounts, fixture.read(INITIAL))
            where = "" if settings.web_url is None else f" at {settings.web_url}/admin/"
            log.info("log in%s as user with the password password", where)
    elif await accounts.has_demo():
        store.close()
        raise CannotStart(
            f"{exposure(settings)}, and everybody knows a password: "
            "change it, or set WAYBILL_ALLOW_DEMO_LOGIN=1 if really anybody may log in",
            2,
        )


def _opened(settings: Settings) -> Queue:
    try:
        return open_queue(settings.queue_location)
    except QueueUnusable as error:
        raise CannotStart(str(error), 2) from None
    except QueueUnavailable as error:
        raise CannotStart(f"the queue cannot be opened: {error}") from None


class _Stop:
    """The wish to stop: of a signal, or because a part that the API cannot do without has died."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._status: asyncio.Future[int] = self._loop.create_future()

    def on_signals(self) -> None:
        """Stop in good order at the first stop signal, and at once at the second."""
        for number in starter.endings():
            self._loop.add_signal_handler(number, self._signalled, number)

    def because_of_death(self) -> None:
        """Stop with status 1; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._set, 1)

    async def wait(self) -> int:
        """Return the exit status once it is time to stop."""
        return await self._status

    def _signalled(self, number: int) -> None:
        if self._status.done():
            os._exit(128 + number)
        log.info("stopping", extra={"action": "stop"})
        self._set(0)

    def _set(self, status: int) -> None:
        if not self._status.done():
            self._status.set_result(status)


def _spare_collector() -> None:
    """Spare the garbage collector what is no garbage: what lives as long as the process, and requests under way."""
    gc.freeze()
    gc.set_threshold(YOUNG)
    gc.enable()


@contextmanager
def _locked(settings: Settings) -> Iterator[DataLock]:
    lock = DataLock(settings.lock_file)
    used = f"another process uses {settings.data_dir} ({settings.lock_file} is locked)"

    def say() -> None:
        log.warning("%s: waiting for its end for up to %g s", used, settings.lock_wait_seconds, extra=WAITS)

    if not lock.acquire(settings.lock_wait_seconds, say):
        raise CannotStart(f"{used}: end that one, or choose another WAYBILL_DATA_DIR")
    try:
        yield lock
    finally:
        lock.release()


def _bound(settings: Settings) -> list[socket]:
    try:
        return listening.bind(settings)
    except listening.CannotListen as error:
        raise CannotStart(str(error)) from None


def _address(settings: Settings, sockets: list[socket]) -> str:
    """Return the address at which the API listens, with the port that it was given if it asked for any."""
    if settings.socket_path is not None:
        return settings.base_url
    port = sockets[0].getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}{settings.root_path}"
