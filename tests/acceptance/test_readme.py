"""Every shell block of the README, run in a copy of this folder: the answers are those that the README shows."""

import configparser
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.acceptance.instance import ROOT, Instance, Service, wait_until

README = ROOT / "README.md"
NEEDED = ("bash", "curl", "grep", "make", "python3")
SOURCES = ("setup.cfg", "pyproject.toml")
"""What .venv is made from."""
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".cache", "*.egg-info", "__pycache__", ".hypothesis", ".coverage*", "data", "build", ".env"
)

BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
TASK_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PATIENCE = 90.0
"""Seconds for one command; the longest of them waits for a task of 13 seconds."""


class Step(NamedTuple):
    """A command of the tour, and what the README says that it prints."""

    command: str
    output: str

    @property
    def only_looks(self) -> bool:
        """Whether it may be given again until it shows what it should."""
        return " -d " not in self.command and " -X " not in self.command


class Block(NamedTuple):
    """A fenced block of the README."""

    language: str
    body: str

    def steps(self) -> Iterator[Step]:
        """Yield the commands of a console block."""
        for part in re.split(r"^\$ ", self.body, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield Step(command, output)


def blocks(*languages: str) -> list[Block]:
    """Return the README's blocks, of these languages only where any are given."""
    found = [Block(*match.groups()) for match in BLOCK.finditer(README.read_text("utf-8"))]
    return [block for block in found if not languages or block.language in languages]


@pytest.fixture
def instance(install: Callable[..., Instance]) -> Instance:
    """Return a copy of this folder as it comes from git, with `.venv` as `make` has made it here."""
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        pytest.skip(f"the README's commands need {', '.join(missing)}")
    instance = install()
    shutil.copytree(ROOT, instance.folder, ignore=NOT_COPIED, dirs_exist_ok=True)
    stamp = ROOT / ".venv/.runtime"
    if stamp.exists() and stamp.stat().st_mtime > max((ROOT / name).stat().st_mtime for name in SOURCES):
        (instance.folder / ".venv").symlink_to(ROOT / ".venv")
    return instance


def install_handler(folder: Path) -> None:
    """Install the README's own handler into a folder for PYTHONPATH, named as its metadata block names it."""
    (source,) = blocks("python")
    (metadata,) = blocks("ini")
    config = configparser.ConfigParser(delimiters=("=",))
    config.read_string(metadata.body)
    ((group, line),) = config["options.entry_points"].items()
    module = line.partition("=")[2].partition(":")[0].strip()
    path = folder / Path(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True)
    path.write_text(source.body)
    described = folder / "my_package-1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1\n")
    (described / "entry_points.txt").write_text(f"[{group}]\n{line.strip()}\n")


def is_listening(port: int) -> bool:
    """Whether anybody accepts connections there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Tour:
    """The README's reader: gives its commands in its folder, with the ids that this server gives."""

    def __init__(self, instance: Instance) -> None:
        """Nothing is known yet."""
        self._instance = instance
        self._ids: dict[str, str] = {}

    def take(self, step: Step) -> None:
        """Give one command and compare what it prints; ids are taken over and times only have to be times."""
        command = step.command.replace("localhost:8000", f"localhost:{self._instance.port}")
        for written, real in self._ids.items():
            command = command.replace(written, real)
        if step.only_looks:
            wait_until(lambda: self._matches(step.output, self._run(command)), f"{step.output!r} from {command}")
        else:
            printed = self._run(command)
            assert self._matches(step.output, printed), f"{command}\n{printed}"

    def _run(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self._instance.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert not done.stderr, done.stderr
        return done.stdout.rstrip("\n") + "\n"

    def _matches(self, written: str, printed: str) -> bool:
        ids = dict(zip(TASK_ID.findall(written), TASK_ID.findall(printed), strict=False))
        if any(self._ids.get(one, real) != real for one, real in ids.items()):
            return False
        if _without_changing(written) != _without_changing(printed):
            return False
        self._ids |= ids
        return True


def _without_changing(text: str) -> str:
    return TIME.sub("a time", TASK_ID.sub("an id", text))


def test_every_block_is_of_a_kind_that_is_tried() -> None:
    assert {block.language for block in blocks()} == {"text", "sh", "console", "python", "ini"}
    assert [block.body.strip() for block in blocks("sh")] == ["make run"]


def test_the_tour_goes_as_the_readme_shows_it(instance: Instance) -> None:
    handlers = instance.folder / "handlers"
    install_handler(handlers)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    environment |= {"WAYBILL_PORT": str(instance.port), "PYTHONPATH": str(handlers)}
    (start,) = blocks("sh")
    services = Service(["bash", "-c", start.body], instance.folder / "make-0.log", environment, instance.folder)
    instance.services.append(services)
    try:
        wait_until(lambda: instance.session.get(f"{instance.url}/readyz", timeout=5).ok, "make run", PATIENCE * 3)
        tour = Tour(instance)
        steps = [step for block in blocks("console") for step in block.steps()]
        assert steps
        for step in steps:
            tour.take(step)
        task = {"name": "Cat", "type": "thumbnail", "input": {"width": 100}}
        task_id = instance.post("/tasks", task).json()["task_id"]
        assert instance.ended([task_id])[task_id]["result"] == {"width": 50}
    finally:
        # As Ctrl-C does: the services run in a group of their own, which only this ends.
        os.killpg(services.pid, signal.SIGINT)
        services.ended()
        wait_until(lambda: not is_listening(instance.port), "the end of what make run has started")
