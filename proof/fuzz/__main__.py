"""Fuzz the served API with schemathesis: `python -m proof.fuzz --cases 1000`.

It tries a real API process twice, each time with a new data directory: as the administrator, which reaches every call,
and without a token. The exit status is 0 if no check of schemathesis fails and the API still serves afterwards.
"""

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from signal import SIGTERM
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from throwaway import program
from throwaway.installation import Installation
from throwaway.process import Process
from throwaway.program import complain, say
from waybill.host.starter import bound

CALL_SECONDS = 60
REQUEST_SECONDS = 30
"""Seconds that one answer may take; the hooks keep the waits of long polls shorter."""
WORKERS = [f"fuzzed-{number}" for number in range(16)]
BEAT_SECONDS = 3.0


def call(api: Installation, method: str, path: str, body: object = None) -> Any:
    """Make a call as the administrator, which must succeed, and return the answer's JSON."""
    headers = {"Authorization": f"Bearer {api.token('admin')}"}
    answer = requests.request(method, api.url + path, json=body, headers=headers, timeout=CALL_SECONDS)
    answer.raise_for_status()
    return answer.json()


def seed(api: Installation) -> list[str]:
    """Fill the store with tasks in every status, and return their ids."""
    for name in ("resize", "parcel"):
        handler = "sleep" if name == "resize" else None
        call(api, "POST", "/task-types", {"name": name, "handler": handler, "processing_time": 5})
    wishes = [{"name": f"task {number}", "type": ("resize", "parcel")[number % 2]} for number in range(200)]
    task_ids: list[str] = call(api, "POST", "/tasks/batch", {"tasks": wishes})["task_ids"]
    for number, task_id in enumerate(task_ids):
        if number % 10 in (1, 3):
            call(api, "PATCH", f"/tasks/{task_id}", {"status": number % 10})
        elif number % 10 in (4, 5, 6, 7):
            call(api, "POST", f"/tasks/{task_id}/cancel")
    return task_ids


def cursor(api: Installation) -> str:
    """Return the cursor of the second page of tasks."""
    answer = requests.get(f"{api.url}/tasks", params={"limit": 10}, timeout=CALL_SECONDS)
    return parse_qs(urlsplit(answer.links["next"]["url"]).query)["cursor"][0]


@contextlib.contextmanager
def beating(api: Installation) -> Iterator[None]:
    """Keep some workers alive by their heartbeats, so that calls can drain and resume them; they take no tasks."""
    over = threading.Event()

    def beat() -> None:
        while True:
            for worker_id in WORKERS:
                # The end of the run checks whether the API still serves.
                with contextlib.suppress(requests.RequestException):
                    call(api, "POST", f"/workers/{worker_id}/heartbeat", {"slots": 1})
            if over.wait(BEAT_SECONDS):
                return

    thread = threading.Thread(target=beat, name="beats")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def fuzz(api: Installation, process: Process, cases: int, headers: Mapping[str, str]) -> list[str]:
    """Run schemathesis, and return what is wrong."""
    known = {"task_ids": seed(api), "cursor": cursor(api), "workers": WORKERS}
    paths = requests.get(f"{api.url}/api/openapi.json", timeout=CALL_SECONDS).json()["paths"]
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
        status = subprocess.run(bound(command), env=environment, cwd=api.folder, check=False).returncode
    if status:
        wrong.append(f"schemathesis exits with {status}")
    if requests.get(f"{api.url}/readyz", timeout=CALL_SECONDS).status_code != 200:
        wrong.append("the API does not serve any more")
    log = process.read()
    if "Traceback" in log or " ERROR " in log or " CRITICAL " in log:
        wrong.append(f"the API has logged an error:\n{log[-5_000:]}")
    return wrong


def main() -> int:
    """Do what the arguments say, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m proof.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000, help="how many requests to draw, beside the fixed ones")
    cases = parser.parse_args().cases
    # All requests go to this machine, so no proxy may be used.
    os.environ["NO_PROXY"] = "*"
    return program.run(lambda: _main(cases))


def _main(cases: int) -> int:
    """Fuzz as the administrator and without a token."""
    wrong: list[str] = []
    for name in ("the administrator", "anybody"):
        say(f"== Fuzzing as {name}")
        with tempfile.TemporaryDirectory(prefix="waybill-fuzz-") as folder:
            api = Installation(Path(folder))
            with api.run_api(ending=SIGTERM) as process:
                headers = {"Authorization": f"Bearer {api.token('admin')}"} if name == "the administrator" else {}
                wrong += [f"as {name}: {one}" for one in fuzz(api, process, cases, headers)]
    for one in wrong:
        complain(one)
    say(json.dumps({"cases": 2 * cases, "wrong": len(wrong)}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
