"""The heartbeat: tells the API what this worker runs, and hears which runs it has lost."""

import logging
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from waybill.api_error import ApiError, ApiProblem
from waybill.client.calls import BeatAnswer
from waybill.delivery.outage import Outage
from waybill.host.world import REAL, World
from waybill.version import VERSION
from waybill_worker.handlers.registry import Registry
from waybill_worker.runs.runs import Runs

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 5.0
RETRY_SECONDS = 1.0
SOON_SECONDS = 0.05
WORKER_GONE = "worker_gone"


class Beats(Protocol):
    """What the heartbeat needs of the client."""

    def beat(self, worker_id: str, beat: Mapping[str, Any]) -> BeatAnswer:
        """Send a heartbeat, and return the answer."""


class Pausable(Protocol):
    """What the heartbeat needs of the dequeuer."""

    @property
    def is_paused(self) -> bool:
        """Whether it takes nothing more."""

    def pause(self) -> None:
        """Take nothing more until `resume`."""

    def resume(self) -> None:
        """Take messages again."""


class Heartbeat:
    """Sends a heartbeat every few seconds, and keeps the routes up to date."""

    def __init__(
        self,
        worker_id: str,
        client: Beats,
        served: Registry,
        runs: Runs,
        slots: int,
        dequeuer: Pausable,
        outage: Outage,
        on_gone: Callable[[], None],
        world: World = REAL,
    ) -> None:
        """Take the parts; `on_gone` is called once the API has declared this worker gone."""
        self._worker_id = worker_id
        self._client = client
        self._served = served
        self._runs = runs
        self._slots = slots
        self._dequeuer = dequeuer
        self._outage = outage
        self._on_gone = on_gone
        self._clock = world.monotonic
        self._stopping = world.event()
        self._hurried = world.event()
        self._has_news = False
        self._host, self._pid = socket.gethostname(), os.getpid()

    def work(self) -> None:
        """Send heartbeats until told to stop, and at once after `hurry`."""
        is_usual = True
        while not self._stopping.is_set():
            pause = INTERVAL_SECONDS if self.beat(is_usual=is_usual) and not self._has_news else RETRY_SECONDS
            is_usual = not self._hurried.wait(pause)
            if not is_usual:
                # Further reasons to hurry are combined.
                self._stopping.wait(SOON_SECONDS)
                self._hurried.clear()

    def hurry(self) -> None:
        """Send a heartbeat at once: the API asked for it, or waits for a run to end."""
        self._hurried.set()

    def stop(self) -> None:
        """Send no more heartbeats."""
        self._stopping.set()
        self._hurried.set()

    def beat(self, *, is_usual: bool = True) -> bool:
        """Send one heartbeat, and return whether the API answered; unless `is_usual`, do not refresh the routes."""
        try:
            if is_usual:
                self._served.refresh()
            self._say()
        except ApiProblem as problem:
            if problem.code == WORKER_GONE:
                self._on_gone()
            else:
                self._outage.began(problem)
            return False
        except ApiError as error:
            self._outage.began(error)
            return False
        self._outage.ended()
        return True

    def _say(self) -> None:
        now = self._clock()
        # Read before the runs: once the dequeuer is paused, no run is added.
        is_paused = self._dequeuer.is_paused
        held = self._runs.held()
        # A run whose claim is under way is unknown to the API, and listed as lost: only granted runs can be lost.
        granted = {run.key: run for run in held if run.task is not None}
        beat = {
            "runs": [
                {"task_id": run.task_id, "run": run.number, "claim": run.claim, "elapsed": round(run.elapsed(now), 3)}
                for run in held
            ],
            "routes": sorted(self._served.routes),
            "handlers": self._served.names,
            "slots": self._slots,
            "host": self._host,
            "pid": self._pid,
            "version": VERSION,
            "draining": is_paused,
        }
        answer = self._client.beat(self._worker_id, beat)
        if answer.drain:
            self._dequeuer.pause()
        else:
            self._dequeuer.resume()
        self._has_news = answer.drain != is_paused
        for key in answer.lost:
            run = granted.get(key)
            if run is not None:
                # A run that has ended meanwhile is not lost: the heartbeat crossed its final report.
                if not run.is_stopped:
                    logger.info("Task %s is no longer run by this worker", run.task_id)
                run.lose()
                self._runs.forget(run)
