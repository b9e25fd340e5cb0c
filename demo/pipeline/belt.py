"""The pipeline: services as processes, each of which reads what the one before it writes."""

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO

from demo.pipeline.work import Parcel
from demo.throwaway import DemoError, environment_of_ours, service

PATIENCE = 90.0
"""Seconds within which a service has reported all that it has to, once nothing comes in any more."""


def carry(
    parcels: Sequence[Parcel], count: int, options: Mapping[str, str], log: Path, arrived: Callable[[int], None]
) -> None:
    """Put JSONs in at the one end and wait until all have come out at the other, and every service has ended.

    `options` are what all services get on their command line; `arrived` is told how many have come out. Raises
    DemoError where a service fails.
    """
    given = [part for name, value in options.items() for part in (f"--{name}", value)]
    services: list[subprocess.Popen[bytes]] = []
    with contextlib.ExitStack() as stack:
        for position in range(count):
            arguments = ["demo.pipeline.service", *given, "--position", str(position), "--services", str(count)]
            before = services[-1].stdout if services else None
            started = service(
                arguments, environment_of_ours(os.environ), log, stdin=before or subprocess.PIPE, stdout=subprocess.PIPE
            )
            services.append(stack.enter_context(started))
            if before is not None:
                before.close()
        entrance, way_out = services[0].stdin, services[-1].stdout
        threading.Thread(target=_feed, args=[entrance, parcels], name="feeder", daemon=True).start()
        for number, _ in enumerate(way_out or (), start=1):
            arrived(number)
        codes = [process.wait(PATIENCE) for process in services]
    if any(codes):
        raise DemoError(f"services have ended with {codes}\n{log.read_text(errors='replace')[-2_000:]}")


def _feed(entrance: IO[bytes], parcels: Sequence[Parcel]) -> None:
    with contextlib.suppress(BrokenPipeError), entrance:
        for parcel in parcels:
            entrance.write(f"{json.dumps(asdict(parcel))}\n".encode())
