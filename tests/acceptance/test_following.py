"""Whoever follows the history misses nothing and sees nothing twice, though the API is killed."""

import contextlib
import signal
import threading
from collections.abc import Iterator

import requests

from tests.acceptance.instance import Instance, wait_until

ROUNDS = 3
TASKS = 150


class Follower(threading.Thread):
    """Follows all events as a browser does: it comes back with the last id that it was given."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.seen: list[int] = []
        self._url = url
        self._last = "0"
        self._stopping = False

    def run(self) -> None:
        while not self._stopping:
            with contextlib.suppress(requests.RequestException):
                block: dict[str, str] = {}
                for line in self._lines():
                    name, _, value = line.partition(": ")
                    if line:
                        block[name] = value
                    elif block:
                        self._take(block)
                        block = {}

    def stop(self) -> None:
        self._stopping = True

    def _take(self, block: dict[str, str]) -> None:
        """Take in a block that has come whole."""
        self._last = block["id"]
        if "data" in block:
            self.seen.append(int(self._last))

    def _lines(self) -> Iterator[str]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": self._last}
        with requests.get(f"{self._url}/events", headers=headers, stream=True, timeout=(5, 60)) as answer:
            yield from answer.iter_lines(chunk_size=1, decode_unicode=True)


def test_a_follower_sees_every_event_once_across_crashes_of_the_api(instance: Instance) -> None:
    api = instance.start_api()
    follower = Follower(instance.url)
    follower.start()
    for _ in range(ROUNDS):
        instance.create_many(TASKS, processing_time=1)
        seen = len(follower.seen)
        wait_until(lambda: len(follower.seen) > seen, "some events")  # noqa: B023 - used at once
        api.kill()
        api = instance.start_api()
    instance.create(1)
    wanted = [event["event_id"] for event in instance.get("/events")]
    assert len(wanted) == ROUNDS * TASKS + 1
    wait_until(lambda: len(follower.seen) >= len(wanted), "every event")
    follower.stop()
    assert follower.seen == wanted
    assert api.stop(signal.SIGTERM) == 0
    assert "cut off" not in api.read()
    assert "Traceback" not in api.read()
