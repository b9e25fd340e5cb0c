"""The code of the handlers, whose files are watched for changes."""

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

logger = logging.getLogger(__name__)

SUFFIX = ".py"
ELSEWHERE = ("site-packages", "dist-packages")
"""The folders of installed packages, which may lie below that of a handler's file."""

LOOK_SECONDS = 0.25

MOST_FILES = 2_000
"""How many files are watched at most while the code cannot be imported."""

State = tuple[int, int, int]
"""What differs once a file has been written: its number, its size and its time."""


class Code:
    """The files that handlers are loaded from, and the modules that were imported from their folders."""

    def __init__(self, places: Iterable[str]) -> None:
        """Take files and names of modules; look before they are loaded, so that no change is missed."""
        self._files = {place for place in places if place.endswith(SUFFIX)}
        self._folders = {os.path.dirname(file) for file in self._files}
        if len(self._files) < len({*places}):
            self._folders.add(os.getcwd())
        self._modules = {place for place in places if place not in self._files}
        self._states: dict[str, State | None] = {file: _state(file) for file in self._files}

    def note(self) -> None:
        """Note what was imported; call this once the handlers are loaded."""
        for file in self._watched():
            self._states.setdefault(file, _state(file))

    def has_changed(self) -> bool:
        """Return whether a file has changed since it was first seen, and log which."""
        for file in self._watched():
            now = _state(file)
            before = self._states.setdefault(file, now)
            # A file that is missing may be about to be replaced.
            if now is not None and now != before:
                logger.info("The code of the handlers has changed (%s): the worker starts again", file)
                return True
        return False

    def wait(self) -> None:
        """Wait until a file has changed, or any other below its folder: what cannot be imported is no module yet."""
        for folder in self._folders:
            self._files |= {*islice(_files_below(folder), MOST_FILES)}
        while not self.has_changed():
            time.sleep(LOOK_SECONDS)

    def _watched(self) -> Iterator[str]:
        yield from self._files
        for name, module in [*sys.modules.items()]:
            file = _file_of(module)
            if file.endswith(SUFFIX) and self._is_ours(name, file):
                yield file

    def _is_ours(self, name: str, file: str) -> bool:
        if name in self._modules:
            return True
        folders = [folder for folder in self._folders if file.startswith(folder + os.sep)]
        return any(not {*ELSEWHERE}.intersection(Path(file[len(folder) :]).parts) for folder in folders)


def _file_of(module: object) -> str:
    # What a library keeps in `sys.modules` may load more when it is looked at, and fail.
    with suppress(Exception):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            return file
    return ""


def _files_below(folder: str) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".") and one not in ELSEWHERE]
        yield from (os.path.join(parent, file) for file in files if file.endswith(SUFFIX))


def _state(file: str) -> State | None:
    with suppress(OSError):
        found = os.stat(file)
        return found.st_ino, found.st_size, found.st_mtime_ns
    return None
