"""An installation of Waybill for one use, in a folder and on a port of its own."""

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from signal import SIGKILL, Signals

from throwaway.port import answers, free_port
from throwaway.process import Process, environment, module, running
from waybill.client.calls import Calls


class Installation:
    """A folder, a port and settings, in which services are started; `client` calls the API as the administrator."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """Prepare `folder`; `settings` are as in `environment`."""
        self.folder = folder
        self.data = folder / "data"
        self.handlers = folder / "handlers"
        """What its services can import besides the project."""
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {"port": str(self.port), "data_dir": str(self.data), **settings}
        self.client = Calls(self.url, partial(self.token, "admin"))

    def token(self, scope: str) -> str | None:
        """Return the token of a scope, such as `admin`; None before the API has made it."""
        with contextlib.suppress(FileNotFoundError):
            return self.data.joinpath(f"{scope}.token").read_text().strip()
        return None

    def environment(self, **settings: str) -> dict[str, str]:
        """Return the environment of its services, with more settings."""
        return environment(self.temporary, [self.handlers], **(self.settings | settings))

    @contextlib.contextmanager
    def run_api(self, name: str = "waybill_api", *arguments: str, ending: Signals = SIGKILL) -> Iterator[Process]:
        """Run the API, or another module that serves it, and wait until it serves. Raises CannotGoOn."""
        with running(module(name, *arguments), self.folder / f"{name}.log", self.environment(), ending) as api:
            api.wait_until(partial(answers, self.port, "/readyz"))
            yield api

    @contextlib.contextmanager
    def run_worker(self, ending: Signals = SIGKILL, **settings: str) -> Iterator[Process]:
        """Run a worker, without waiting for it."""
        log = self.folder / "waybill_worker.log"
        with running(module("waybill_worker"), log, self.environment(**settings), ending) as worker:
            yield worker
