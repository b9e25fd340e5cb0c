"""The pipeline: services as processes, each of which reads what the one before it writes."""

import contextlib
import json
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from signal import SIGTERM
from typing import IO

from demo.pipeline.work import Parcel
from throwaway.process import environment, module, running
from throwaway.program import CannotGoOn

PATIENCE = 90.0
"""Seconds within which a service delivers its last reports after its input has ended."""


def carry(
    parcels: Sequence[Parcel], count: int, options: Mapping[str, str], log: Path, arrived: Callable[[int], None]
) -> None:
    """Put JSONs into the first service, and wait until all have come out of the last one and every service has ended.

    All services get `options` on their command line; `arrived` is called with the number of JSONs that have come out.
    Raises CannotGoOn if a service fails.
    """
    given = [part for name, value in options.items() for part in (f"--{name}", value)]
    services: list[subprocess.Popen[bytes]] = []
    with contextlib.ExitStack() as stack:
        for position in range(count):
            position_of_all = ["--position", str(position), "--services", str(count)]
            command = module("demo.pipeline.service", *given, *position_of_all)
            before = services[-1].stdout if services else None
            stdin = before or subprocess.PIPE
            started = running(command, log, environment(log.parent), SIGTERM, stdin=stdin, stdout=subprocess.PIPE)
            services.append(stack.enter_context(started).process)
            if before is not None:
                before.close()
        entrance, way_out = services[0].stdin, services[-1].stdout
        threading.Thread(target=_feed, args=[entrance, parcels], name="feeder", daemon=True).start()
        for number, _ in enumerate(way_out or (), start=1):
            arrived(number)
        codes = [process.wait(PATIENCE) for process in services]
    if any(codes):
        raise CannotGoOn(f"services have ended with {codes}\n{log.read_text(errors='replace')[-2_000:]}")


def _feed(entrance: IO[bytes], parcels: Sequence[Parcel]) -> None:
    with contextlib.suppress(BrokenPipeError), entrance:
        for parcel in parcels:
            entrance.write(f"{json.dumps(asdict(parcel))}\n".encode())
