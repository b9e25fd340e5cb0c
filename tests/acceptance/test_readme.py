"""Every shell block of the README and of the pages behind it, run in a copy of this folder, answers what they show."""

import configparser
import os
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.instance import Instance, Service, wait_until
from tests.acceptance.tour import PATIENCE, Tour, blocks
from tests.needs import COMMANDS, require
from throwaway.clone import ROOT

README = ROOT / "README.md"
HANDLERS = ROOT / "docs/handlers.md"
PAGES = (README, ROOT / "docs/tour.md", HANDLERS)
SOURCES = ("setup.cfg", "pyproject.toml")
"""What .venv is made from."""
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".cache", "*.egg-info", "__pycache__", ".hypothesis", ".coverage*", "data", "build", ".env"
)


@pytest.fixture
def instance(install: Callable[..., Instance]) -> Instance:
    """Return a copy of this folder as it comes from git, with `.venv` as `make` has made it here."""
    require(COMMANDS, "bash", "curl", "grep", "make", "python3")
    instance = install()
    shutil.copytree(ROOT, instance.folder, ignore=NOT_COPIED, dirs_exist_ok=True)
    stamp = ROOT / ".venv/.runtime"
    if stamp.exists() and stamp.stat().st_mtime > max((ROOT / name).stat().st_mtime for name in SOURCES):
        (instance.folder / ".venv").symlink_to(ROOT / ".venv")
    return instance


def install_handler(folder: Path) -> None:
    """Install the handler of the pages into a folder for PYTHONPATH, named as its metadata block names it."""
    (source,) = (block for block in blocks(HANDLERS, "python") if block.body.startswith("def "))
    (metadata,) = blocks(HANDLERS, "ini")
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


def test_every_block_is_of_a_kind_that_is_tried() -> None:
    languages = {block.language for page in PAGES for block in blocks(page)}
    assert languages == {"text", "sh", "console", "python", "ini"}
    assert [block.body.strip() for block in blocks(README, "sh")] == ["make run"]


@pytest.mark.slow
def test_the_tour_goes_as_the_readme_shows_it(instance: Instance) -> None:
    handlers = instance.folder / "handlers"
    install_handler(handlers)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    environment |= {"WAYBILL_PORT": str(instance.port), "PYTHONPATH": str(handlers)}
    (start,) = blocks(README, "sh")
    services = Service(["bash", "-c", start.body], instance.folder / "make-0.log", environment)
    instance.services.append(services)
    try:
        wait_until(lambda: instance.session.get(f"{instance.url}/readyz", timeout=5).ok, "make run", PATIENCE * 3)
        for page in PAGES:
            tour = Tour(instance)
            # Those of `waybill` are given by the tests of the wheel and of the tutorial.
            steps = [
                step
                for block in blocks(page, "console")
                for step in block.steps()
                if not step.command.startswith("waybill ")
            ]
            assert steps
            for step in steps:
                tour.take(step)
            if page == README:
                instance.forget_all()
        task = {"name": "Cat", "type": "thumbnail", "input": {"width": 100}}
        task_id = instance.post("/tasks", task).json()["task_id"]
        assert instance.ended([task_id])[task_id]["result"] == {"width": 50}
    finally:
        # As Ctrl-C does: the services run in a group of their own, which only this ends.
        os.killpg(services.pid, signal.SIGINT)
        services.ended()
        wait_until(lambda: not is_listening(instance.port), "the end of what make run has started")
