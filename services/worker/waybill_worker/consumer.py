"""The composition root of the worker: what is built, in which order it starts, and in which it stops."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

from waybill import installation
from waybill.delivery.courier import Courier
from waybill.delivery.leftovers import identify
from waybill.delivery.outage import Outage
from waybill.host import os_error
from waybill.host.logs import shortened
from waybill.host.ownership import check_access, hand_over
from waybill.queue import bare_huey  # noqa: F401 - before anything of Huey
from waybill.queue.errors import QueueUnavailable, QueueUnusable
from waybill.settings import Settings
from waybill_worker.adoption import PREFIX, Adoption
from waybill_worker.dequeuer import Dequeuer
from waybill_worker.exit import CannotStart, Exit
from waybill_worker.farewell import FAREWELL_TIMEOUT, leave
from waybill_worker.handlers.registry import Registry
from waybill_worker.heartbeat import Heartbeat
from waybill_worker.isolation.isolation import Isolation
from waybill_worker.log_sender import LogSender
from waybill_worker.outside import REAL, Outside
from waybill_worker.process.code import Code
from waybill_worker.process.offspring import MARK
from waybill_worker.process.printed import Printed
from waybill_worker.provision import provide
from waybill_worker.runner.runner import Runner
from waybill_worker.runner.runner_threads import RunnerThreads
from waybill_worker.runs.runs import Run, Runs
from waybill_worker.runs.slots import Slots
from waybill_worker.runs.watchdog import Watchdog

logger = logging.getLogger(__name__)

TIMEOUT = (3.05, 10.0)
FAREWELL_SECONDS = 1.5
"""Seconds for the last reports after the drain: honcho kills after 5 s, and the drain takes 3 of them."""

LOG_SECONDS = 1.0
"""Seconds for the last logs of runs, while the last reports are delivered."""

ENDING_SECONDS = 10.0
"""Seconds from the end of the drain until the process is ended by force; a normal end takes at most 6."""

RELOAD_SECONDS = 3.0
"""Seconds that the runs may take to end once the handlers have changed."""

TICK_SECONDS = 0.25
HEALTH_SECONDS = 10.0


class Worker:
    """One worker process, under an id of its own."""

    def __init__(
        self,
        settings: Settings,
        outside: Outside = REAL,
        on_ending: Callable[[Exit], None] = lambda ending: None,
        are_descriptors_gone: Callable[[], bool] = lambda: False,
        printed: Printed | None = None,
        code: Code | None = None,
    ) -> None:
        """Load the handlers, and build everything; then the lock on the lock file is taken before anything else.

        `on_ending` is called when the end begins, and `are_descriptors_gone` several times a second. `printed` decides
        what is passed on of the output of handlers. If `code` is given, the worker ends once that has changed. Raises
        CannotStart and CannotLoad.
        """
        self._printed = printed or Printed(outside.monotonic)
        self._code = code
        self._catalogue = provide(settings, outside)
        if code is not None:
            code.note()
        try:
            check_access((settings.queue_db, settings.spool_dir, settings.doorbell_dir))
            self._build(settings, outside)
            hand_over(settings.data_dir, settings.files())
        except OSError as error:
            raise CannotStart(
                f"a worker cannot start in {settings.data_dir}: {os_error.told(error)}",
                2 if os_error.needs_a_person(error) else 1,
            ) from None
        except QueueUnusable as error:
            raise CannotStart(str(error), 2) from None
        except QueueUnavailable as error:
            raise CannotStart(f"a worker cannot start in {settings.data_dir}: {error}") from None
        self._on_ending = on_ending
        self._are_descriptors_gone = are_descriptors_gone

    def _build(self, settings: Settings, outside: Outside) -> None:
        settings.make_data_dir()
        self._settings = settings
        self._clock = clock = outside.monotonic
        self._ring_all = outside.ring_all
        self.id, self._lock = identify(settings.spool_dir, PREFIX, outside)
        self._endings: SimpleQueue[Exit] = outside.queue()
        self._signals = outside.signals(lambda: self._endings.put(Exit.STOPPED))
        self._granted: SimpleQueue[Run | None] = outside.queue()
        self._client = outside.client(
            settings.base_url,
            lambda: _read_token(settings.worker_token_file),
            TIMEOUT,
            partial(installation.known, settings.installation_file),
        )
        self._spool = outside.spool(settings.spool_dir / f"{self.id}.db")
        self._bell = outside.doorbell(settings.doorbell_dir / self.id, self._hurry)
        self._queue = outside.open_queue(settings.queue_location)
        outage = Outage(settings.base_url, outside)
        self._runs = runs = Runs(self.id, outside, isolates=settings.worker_children > 0, on_left=self._hurry)
        self._slots = Slots(settings.worker_slots, self._bell.ring, settings.reserve, outside)
        registry, programs = Registry(self._client, self._catalogue, outside), self._catalogue.programs
        self._reporter = outside.reporter(Courier(self._client, clock), self._spool, runs, outage, outside)
        self._logs = LogSender(self._client.put_run_logs, outside)
        self._surroundings = outside.surroundings({MARK: self.id})
        self._runner = Runner(
            registry,
            self._reporter.put,
            self._slots,
            self._surroundings.restore,
            lambda run: self._printed.counted(run.task_id, run.log.take),
            on_left=self._left,
            world=outside,
        )
        self._runners = RunnerThreads(self._granted, self._runner, self._slots.total, outside, outside.consumer)
        self._isolation = Isolation(
            settings.worker_children,
            lambda run: outside.child(run, self._catalogue.sources(run.handler)),
            self._granted.put,
            self._reporter.put,
            self._left,
            self._slots,
            outside,
            self._bell.ring,
        )
        self._watchdog = Watchdog(self._runner, self._isolation, self._reporter.put, self._runners.replace, clock=clock)
        self._dequeuer = Dequeuer(
            self._queue,
            self._client,
            registry,
            self._slots,
            runs,
            self._bell,
            self._start,
            outage,
            outside,
            lambda: self._isolation.room - sum(run.handler in programs and not run.is_over for run in runs.held()),
        )
        self._heartbeat = Heartbeat(
            self.id,
            self._client,
            registry,
            runs,
            self._slots.total,
            self._dequeuer,
            outage,
            lambda: self._endings.put(Exit.GIVEN_UP),
            outside,
        )
        self._adoption = Adoption(self._client, settings.spool_dir, settings.doorbell_dir, outside, outside.end_orphans)
        self._threads = {
            name: outside.thread(target=work, name=name, daemon=True)
            for name, work in (
                ("reporter", self._reporter.work),
                ("logs", self._logs.work),
                ("heartbeat", self._heartbeat.work),
                ("adoption", self._adoption.work),
                ("dequeuer", self._dequeuer.work),
                ("isolation", self._isolation.work),
            )
        }

    def run(self) -> Exit:
        """Work until a signal comes or something breaks, and return why it ends. Raises CannotStart."""
        self._start_runners()
        self._signals.take()
        for thread in self._threads.values():
            thread.start()
        self._printed.spare()
        names = shortened(", ".join(sorted(self._catalogue.handlers)) or "it has no handlers")
        logger.info("Worker %s serves %s with %d slots: %s", self.id, self._settings.base_url, self._slots.total, names)
        ending = self._watch()
        self._on_ending(ending)
        if ending is not Exit.GIVEN_UP:
            seconds = self._settings.drain_seconds
            self._drain(min(RELOAD_SECONDS, seconds) if ending is Exit.RELOADED else seconds)
        self._part(ending)
        if ending is Exit.RELOADED:
            ending = self._last_wish()
        logger.info("Worker %s has ended: %s", self.id, ending.name.lower())
        return ending

    def _start_runners(self) -> None:
        try:
            self._runners.start()
        except RuntimeError as error:
            self._bell.close()
            self._lock.release(unlink=True)
            raise CannotStart(
                f"a worker with WAYBILL_WORKER_SLOTS={self._slots.total} needs as many threads, and there are not "
                f"so many ({error}): choose fewer slots, or allow this user more processes (ulimit -u)"
            ) from None

    def _start(self, run: Run) -> None:
        """Hand a granted run to a runner, or to isolation if it is a suspect or its handler asks for that."""
        self._logs.follow(run)
        is_apart = run.handler in self._catalogue.isolating
        if is_apart or (run.is_suspect and self._isolation.is_possible):
            self._isolation.admit(run, is_apart=is_apart)
        else:
            self._granted.put(run)

    def _left(self, run: Run) -> None:
        """Note that the handler of a run has ended."""
        self._runs.leave(run)
        self._logs.finish(run)
        if run.handler in self._catalogue.programs:
            self._bell.ring()

    def _hurry(self) -> None:
        """Send a heartbeat at once."""
        self._heartbeat.hurry()

    def _watch(self) -> Exit:
        """Watch runs and threads until there is a reason to end."""
        healthy_at = self._clock()
        is_retiring = False
        while True:
            try:
                return self._endings.get(timeout=TICK_SECONDS)
            except Empty:
                self._signals.hold()
                self._surroundings.hold()
            if self._watchdog.look() and not is_retiring:
                is_retiring = True
                logger.critical(
                    "Worker %s retires, since too many handlers do not end: it takes no more tasks", self.id
                )
                self._dequeuer.retire()
            if is_retiring and self._dequeuer.is_paused and self._slots.wait_idle(0) and self._isolation.wait_idle(0):
                return Exit.BROKEN
            self._lock.renew()
            if self._are_descriptors_gone():
                return Exit.STARVED
            if self._code is not None and self._code.has_changed():
                return Exit.RELOADED
            for name, thread in self._threads.items():
                if not thread.is_alive():
                    logger.critical("The thread %s died", name)
                    return Exit.BROKEN
            if self._clock() - healthy_at > HEALTH_SECONDS:
                healthy_at = self._clock()
                self._runners.look_after()

    def _last_wish(self) -> Exit:
        """Return STOPPED if a signal has come while the worker parted to start again; from now on signals end it."""
        self._signals.release()
        while not self._endings.empty():
            if self._endings.get() is Exit.STOPPED:
                return Exit.STOPPED
        return Exit.RELOADED

    def _drain(self, seconds: float) -> None:
        """Take no more tasks, and give the runs `seconds` to end."""
        logger.info("Worker %s takes no more tasks and lets %d runs end", self.id, self._slots.total - self._slots.free)
        self._dequeuer.stop()
        deadline = self._clock() + seconds
        # A run that is being claimed runs too.
        self._threads["dequeuer"].join(max(FAREWELL_SECONDS, seconds))
        self._slots.wait_idle(max(0.0, deadline - self._clock()))
        self._isolation.wait_idle(max(0.0, deadline - self._clock()))
        self._ring_all(self._settings.doorbell_dir)

    def _part(self, ending: Exit) -> None:
        """Release what still runs, deliver the last reports, and leave only what another worker must finish."""
        for run in self._runner.executing():
            run.lose()
        self._isolation.close()
        self._runners.stop()
        self._reporter.close(0 if ending is Exit.GIVEN_UP else FAREWELL_SECONDS)
        self._logs.close(0 if ending is Exit.GIVEN_UP else LOG_SECONDS)
        self._threads["reporter"].join(FAREWELL_SECONDS + FAREWELL_TIMEOUT[1])
        self._threads["logs"].join(LOG_SECONDS)
        self._heartbeat.stop()
        self._adoption.stop()
        self._bell.close()
        if not self._threads["reporter"].is_alive() and ending is not Exit.GIVEN_UP:
            leave(self.id, self._client, self._spool, self._lock, is_done=not self._reporter.undelivered)


def _read_token(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None
