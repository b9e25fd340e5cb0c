"""What is published does all that a clone does, beside other people's packages of any name."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.instance import DEADLINE, Instance, wait_until
from tests.acceptance.tour import blocks
from throwaway.clone import ROOT

SOURCES = ("setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md")
FOLDERS = ("services", "shared", "docs", "tests")
BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


def build(what: str, folder: Path) -> Path:
    """Build a wheel or an sdist from a copy of the sources, since a build writes beside them."""
    copy = folder / "sources"
    if not copy.exists():
        copy.mkdir()
        for name in SOURCES:
            shutil.copy(ROOT / name, copy)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-c", BUILD, f"build_{what}", str(folder)]
    built = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=DEADLINE, check=True)
    return folder / built.stdout.splitlines()[-1]


# What lies in it is given to its interpreter, since a folder for temporary files may be mounted without execution.
@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return an environment with the wheel and, besides, only what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    made = folder / "environment"
    venv.create(made, symlinks=True)
    python = made / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*command, str(build("wheel", folder))], capture_output=True, timeout=DEADLINE, check=True)
    paths = {"base": str(made), "platbase": str(made)}
    # Afterwards, and not by --system-site-packages: there may lie another Waybill, such as the clone.
    Path(sysconfig.get_path("purelib", vars=paths), "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    yield made
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def elsewhere(instance: Instance) -> Path:
    """Return a directory with packages whose names a clone has as folders."""
    for name in ("shared", "services", "store"):
        (instance.folder / name).mkdir()
        (instance.folder / name / "__init__.py").write_text("raise RuntimeError('not Waybill')\n")
    return instance.folder


def variables(instance: Instance, environment: Path) -> dict[str, str]:
    named = {name: value for name, value in instance.environment().items() if name != "PYTHONPATH"}
    return named | {"PATH": f"{environment / 'bin'}{os.pathsep}{os.defpath}"}


@pytest.mark.slow
@pytest.mark.xdist_group("wheel")
def test_a_stranger_s_minute_beside_other_packages(instance: Instance, environment: Path, elsewhere: Path) -> None:
    """Beside the installation of the wheel, two commands and a file of their own: a task of theirs is COMPLETED."""
    (source,) = (block.body for block in blocks(ROOT / "README.md", "python") if "handlers.py" in block.body)
    (elsewhere / "handlers.py").write_text(source)
    run, submit = (
        shlex.split(step.command)
        for block in blocks(ROOT / "README.md", "console")
        for step in block.steps()
        if step.command.startswith("waybill ")
    )
    assert (run[:2], submit[:2]) == (["waybill", "run"], ["waybill", "submit"])
    begin = [environment / "bin" / "python", environment / "bin" / "waybill"]
    where: dict[str, Any] = {"cwd": elsewhere, "env": variables(instance, environment), "stdin": subprocess.DEVNULL}
    with (elsewhere / "log").open("wb") as log:
        services = subprocess.Popen([*begin, *run[1:]], **where, stdout=log, stderr=subprocess.STDOUT, process_group=0)
    try:
        wait_until(lambda: any(one["name"] == "resize" for one in instance.get("/task-types")), "the type of the file")
        submitted = subprocess.run(
            [*begin, *submit[1:]], check=False, **where, capture_output=True, text=True, timeout=DEADLINE
        )
        assert submitted.returncode == 0, submitted.stdout + submitted.stderr
        assert "COMPLETED" in submitted.stdout
        (task,) = instance.tasks().values()
        assert (task["type"], task["status"], task["result"]) == ("resize", 3, {"pixels": 1800})
        task_id = instance.create(0)
        wait_until(lambda: instance.task(task_id)["status"] == 3, "the end of a task of the handler that comes along")
        assert instance.session.get(f"{instance.url}/admin/login/", timeout=30).ok
        assert instance.session.get(f"{instance.url}/api/docs", timeout=30).ok
    finally:
        services.terminate()
        assert services.wait(DEADLINE) == 0, (elsewhere / "log").read_text()


@pytest.mark.xdist_group("wheel")
def test_its_names_are_there_and_its_commands_tell_of_mistakes(
    instance: Instance, environment: Path, elsewhere: Path
) -> None:
    def run(*command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            cwd=elsewhere,
            env=variables(instance, environment),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    imported = run(
        "python", "-c", "from waybill import Client, Reporter; print(Client.__module__, Reporter.__module__)"
    )
    assert (imported.stdout, imported.stderr) == ("waybill.client.client waybill.reporter\n", "")
    place = run("python", "-c", "import waybill; print(waybill.__file__)")
    assert place.stdout.startswith(str(environment))
    waybill = ("python", str(environment / "bin" / "waybill"))
    assert run(*waybill, "--version").stdout == "Waybill 0.1.0\n"
    assert run("python", "-m", "waybill", "--help").stdout.count("\n") > 5
    loaded = run(*waybill, "loaddata", "initial")
    assert (loaded.returncode, loaded.stderr) == (0, "")
    wrong = run(*waybill, "loaddata", "nothing-like-it")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)


def test_the_source_distribution_holds_tests_docs_and_changes(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"CHANGELOG.md", "docs/design.md", "tests/conftest.py", "shared/waybill/py.typed"} <= names
    assert not [name for name in names if name.endswith(".pyc")]
