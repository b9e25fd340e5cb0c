"""Fuzz the served API with schemathesis: `python -m proof.fuzz --cases 1000`.

A real API process on a throw-away data directory is tried twice: as the administrator, so that every call is reached,
and without a token. The exit status is 0 where no check of schemathesis failed and the API still serves afterwards.
"""

import argparse
import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from benchmarks.interrupts import raise_once
from throwaway.clone import PYTHONPATH
from waybill.host.starter import bound

START_SECONDS = 60
REQUEST_SECONDS = 30
"""How long one answer may take; the waits that the API offers are bounded by the hooks."""
WORKERS = [f"fuzzed-{number}" for number in range(16)]
BEAT_SECONDS = 3.0


class Api:
    """An API process on a port that was free."""

    def __init__(self, folder: Path) -> None:
        """Start it, and wait until it serves."""
        self._folder = folder
        self._log = folder / "api.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
        environment |= {
            "WAYBILL_PORT": "0",
            "WAYBILL_DATA_DIR": str(folder / "data"),
            "PYTHONPATH": PYTHONPATH,
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                bound([sys.executable, "-m", "waybill_api"]),
                env=environment,
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        first = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not first.startswith("ready on "):
            self.stop()
            raise SystemExit(f"the API does not start:\n{self.log}")
        self.url = first.split()[2]

    @property
    def token(self) -> str:
        """The administrator's."""
        return (self._folder / "data" / "admin.token").read_text().strip()

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text(errors="replace")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Make a call as the administrator, which must succeed, and return the answer's JSON."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(method, self.url + path, json=body, headers=headers, timeout=START_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def stop(self) -> int:
        """Stop it, and return its exit status."""
        self._process.terminate()
        try:
            return self._process.wait(START_SECONDS)
        finally:
            self._process.kill()


@contextlib.contextmanager
def serving() -> Iterator[tuple[Api, Path]]:
    """Serve from a throw-away folder."""
    with tempfile.TemporaryDirectory(prefix="waybill-fuzz-") as folder:
        api = Api(Path(folder))
        try:
            yield api, Path(folder)
        finally:
            api.stop()


def seed(api: Api) -> list[str]:
    """Fill the store with tasks in every status, and return their ids."""
    for name in ("resize", "parcel"):
        handler = "sleep" if name == "resize" else None
        api.call("POST", "/task-types", {"name": name, "handler": handler, "processing_time": 5})
    wishes = [{"name": f"task {number}", "type": ("resize", "parcel")[number % 2]} for number in range(200)]
    task_ids: list[str] = api.call("POST", "/tasks/batch", {"tasks": wishes})["task_ids"]
    for number, task_id in enumerate(task_ids):
        if number % 10 in (1, 3):
            api.call("PATCH", f"/tasks/{task_id}", {"status": number % 10})
        elif number % 10 in (4, 5, 6, 7):
            api.call("POST", f"/tasks/{task_id}/cancel")
    return task_ids


def cursor(api: Api) -> str:
    """Return a cursor that leads on in the list of tasks."""
    answer = requests.get(f"{api.url}/tasks", params={"limit": 10}, timeout=START_SECONDS)
    return parse_qs(urlsplit(answer.links["next"]["url"]).query)["cursor"][0]


@contextlib.contextmanager
def beating(api: Api) -> Iterator[None]:
    """Have some workers that live: they beat, take nothing, and are there to be drained and resumed."""
    over = threading.Event()

    def beat() -> None:
        while True:
            for worker_id in WORKERS:
                # Whether the API still serves is asked for in the end.
                with contextlib.suppress(requests.RequestException):
                    api.call("POST", f"/workers/{worker_id}/heartbeat", {"slots": 1})
            if over.wait(BEAT_SECONDS):
                return

    thread = threading.Thread(target=beat, name="beats")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def fuzz(api: Api, folder: Path, cases: int, headers: Mapping[str, str]) -> list[str]:
    """Run schemathesis, and return what is wrong."""
    known = {"task_ids": seed(api), "cursor": cursor(api), "workers": WORKERS}
    paths = requests.get(f"{api.url}/api/openapi.json", timeout=START_SECONDS).json()["paths"]
    each = math.ceil(cases / sum(len(methods) for methods in paths.values()))
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{api.url}/api/openapi.json"]
    command += ["--checks", "all", "--max-examples", str(each), "--request-timeout", str(REQUEST_SECONDS)]
    command += ["--generation-database", "none", "--continue-on-failure"]
    command += [option for name, value in headers.items() for option in ("--header", f"{name}: {value}")]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("hooks.py")),
        "FUZZ_KNOWN": json.dumps(known),
    }
    wrong = []
    with beating(api):
        status = subprocess.run(bound(command), env=environment, cwd=folder, check=False).returncode
    if status:
        wrong.append(f"schemathesis exits with {status}")
    if requests.get(f"{api.url}/readyz", timeout=START_SECONDS).status_code != 200:
        wrong.append("the API does not serve any more")
    if "Traceback" in api.log or " ERROR " in api.log or " CRITICAL " in api.log:
        wrong.append(f"the API has logged an error:\n{api.log[-5_000:]}")
    return wrong


def main() -> int:
    """Fuzz as the administrator and as anybody; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m proof.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000, help="how many requests to draw, beside the fixed ones")
    cases = parser.parse_args().cases
    raise_once()
    # All requests go to this machine, so no proxy may be used.
    os.environ["NO_PROXY"] = "*"
    wrong: list[str] = []
    for name in ("the administrator", "anybody"):
        print(f"== Fuzzing as {name}", flush=True)
        with serving() as (api, folder):
            headers = {"Authorization": f"Bearer {api.token}"} if name == "the administrator" else {}
            wrong += [f"as {name}: {one}" for one in fuzz(api, folder, cases, headers)]
    for one in wrong:
        print(one, file=sys.stderr)
    print(json.dumps({"cases": 2 * cases, "wrong": len(wrong)}))
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
