"""A reader of a page of the documentation, who gives its commands and compares what they print with what it shows."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.acceptance.instance import Instance, wait_until

BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
TASK_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PASSING = re.compile(r"^\S+\t(NEW|PROCESSING)\t.*\n", re.MULTILINE)
"""What a command that watches a task may print before its end, and a terminal shows for a moment."""

WAYBILL = 'waybill() { python -m waybill "$@"; }\n'
"""Makes the command in a shell: an environment that was moved has no program of that name that starts."""

PATIENCE = 90.0
"""Seconds for one command; the longest of them waits for a task of 13 seconds."""


class Step(NamedTuple):
    """A command of the tour, and what the page says that it prints."""

    command: str
    output: str

    @property
    def only_looks(self) -> bool:
        """Whether it may be given again until it shows what it should."""
        changes = (" -d ", " -X ", "submit", " retry ")
        return not any(part in self.command for part in changes)


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    body: str

    def steps(self) -> Iterator[Step]:
        """Yield the commands of a console block."""
        for part in re.split(r"^\$ ", self.body, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield Step(command, output)


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return a page's blocks, of these languages only where any are given."""
    found = [Block(*match.groups()) for match in BLOCK.finditer(page.read_text("utf-8"))]
    return [block for block in found if not languages or block.language in languages]


class Tour:
    """The page's reader: gives its commands in the instance's folder, with the ids that this server gives."""

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
            ["bash", "-c", WAYBILL + command],
            cwd=self._instance.folder,
            env=self._instance.environment(api_url=self._instance.url),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        # Our own commands say beside the results what they do; a terminal shows both.
        assert not done.stderr or command.startswith("waybill "), done.stderr
        printed = PASSING.sub("", done.stdout) + done.stderr
        return printed.replace(f"{self._instance.folder}/", "").rstrip("\n") + "\n"

    def _matches(self, written: str, printed: str) -> bool:
        ids = dict(zip(TASK_ID.findall(written), TASK_ID.findall(printed), strict=False))
        if any(self._ids.get(one, real) != real for one, real in ids.items()):
            return False
        if sorted(_without_changing(written).splitlines()) != sorted(_without_changing(printed).splitlines()):
            return False
        self._ids |= ids
        return True


def _without_changing(text: str) -> str:
    return TIME.sub("a time", TASK_ID.sub("an id", text))
