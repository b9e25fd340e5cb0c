"""A disk without room: creates are refused with 507, nothing that was acknowledged is lost, and it heals by itself."""

import os
import subprocess
import sys
from pathlib import Path

import requests

from tests.acceptance.instance import Instance, Service, wait_until
from tests.needs import MOUNTS, lack

SIZE = "8m"
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-euc"]


class SmallDisk:
    """A tmpfs of a few megabytes in the place of the data directory; only the services see it."""

    def __init__(self, instance: Instance) -> None:
        """Start an API on it."""
        tried = subprocess.run([*UNSHARE, "mount -t tmpfs tmpfs /mnt"], capture_output=True, timeout=10, check=False)
        if tried.returncode:
            lack(MOUNTS, "this machine does not let its users mount any")
        instance.data.mkdir()
        mount = f'mount -t tmpfs -o size={SIZE},mode=0700 tmpfs "$0" && exec "$@"'
        self.api = instance.start_api(*UNSHARE, mount, str(instance.data))
        self.folder = Path(f"/proc/{self.api.pid}/root") / instance.data.relative_to("/")

    def start_worker(self, instance: Instance) -> Service:
        """Start a worker that sees the same disk."""
        enter = ["nsenter", "--target", str(self.api.pid), "--user", "--mount", "--preserve-credentials"]
        return instance.start("worker", *enter, f"--wd={instance.folder}", sys.executable, "-m", "waybill_worker")

    def admin(self) -> dict[str, str]:
        """Return the headers that make a call the administrator's."""
        return {"Authorization": f"Bearer {(self.folder / 'admin.token').read_text().strip()}"}

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.folder / "filler").open("ab", buffering=0) as filler:
            for size in (65_536, 4_096, 1):
                try:
                    while filler.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def empty(self) -> None:
        """Give the room back."""
        os.unlink(self.folder / "filler")


def test_a_full_disk_refuses_creates_and_loses_nothing(instance: Instance) -> None:
    disk = SmallDisk(instance)
    worker = disk.start_worker(instance)
    kept = [instance.create(0) for _ in range(5)]
    instance.ended(kept)
    running = instance.create(4)
    wait_until(lambda: instance.task(running)["status"] == 2, "a running task")

    def create() -> requests.Response:
        body = {"name": "x" * 100, "processing_time": 0, "metadata": {"filler": "x" * 8_000}}
        answer = requests.post(f"{instance.url}/tasks", json=body, timeout=30)
        if answer.status_code == 201:
            kept.append(answer.json()["task_id"])
        return answer

    def reasons() -> list[str]:
        answer = requests.get(f"{instance.url}/readyz", timeout=30)
        return [] if answer.ok else [reason["code"] for reason in answer.json()["reasons"]]

    disk.fill()
    wait_until(lambda: create().status_code != 201, "a refusal")
    refused = create()
    assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert {create().status_code for _ in range(20)} <= {507, 201}
    senseless = requests.patch(
        f"{instance.url}/tasks/{running}", json={"status": "done"}, headers=disk.admin(), timeout=30
    )
    assert senseless.status_code == 422
    wait_until(lambda: reasons() == ["disk_full"], "an API that is not ready")
    assert "disk_full" in [one["code"] for one in instance.get("/statistics")["attention"]]
    assert set(kept) <= instance.tasks().keys()
    assert instance.task(kept[0])["status"] == 3

    disk.empty()
    wait_until(lambda: create().status_code == 201, "a create that is taken again")
    tasks = instance.ended([*kept, running])
    assert {task["status"] for task in tasks.values()} == {3}
    wait_until(lambda: reasons() == [], "an API that is ready")
    assert tasks[running]["run"] == 1
    assert disk.api.is_running
    assert worker.is_running
