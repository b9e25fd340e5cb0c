"""The network between the services: every request and every answer may be late, lost or doubled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import requests

from proof.simulation.virtual.kernel import Kernel, Wakeup
from proof.simulation.virtual.process import Process
from waybill.api_error import ApiUnreachable
from waybill.client.calls import Calls

LATENCY = 0.004
"""The mean seconds of a message that nothing delays."""

LATE = 12.0
DOUBLED_LATER = 12.0
"""The longest delay in seconds of a late message, and of the second copy of a doubled one."""

DEFAULT_PATIENCE = 10.0


@dataclass(slots=True)
class Weather:
    """The probability of each fault of a message."""

    lost: float = 0.0
    answer_lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0


@dataclass(eq=False, slots=True)
class Exchange:
    """A request and, in time, its answer."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    caller: Process
    waiting: list[Wakeup] = field(default_factory=list)
    answer: tuple[int, bytes] | None = None


class Server(Protocol):
    """The server that the network delivers to."""

    process: Process

    def accept(self, exchange: Exchange, reply: Callable[[int, bytes], None]) -> None:
        """Take a request; call `reply` with the status and body, unless the process dies before."""


class Network:
    """Carries exchanges between clients and the present server."""

    def __init__(self, kernel: Kernel) -> None:
        """Begin without faults and without a server."""
        self._kernel = kernel
        self.weather = Weather()
        self.server: Server | None = None
        self.cut: set[str] = set()
        """The names of the processes that cannot reach the server."""
        self.troubles = 0
        """The number of messages that a fault has hit."""

    def call(self, exchange: Exchange, patience: float) -> tuple[int, bytes]:
        """Send a request and wait for its answer. Raises ApiUnreachable."""
        kernel, weather, chance = self._kernel, self.weather, self._kernel.random.random
        if exchange.caller.name in self.cut or self._happens(weather.lost):
            kernel.after(self._delay(), lambda: self._break(exchange) if chance() < 0.5 else None)
        else:
            kernel.after(self._delay(), lambda: self._arrive(exchange), kernel.world)
            if self._happens(weather.doubled):
                kernel.after(chance() * DOUBLED_LATER, lambda: self._arrive(exchange), kernel.world)
        if exchange.answer is None:
            kernel.block(exchange.waiting, patience)
        if exchange.answer is None:
            raise ApiUnreachable("no answer")
        return exchange.answer

    def _arrive(self, exchange: Exchange) -> None:
        server = self.server
        if server is None or not server.process.is_alive:
            self._break(exchange)
            return
        server.process.at_death.append(lambda: self._break(exchange))
        self._kernel.after(
            0, lambda: server.accept(exchange, lambda *answer: self._reply(exchange, answer)), server.process
        )

    def _reply(self, exchange: Exchange, answer: tuple[int, bytes]) -> None:
        if exchange.caller.name in self.cut or self._happens(self.weather.answer_lost):
            if self._kernel.random.random() < 0.5:
                self._break(exchange)
            return

        def arrive() -> None:
            if exchange.answer is None:
                exchange.answer = answer
                self._wake(exchange)

        self._kernel.after(self._delay(), arrive, exchange.caller)

    def _break(self, exchange: Exchange) -> None:
        """Let the caller see a broken connection; a request that has arrived stays."""
        self._kernel.after(self._delay(), lambda: self._wake(exchange), exchange.caller)

    def _wake(self, exchange: Exchange) -> None:
        for wakeup in exchange.waiting:
            wakeup.fire()

    def _delay(self) -> float:
        if self._happens(self.weather.late):
            return self._kernel.random.random() * LATE
        return self._kernel.random.expovariate(1 / LATENCY)

    def _happens(self, probability: float) -> bool:
        happens = self._kernel.random.random() < probability
        self.troubles += happens
        return happens


class NetworkClient(Calls):
    """The product's own client, whose requests take the virtual network."""

    def __init__(self, network: Network, kernel: Kernel, patience: float = DEFAULT_PATIENCE) -> None:
        """Take the network; requests come from the process that calls."""
        super().__init__("http://api")
        self._network = network
        self._kernel = kernel
        self._patience = patience

    def _attempt(
        self, request: requests.Request, timeout: tuple[float, float], again: bool, stream: bool = False
    ) -> requests.Response:
        exchange = Exchange(
            str(request.method),
            urlsplit(str(request.url)).path,
            {**request.headers},
            request.data or b"",
            self._kernel.process,
        )
        response = requests.Response()
        response.status_code, response._content = self._network.call(exchange, min(timeout[1], self._patience))
        return response
