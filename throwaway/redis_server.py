"""A Redis server for one use, if this machine has one installed."""

import importlib.util
import shutil
import socket
from pathlib import Path
from signal import SIGKILL, Signals

from throwaway.interrupts import put_off
from throwaway.port import free_port
from throwaway.process import Process, environment

NAME = "redis-server"
NOTHING_KEPT = ("--save", "", "--appendonly", "no")


def missing() -> str | None:
    """Return what this machine lacks for a Redis server of our own; None if it has everything."""
    if shutil.which(NAME) is None:
        return "there is no redis-server on this machine (apt-get install redis-server)"
    if importlib.util.find_spec("redis") is None:
        return "redis is not installed (pip install redis)"
    return None


class RedisServer:
    """A server on a port of its own, which keeps nothing on disk unless `options` say otherwise."""

    def __init__(self, folder: Path, *options: str) -> None:
        """Prepare it; it works in `folder`."""
        self.folder = folder
        self.options = options
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Process:
        """Start it, and wait until it serves. Raises CannotGoOn."""
        command = [NAME, "--port", str(self.port), "--bind", "127.0.0.1", *(self.options or NOTHING_KEPT)]
        with put_off():
            self._server = Process(command, self.folder / "redis.log", environment(self.folder))
        self._server.wait_until(self._serves)
        return self._server

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._server.pid

    def end(self, number: Signals = SIGKILL) -> None:
        """End it."""
        self._server.end(number)

    def _serves(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                # A server with a password answers with an error.
                return connection.recv(1) in (b"+", b"-")
        except OSError:
            return False
