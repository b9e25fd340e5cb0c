"""The faults: each seed draws some kinds, and how often they strike."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress

from proof.simulation.services import Supervisor
from proof.simulation.virtual.kernel import Kernel
from proof.simulation.virtual.network import Network, Weather
from proof.simulation.virtual.process import Process
from waybill.settings import Settings

LONGEST_PAUSE = 25.0
LONGEST_STORM = 10.0
LARGEST_JUMP = 7_200.0


class Faults:
    """Strikes at random until it is stopped."""

    def __init__(self, kernel: Kernel, network: Network, supervisor: Supervisor, settings: Settings) -> None:
        """Take all that can break."""
        self._kernel = kernel
        self._random = kernel.random
        self._network = network
        self._supervisor = supervisor
        self._settings = settings
        self.struck: Counter[str] = Counter()
        kinds: list[Callable[[], str]] = [
            self._kill_api,
            self._pause_api,
            self._kill_worker,
            self._lose_machine,
            self._pause_worker,
            self._cut_worker,
            self._stop_worker,
            self._wipe_queue,
            self._spoil_queue,
            self._lose_messages,
            self._jump_clock,
            self._storm,
        ]
        self._kinds = self._random.sample(kinds, self._random.randint(2, 7))
        self._every = self._random.choice((1.5, 3.0, 6.0, 12.0))
        self._is_over = False

    def begin(self) -> None:
        """Let faults strike from now on."""
        self._kernel.after(self._random.expovariate(1 / self._every), self._strike, self._kernel.world)

    def end(self) -> None:
        """Stop striking, and end the faults that last."""
        self._is_over = True
        self._network.weather = Weather()
        self._network.cut.clear()
        for process in self._supervisor.everybody():
            process.resume()

    def _strike(self) -> None:
        if self._is_over:
            return
        kind = self._random.choice(self._kinds)
        said = kind()
        if said:
            self.struck[kind.__name__.strip("_")] += 1
            self._kernel.note(f"FAULT {said}")
        self.begin()

    def _kill_api(self) -> str:
        return self._kill(self._supervisor.api)

    def _kill_worker(self) -> str:
        process = self._worker()
        return self._kill(process) if process else ""

    def _lose_machine(self) -> str:
        process = self._worker()
        if process is None:
            return ""
        process.kill(with_machine=True)
        return f"the machine of {process.name} is lost"

    def _kill(self, process: Process) -> str:
        process.kill()
        return f"{process.name} is killed"

    def _pause_api(self) -> str:
        return self._pause(self._supervisor.api)

    def _pause_worker(self) -> str:
        process = self._worker()
        return self._pause(process) if process else ""

    def _pause(self, process: Process) -> str:
        seconds = self._random.random() * LONGEST_PAUSE
        process.pause()
        self._kernel.after(seconds, process.resume, self._kernel.world)
        return f"{process.name} is paused for {seconds:.1f} s"

    def _cut_worker(self) -> str:
        process = self._worker()
        if process is None:
            return ""
        seconds = self._random.random() * LONGEST_PAUSE
        self._network.cut.add(process.name)
        self._kernel.after(seconds, lambda: self._network.cut.discard(process.name), self._kernel.world)
        return f"{process.name} is cut off for {seconds:.1f} s"

    def _stop_worker(self) -> str:
        process = self._worker()
        if process is None or process.is_stopping:
            return ""
        process.is_stopping = True
        self._kernel.after(0, process.on_signal, process)
        return f"{process.name} is asked to stop"

    def _wipe_queue(self) -> str:
        self._settings.queue_db.unlink(missing_ok=True)
        return "the queue is deleted"

    def _spoil_queue(self) -> str:
        self._settings.queue_db.unlink(missing_ok=True)
        self._settings.queue_db.write_bytes(b"no database at all" * 64)
        return "the queue is garbage"

    def _lose_messages(self) -> str:
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._settings.queue_db)) as connection:
            lost = connection.execute("DELETE FROM task").rowcount
            connection.commit()
            return f"{lost} messages are lost" if lost else ""
        return ""

    def _jump_clock(self) -> str:
        seconds = self._random.uniform(-LARGEST_JUMP, LARGEST_JUMP)
        self._kernel.jump(seconds)
        return f"the wall clock jumps by {seconds:.0f} s"

    def _storm(self) -> str:
        draw = self._random.random
        self._network.weather = Weather(draw() * 0.5, draw() * 0.5, draw() * 0.5, draw() * 0.4)
        storm = self._network.weather

        def calm() -> None:
            if self._network.weather is storm:
                self._network.weather = Weather()

        seconds = draw() * LONGEST_STORM
        self._kernel.after(seconds, calm, self._kernel.world)
        return f"a storm of {seconds:.1f} s"

    def _worker(self) -> Process | None:
        alive = [process for process in self._supervisor.workers if process.is_alive]
        return self._random.choice(alive) if alive else None
