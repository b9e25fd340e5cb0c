"""The start of this process again in place: with new code, and the same process id."""

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from waybill_worker.process.ending import leave


class Again:
    """Remembers how this process was started."""

    def __init__(self) -> None:
        """Note the directory and the environment, which handlers may change."""
        self._folder = os.getcwd()
        self._environment = dict(os.environ)

    def start(self, flush: Callable[[], None], status: int) -> NoReturn:
        """End all that handlers have started, and start again; end with `status` if that fails."""

        def replace() -> None:
            os.chdir(self._folder)
            os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], self._environment)  # noqa: S606

        leave(status, flush, replace)
