"""One service of the pipeline, as a process: `python -m demo.pipeline.service --help`.

It reads JSONs from its standard input, works on several at once in the background, reports three times on each, and
writes them, enriched, to its standard output. So a JSON may overtake another, and its reports may overtake each other.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from demo.pipeline.work import TYPE, Parcel, enriched, names, pauses
from waybill import Received, Reporter
from waybill.domain.status import Status

THREADS = 8
FAREWELL_SECONDS = 60.0
"""Seconds for the delivery of the last reports, over a network that harms half of all requests."""


class Service:
    """One service: it works on each JSON and reports on it."""

    def __init__(self, position: int, services: Sequence[str], seed: int, reporter: Reporter) -> None:
        """Take the position of this service among `services`, counted from 0."""
        self._name = services[position]
        self._position = position
        self._count = len(services)
        self._seed = seed
        self._reporter = reporter

    def handle(self, parcel: Parcel) -> Parcel:
        """Work on a JSON, report on it, and return it enriched."""
        before, after = pauses(self._seed, self._name, parcel.key)
        received = self._reporter.received(parcel.seq, type=TYPE, external_key=parcel.key)
        self._report(received, parcel, 0.0)
        time.sleep(before)
        self._report(received, parcel, 0.5)
        time.sleep(after)
        done = replace(parcel, metadata=enriched(parcel.metadata, self._name, parcel.key))
        self._report(received, done, 1.0)
        return replace(done, seq=received.seq)

    def _report(self, received: Received, parcel: Parcel, share: float) -> None:
        """Report the share (0 to 1) that this service has done of a JSON, and all its metadata.

        The naive tracker has one column for all metadata, so each report must contain all of it.
        """
        ends = share == 1.0 and self._position == self._count - 1
        received.say(
            status=int(Status.COMPLETED if ends else Status.PROCESSING),
            stage=self._name,
            progress=round((self._position + share) / self._count, 4),
            metadata=parcel.metadata,
            **({"result": {**parcel.document, **parcel.metadata}} if ends else {}),
        )


def main() -> None:
    """Serve until the input ends and all reports are delivered."""
    arguments = _arguments()
    services = names(arguments.services)
    name = services[arguments.position]
    token = Path(arguments.token_file).read_text().strip()
    reporter = Reporter(arguments.url, token, source=name, spool=Path(arguments.spools, name))
    writing = threading.Lock()
    with ThreadPoolExecutor(THREADS) as threads:
        service = Service(arguments.position, services, arguments.seed, reporter)

        def pass_along(line: str) -> None:
            text = json.dumps(asdict(service.handle(Parcel(**json.loads(line)))))
            with writing:
                print(text, flush=True)

        for done in [threads.submit(pass_along, line) for line in sys.stdin]:
            done.result()
    if not reporter.close(FAREWELL_SECONDS):
        sys.exit("not all reports could be delivered")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo.pipeline.service")
    parser.add_argument("--url", required=True, help="where reports go")
    parser.add_argument("--token-file", required=True, help="where the token for reports lies")
    parser.add_argument("--spools", required=True, help="the folder for what cannot be delivered at once")
    parser.add_argument("--position", type=int, required=True, help="which of the services this is, from 0")
    parser.add_argument("--services", type=int, required=True, help="how many there are")
    parser.add_argument("--seed", type=int, required=True, help="decides how long the work takes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
