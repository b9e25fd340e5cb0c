"""The reporter: delivers what a service reports on tasks, also across downtime of the API."""

import atexit
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from waybill.client.calls import Answer, Calls
from waybill.clock import LogicalClock
from waybill.delivery.courier import Courier
from waybill.delivery.delivery import Closed, Delivery
from waybill.delivery.leftovers import DAMAGED, identify
from waybill.delivery.outage import Outage
from waybill.delivery.spool import Parcel, Spool
from waybill.delivery.verdict import Verdict
from waybill.domain.status import Outcome
from waybill.encoding import encoded
from waybill.host.damage import is_damage
from waybill.inheritance import Inheritance
from waybill.received import Received

logger = logging.getLogger(__name__)

UNKNOWN_SECONDS = 60.0
"""For how long a report on a task that the API does not know is retried: the task may be created later."""

TIMEOUT = (3.05, 10.0)
FAREWELL_SECONDS = 5.0
PAUSE_SECONDS = 1.0

PREFIX = "r"
"""The prefix of the spools' names."""


class Reporter:
    """Takes reports from any number of threads, and delivers them from a thread of its own.

    Reports that gather during a request go into the next one. While the API is down they are kept in `spool`, a folder
    that only this service uses; what a process leaves there, the next process delivers first. The reports of a process
    on one task arrive in order.

    At most 10,000 reports and 16 MiB wait in memory. If there is no room, a call waits for up to `wait_seconds` (by
    default for as long as it takes), and then raises Full.

    A report on a task that the API does not know is retried for 60 s; later reports on the same task wait for it. A
    report that is invalid or refused is logged, and kept in the table `dead_letters` of the spool's file.

    Create it after any fork: threads and locks stay with the process that created them.
    """

    def __init__(
        self,
        base_url: str,
        token: Callable[[], str | None] | str | None = None,
        *,
        source: str,
        spool: Path | str,
        wait_seconds: float | None = None,
        unknown_seconds: float = UNKNOWN_SECONDS,
    ) -> None:
        """Take the API's address, the reporter's token (or a function that reads it), and the name of this service.

        Replicas that do not share the folder each need a `source` of their own. Raises OSError if the folder cannot be
        made.
        """
        self.source = source
        self._wait_seconds = wait_seconds
        folder = Path(spool)
        self._clock = LogicalClock(folder / "clock")
        self._name, self._lock = identify(folder, PREFIX)
        self._spool = Spool(folder / f"{self._name}.db")
        self._delivery = Delivery(
            Courier(Calls(base_url, token, TIMEOUT)),
            self._spool,
            _judge,
            Outage(base_url),
            patience=unknown_seconds,
        )
        self._delivery.run_first(Inheritance(folder, PREFIX, self._delivery.pass_on))
        self._process = os.getpid()
        self._closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._work, name=f"reporter {source}", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def received(
        self,
        *seqs: int,
        task_id: object = None,
        type: str | None = None,
        external_key: str | None = None,
        attempt: int | None = None,
    ) -> Received:
        """Return what reports on received data; of several numbers (a join) the highest counts.

        Name the task by its id, or by its type and your own key. Give no number if the data begins here. Raises
        ValueError unless the task is named in exactly one way.
        """
        named = _named(task_id, type, external_key)
        about = named if attempt is None else named | {"attempt": attempt}

        def say(seq: int, said: Any) -> int:
            number = self._clock.tick(seq)
            self._put(about | {"seq": number} | said)
            return number

        return Received(say, max(seqs, default=0))

    def report(
        self, *, task_id: object = None, type: str | None = None, external_key: str | None = None, **said: Any
    ) -> None:
        """Send one report with any fields; without `seq` it counts in the order of arrival.

        Raises ValueError unless the task is named in exactly one way, and if a value is not JSON or is too large.
        """
        self._put(_named(task_id, type, external_key) | said)

    def flush(self, timeout: float) -> bool:
        """Wait for up to `timeout` seconds until all is delivered or a dead letter; return whether it is."""
        return self._delivery.flush(timeout)

    def close(self, timeout: float = FAREWELL_SECONDS) -> bool:
        """Deliver for up to `timeout` seconds; return whether nothing is left for the next process."""
        if self._process != os.getpid():
            return False
        with self._closing:
            if not self._closed:
                self._closed = True
                atexit.unregister(self.close)
                self._delivery.close(timeout)
                self._thread.join(timeout + sum(TIMEOUT))
                self._leave()
        return not self._delivery.undelivered

    def _leave(self) -> None:
        """Remove all files but those that another process has to deliver."""
        if self._thread.is_alive():
            return
        try:
            if self._delivery.undelivered:
                self._spool.close()
            else:
                self._spool.discard()
        except sqlite3.Error:
            self._spool.close()
        self._lock.release(unlink=not self._spool.path.exists())

    def _put(self, report: dict[str, Any]) -> None:
        if self._closed or self._process != os.getpid():
            raise Closed("this reporter was closed, or made by another process before a fork")
        text = encoded({"source": self.source, **report})
        self._delivery.put(Parcel(_task(report), 0, False, text), patience=self._wait_seconds)

    def _work(self) -> None:
        complaint = ""
        while True:
            try:
                return self._delivery.work()
            except sqlite3.DatabaseError as error:
                if is_damage(error):
                    logger.error("The spool %s is damaged and set aside: %s", self._spool.path, error)
                    self._spool.set_aside(DAMAGED)
                    self._delivery.lose_spool()
                elif str(error) != complaint:
                    logger.error("The spool %s cannot be used; retrying: %s", self._spool.path, error)
                    complaint = str(error)
                time.sleep(PAUSE_SECONDS)
            except BaseException:
                # Raise in the callers: there will never be room again.
                self._closed = True
                self._delivery.close(0)
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _judge(parcel: Parcel, answer: Answer) -> Verdict:
    if answer.outcome is Outcome.UNKNOWN:
        return Verdict.LATER
    return Verdict.DONE if answer.outcome.is_acknowledged else Verdict.SET_ASIDE


def _named(task_id: object, type_name: str | None, external_key: str | None) -> dict[str, Any]:
    if task_id is not None and type_name is None and external_key is None:
        return {"task_id": str(task_id)}
    if task_id is None and type_name is not None and external_key is not None:
        return {"type": type_name, "external_key": external_key}
    raise ValueError("name the task by task_id, or by type and external_key")


def _task(report: dict[str, Any]) -> str:
    """Return what identifies the task, so that its reports stay in order."""
    return str(report["task_id"]) if "task_id" in report else f"{report['type']}/{report['external_key']}"
