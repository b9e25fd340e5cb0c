"""Both services are replaced again and again while clients go on creating tasks: nobody notices but for a moment."""

import http.client
import json
import sys
import threading
import time
from http import HTTPStatus

import pytest

from tests.acceptance.instance import Instance, Service, wait_until

ROUNDS = 2
EVERY = 0.04
"""Seconds from one create to the next."""
REPLACED_EVERY = 1.5
BODY = json.dumps({"name": "r", "processing_time": 0})


class Client(threading.Thread):
    """Creates tasks at a steady pace, each by a connection of its own; one that is refused is tried again."""

    def __init__(self, port: int) -> None:
        """Take the port of the API."""
        super().__init__(daemon=True)
        self._port = port
        self._stopping = threading.Event()
        self.kept: list[str] = []
        self.broken: list[str] = []
        """What went wrong after a connection was made."""
        self.refused: list[float] = []
        """Seconds of each gap in which nobody listened."""

    def run(self) -> None:
        """Create until told to stop."""
        refused_since: float | None = None
        while not self._stopping.wait(EVERY):
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            try:
                connection.request("POST", "/tasks", BODY, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
            except ConnectionRefusedError:
                refused_since = refused_since or time.monotonic()
                continue
            except (http.client.HTTPException, OSError) as error:
                self.broken.append(repr(error))
                continue
            finally:
                connection.close()
            if refused_since is not None:
                self.refused.append(time.monotonic() - refused_since)
                refused_since = None
            if answer.status == HTTPStatus.CREATED:
                self.kept.append(json.loads(text)["task_id"])
            else:
                self.broken.append(f"{answer.status} {text!r}")

    def stop(self) -> None:
        """End, after the create that is under way."""
        self._stopping.set()
        self.join()


def replace_api(instance: Instance, api: Service) -> Service:
    """Start the next API, which waits for the lock, and stop the present one; return the next once it serves."""
    following = instance.start("api", sys.executable, "-m", "waybill_api")
    time.sleep(REPLACED_EVERY)
    assert api.stop() == 0
    wait_until(lambda: "ready on" in following.read(), "the next API")
    return following


def replace_worker(instance: Instance, worker: Service) -> Service:
    """Start the next worker, and stop the present one once that serves; return the next."""
    following = instance.start_worker()
    wait_until(lambda: "serves" in following.read(), "the next worker")
    assert worker.stop() == 0
    return following


@pytest.mark.slow
def test_services_are_replaced_under_load_and_no_task_fails_or_runs_twice(instance: Instance) -> None:
    api, worker = instance.start_api(), instance.start_worker()
    client = Client(instance.port)
    client.start()
    for _ in range(ROUNDS):
        api = replace_api(instance, api)
        worker = replace_worker(instance, worker)
    client.stop()
    print(f"{len(client.kept)} tasks; nobody listened for up to {max(client.refused, default=0):.2f} s")  # noqa: T201
    assert client.broken == []
    assert len(client.kept) > ROUNDS * 10
    tasks = instance.ended(client.kept)
    assert {(task["status"], task["run"], task["attempt"]) for task in tasks.values()} == {(3, 1, 1)}
