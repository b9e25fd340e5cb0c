"""The API's process: the product's own store, upkeep and handlers, without Tornado and without sockets."""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Protocol

from proof.simulation.virtual.kernel import Kernel
from proof.simulation.virtual.loop import Loop
from proof.simulation.virtual.network import Exchange
from proof.simulation.virtual.process import Process
from waybill.domain.errors import WaybillError
from waybill.domain.task_type import TaskType
from waybill.host.world import World
from waybill.queue.opening import open_queue
from waybill.settings import Settings
from waybill.wire.task_types import task_type_json
from waybill_api import problems
from waybill_api.http.operation import Operation, operation_of
from waybill_api.limits import Limits
from waybill_api.places import Room
from waybill_api.problems import Refusal
from waybill_api.routes import api_routes
from waybill_api.store import commands, tables
from waybill_api.store.engine.clock import Clock
from waybill_api.store.store import Store
from waybill_api.store.writing.unit import Commit
from waybill_api.upkeep.upkeep import Upkeep
from waybill_api.upkeep.workers import Workers


class Audience(Protocol):
    """Hears what the API does."""

    def committed(self, commit: Commit) -> None:
        """Hear of a commit."""

    def arrived(self, exchange: Exchange) -> None:
        """Hear of a request that is about to be carried out."""

    def served(self, process: Process, exchange: Exchange, status: int) -> None:
        """Hear of a request that was carried out, and of the process that did it."""

    def failed(self, said: str) -> None:
        """Hear of a failure that must never happen."""


class Api:
    """One life of the API: composed as in `waybill_api.server`, ended by a kill."""

    def __init__(
        self, kernel: Kernel, settings: Settings, types: Sequence[TaskType], audience: Audience, world: World
    ) -> None:
        """Start; add the `types` that are missing."""
        self.process = Process(kernel, "api")
        self._settings = settings
        self._types = types
        self._audience = audience
        self._world = world
        self._loop = Loop(kernel, self.process)
        self._routes = [(re.compile(route.pattern), route.handler) for route in api_routes()]
        self._services: dict[str, Any] = {}
        self.process.files.append(self._loop.dispose)
        self._ready = self._loop.create_future()
        self._loop.call_soon(lambda: self._loop.create_task(self._start()))

    def accept(self, exchange: Exchange, reply: Callable[[int, bytes], None]) -> None:
        """Serve a request in a task of its own."""
        self._loop.call_soon(lambda: self._loop.create_task(self._serve(exchange, reply)))

    async def _start(self) -> None:
        try:
            store = Store.open(self._settings.tasks_db, Clock(self._world), self._died, self._world)
            # A transaction under way ends with its process.
            self.process.locks.append(store.let_go)
            store.listen(self._audience.committed)
            workers = Workers(store)
            queue = open_queue(self._settings.queue_location)
            upkeep = Upkeep(store, workers, queue, self._settings.doorbell_dir, self._died, world=self._world)
            self.process.files.append(queue.close)
            known = {one.name for one in await store.read(tables.task_types.page)}
            for task_type in self._types:
                if task_type.name not in known:
                    await store.write(commands.task_types.create, task_type)
            upkeep.start()
        except Exception as error:  # noqa: BLE001 - for the oracle
            self._audience.failed(f"the API does not start: {type(error).__name__}: {error}")
            return
        self._services = {"store": store, "workers": workers, "room": Room(Limits())}
        self._ready.set_result(None)

    def _died(self) -> None:
        if self.process.is_alive:
            self._audience.failed("a part of the API has died")

    async def _serve(self, exchange: Exchange, reply: Callable[[int, bytes], None]) -> None:
        await asyncio.wait({self._ready})
        self._audience.arrived(exchange)
        try:
            operation, segments = self._find(exchange)
            status, answer = await self._carry_out(operation, segments, exchange)
        except Exception as error:  # noqa: BLE001 - as Tornado does
            refusal = self._refusal(exchange, error)
            status, answer = refusal.kind.status, refusal.document()
        self._audience.served(self.process, exchange, status)
        reply(status, b"" if answer is None else json.dumps(answer).encode())

    def _find(self, exchange: Exchange) -> tuple[Operation, tuple[str, ...]]:
        for pattern, handler in self._routes:
            match = pattern.fullmatch(exchange.path)
            operation = match and operation_of(getattr(handler, exchange.method.lower()))
            if match and operation:
                return operation, match.groups()
        raise Refusal(problems.NOT_FOUND, exchange.path)

    async def _carry_out(self, operation: Operation, segments: Sequence[str], exchange: Exchange) -> tuple[int, Any]:
        """Do what `waybill_api.http.endpoint` does, without a connection."""
        request = SimpleNamespace(
            headers=exchange.headers, query_arguments={}, method=exchange.method, path=exchange.path
        )
        arguments = operation.arguments(request, segments, exchange.body)
        endpoint = SimpleNamespace(
            **self._services,
            request=request,
            body_size=len(exchange.body),
            fingerprint=None,
            request_line=f"{exchange.method} {exchange.path}",
            set_header=lambda *header: None,
            set_status=lambda status: None,
            shown=lambda task_type: task_type_json(task_type, self._services["workers"].served()),
        )
        return operation.status, await operation.function(endpoint, **arguments)

    def _refusal(self, exchange: Exchange, error: Exception) -> Refusal:
        if isinstance(error, Refusal):
            return error
        if isinstance(error, WaybillError):
            return problems.refusal_of(error)
        self._audience.failed(f"{exchange.method} {exchange.path} failed inside: {type(error).__name__}: {error}")
        return Refusal(problems.INTERNAL, "Something went wrong here.")
