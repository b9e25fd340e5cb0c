"""A process of its own for one run: `python -m waybill_worker.isolation DESCRIPTOR WORKER_PID`."""

import ctypes
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from waybill.delivery.spool import Parcel
from waybill.domain.status import ErrorCode
from waybill.host import logs
from waybill.queue.message import Message
from waybill_worker.handlers.catalogue import Catalogue, Sources, catalogue
from waybill_worker.handlers.context import Handler
from waybill_worker.handlers.loading import CannotLoad
from waybill_worker.isolation.channel import Channel, Garbled
from waybill_worker.isolation.memory import bounded
from waybill_worker.runner import runner
from waybill_worker.runner.runner import Runner
from waybill_worker.runs.runs import Run
from waybill_worker.runs.slots import Slots

PR_SET_PDEATHSIG = 1
"""See prctl(2)."""

NO_CLAIM = "0" * 32
"""A placeholder as long as a claim: only the worker knows the claim, and fills it in."""


class Only:
    """A registry that loads only the one handler that the run needs."""

    def __init__(self, name: str | None, sources: Mapping[str, Any]) -> None:
        """Load the handler of this name."""
        places = Sources(tuple(sources["places"]), sources["command"], sources["type"])
        self._catalogue = Catalogue({}) if name is None else catalogue(places, {name}, declares=False)
        declaration = self._catalogue.declaration(name)
        self.memory = None if declaration is None else declaration.memory

    def handler(self, name: str | None) -> Handler | None:
        """Return the handler of this name."""
        return None if name is None else self._catalogue.handlers.get(name)


def main() -> None:
    """Execute the run that the worker sends, in the main thread, and send its reports back."""
    descriptor, worker = map(int, sys.argv[1:])
    _die_with(worker)
    os.set_inheritable(descriptor, False)
    os.umask(0o077)
    channel = Channel(socket.socket(fileno=descriptor))
    order = _order(channel)
    logs.configure(order["log_level"])
    # The worker logs how the run has failed; what is printed here is the run's own log.
    logging.getLogger(runner.__name__).setLevel(logging.ERROR)
    run = Run(Message(order["task_id"], order["run"]), NO_CLAIM, "", time.monotonic())
    run.begin(order["task"], time.monotonic())
    threading.Thread(target=_heed, args=(channel, run), daemon=True).start()

    def put(parcel: Parcel) -> None:
        channel.send({"report": parcel.text, "is_final": parcel.is_final})

    try:
        only = Only(order["task"].get("handler"), order["sources"])
    except CannotLoad as error:
        # The file has changed since the worker has loaded it.
        line, _, trace = str(error).partition("\n")
        parcel = run.fail(ErrorCode.FAILED, line, trace or None)
        if parcel is not None:
            put(parcel)
        return
    channel.send({"begun": True})
    Runner(only, put, Slots(1, lambda: None), counted=lambda task_id: bounded(only.memory)).run(run)


def _die_with(worker: int) -> None:
    """Make the kernel kill this process with its worker; on other systems the end of the channel tells."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != worker:
        os._exit(1)


def _order(channel: Channel) -> dict[str, Any]:
    """Wait for the run, which may come in pieces."""
    while not (messages := channel.receive()):
        if messages is None:
            os._exit(1)
    return messages[0]


def _heed(channel: Channel, run: Run) -> None:
    """Stop the run if the worker asks for it, and end when the worker ends."""
    while True:
        try:
            messages: list[dict[str, Any]] | None = channel.receive()
        except (Garbled, OSError):
            messages = None
        if messages is None:
            os._exit(1)
        if any(message.get("stop") for message in messages):
            run.lose()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    # End at once, without waiting for threads of the handler.
    os._exit(0)
