"""The supervisor: it keeps an API and some workers running, and each start is a new process."""

from collections.abc import Callable

from proof.simulation.api import Api
from proof.simulation.oracle import Oracle
from proof.simulation.people import TYPES
from proof.simulation.truth import Truth
from proof.simulation.virtual.network import Network
from proof.simulation.virtual.process import Process
from waybill.settings import Settings
from waybill_worker.consumer import Worker
from waybill_worker.outside import Outside


class Supervisor:
    """Starts every service anew some seconds after its end."""

    def __init__(
        self, network: Network, truth: Truth, oracle: Oracle, settings: Settings, outside: Outside, workers: int
    ) -> None:
        """Start the API and the workers."""
        self._kernel = truth.kernel
        self._network = network
        self._truth = truth
        self._oracle = oracle
        self._settings = settings
        self._outside = outside
        self._lives = 0
        self.longest_rest = 6.0
        """The most seconds between an end and the next start."""
        self.apis: list[Api] = []
        self.workers: list[Process] = []
        self._start_api()
        for number in range(workers):
            self._start_worker(number)

    @property
    def api(self) -> Process:
        """The API's present process."""
        return self.apis[-1].process

    def everybody(self) -> list[Process]:
        """Return the living processes of all services."""
        return [process for process in (self.api, *self.workers) if process.is_alive]

    def _start_api(self) -> None:
        api = Api(self._kernel, self._settings, TYPES, self._oracle, self._outside)
        self._kernel.note("starts", api.process)
        self._network.server = api
        self.apis.append(api)
        api.process.at_death.append(lambda: self._rest(self._start_api))

    def _start_worker(self, number: int) -> None:
        self._lives += 1
        process = Process(self._kernel, f"worker-{number}.{self._lives}")
        self._kernel.note("starts", process)
        self.workers = [one for one in self.workers if one.is_alive] + [process]
        process.at_death.append(lambda: self._rest(lambda: self._start_worker(number)))
        self._kernel.spawn(lambda: self._work(process), process)

    def _work(self, process: Process) -> None:
        worker = Worker(self._settings, self._outside)
        self._truth.workers[worker.id] = process
        ending = worker.run()
        self._kernel.note(f"ends: {ending.name.lower()}")
        if not process.is_stopping:
            self._oracle.ended(process, ending)
        process.is_stopping = True
        process.kill()
        self._kernel.block()

    def _rest(self, start: Callable[[], None]) -> None:
        self._kernel.after(self._kernel.random.random() * self.longest_rest, start, self._kernel.world)
