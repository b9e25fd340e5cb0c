"""A small supervisor: it keeps one process running, as a Procfile's supervisor or systemd would."""

import re
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from proof.journal import Journal
from throwaway.process import Process

RESTART_SECONDS = 0.2
"""Seconds before a process is started anew."""

LOOK_SECONDS = 0.05

WORKER_ID = re.compile(rb"Worker (w-[0-9a-f]{16}) serves")


class Supervisor:
    """Starts a process, starts it anew whenever it ends, and sends it signals. Each start has a log of its own."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        journal: Journal,
        ready: bytes | None = None,
    ) -> None:
        """Take the command, the folder for it and its logs, and the text `ready` that it prints once it is ready."""
        self.name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._folder = folder
        self._journal = journal
        self._ready = ready
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._process: Process | None = None
        self._killed: set[int] = set()
        self._starts = 0
        self._thread = threading.Thread(target=self._supervise, name=name, daemon=True)
        self.own_ends: Counter[int] = Counter()
        """How often it ended by itself, by exit code."""

    def __enter__(self) -> Self:
        """Start."""
        self._start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Kill the process, and do not start it again."""
        self._stopping.set()
        with self._lock:
            self._send(signal.SIGKILL)
        self._thread.join()

    def kill(self) -> None:
        """Kill the process, as `kill -9` does, if it runs."""
        with self._lock:
            if self._process is not None and self._process.is_running:
                self._killed.add(self._process.pid)
                # Noted first, so that its time is before all that the API records after the kill.
                self._journal.deed("kill", self.name, worker_id=self._worker_id(), pid=self._process.pid)
                self._send(signal.SIGKILL)

    def stop(self) -> int | None:
        """Stop the process (SIGSTOP), and return its pid for `go_on`; None if it does not run."""
        with self._lock:
            if self._process is None or not self._process.is_running:
                return None
            self._journal.deed("stop", self.name, worker_id=self._worker_id(), pid=self._process.pid)
            self._send(signal.SIGSTOP)
            return self._process.pid

    def go_on(self, pid: int | None) -> None:
        """Let the process go on (SIGCONT), unless another one has taken its place."""
        with self._lock:
            if self._process is not None and self._process.pid == pid and self._process.is_running:
                self._journal.deed("go on", self.name, worker_id=self._worker_id(), pid=pid)
                self._send(signal.SIGCONT)

    def worker_id(self) -> str | None:
        """Return the worker's id from the log; None if the process has not printed one."""
        with self._lock:
            return self._worker_id()

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.process.send_signal(number)

    def _worker_id(self) -> str | None:
        found = WORKER_ID.search(self._log.read_bytes())
        return None if found is None else found[1].decode()

    @property
    def _log(self) -> Path:
        return self._folder / f"{self.name}.{self._starts}.log"

    def _start(self) -> None:
        self._starts += 1
        self._process = Process(self._command, self._log, self._environment)
        self._journal.deed("start", self.name, pid=self._process.pid, log=self._log.name)

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            process = self._process
            code = 0 if process is None else self._await_end(process.process)
            if self._stopping.is_set():
                return
            self._note_end(process, code)
            self._stopping.wait(RESTART_SECONDS)
            with self._lock:
                if not self._stopping.is_set():
                    self._start()

    def _await_end(self, process: "subprocess.Popen[bytes]") -> int:
        """Wait for the end of a process, note the moment when it is ready, and return its exit code."""
        while self._ready is not None:
            if self._ready in self._log.read_bytes():
                self._journal.deed("ready", self.name)
                break
            try:
                return process.wait(LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        return process.wait()

    def _note_end(self, process: Process | None, code: int) -> None:
        own = process is not None and process.pid not in self._killed
        self.own_ends[code] += own
        self._journal.deed("exit", self.name, code=code, by_itself=own or None)
