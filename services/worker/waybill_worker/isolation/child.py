"""The worker's side of an isolated process: start it, receive its reports, and end it."""

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from typing import Any

from waybill_worker.handlers.catalogue import Sources
from waybill_worker.isolation.channel import SEND_SECONDS, Channel, Garbled
from waybill_worker.isolation.output import Output
from waybill_worker.runs.runs import Run

LAST_WORDS_SECONDS = 2.0
"""Seconds that a process may take to end by itself after it has closed its channel."""

ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""Otherwise each thread of a handler takes 64 MiB of address space, which counts against its memory."""

ALONE = Sources()


class Child:
    """A process that runs one handler once, and dies with its worker.

    It is a fresh interpreter and no fork, since the worker has many threads. It leads a session of its own, so that the
    processes of its handler end with it, and a Ctrl-C in the terminal reaches only the worker.
    """

    def __init__(self, run: Run, sources: Sources = ALONE) -> None:
        """Start it for this run; it loads the handler from `sources`. Raises OSError if no process can be started."""
        ours, theirs = socket.socketpair()
        ours.settimeout(SEND_SECONDS)
        self._channel = Channel(ours)
        command = (sys.executable, "-P", "-u", "-X", "faulthandler", "-m", "waybill_worker.isolation")
        path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)
        try:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env={**ARENAS, **os.environ, "PYTHONPATH": path},
            )
        except BaseException:
            self._channel.close()
            raise
        finally:
            theirs.close()
        if self._process.stdout is None:
            raise ValueError("it has no pipe to print to")
        self._printed = self._process.stdout.fileno()
        os.set_blocking(self._printed, False)
        self._output = Output(run.task_id, sys.stderr.write, run.log.take)
        self._prints = True
        self._nonsense: str | None = None
        self._is_heard = True
        order = {"task_id": run.task_id, "run": run.number, "task": run.task, "log_level": _log_level()}
        self._tell(order | {"sources": asdict(sources)})

    def hear(self, seconds: float) -> list[dict[str, Any]] | None:
        """Wait up to `seconds` for messages of the run; None once the process has ended or closed its channel."""
        poll = select.poll()
        if self._is_heard:
            poll.register(self._channel, select.POLLIN)
        if self._prints:
            poll.register(self._printed, select.POLLIN)
        for descriptor, _ in poll.poll(1000 * seconds):
            if descriptor != self._printed:
                return self._listen()
            self._relay()
        if not self._has_ended():
            return []
        # Last messages may be unread: there is no end of file while a child of the process holds the socket.
        return self._listen() if self._is_heard and select.select([self._channel], [], [], 0)[0] else None

    def stop(self) -> None:
        """Tell its handler to stop."""
        self._tell({"stop": True})

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and to all that its handler has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def end(self) -> str:
        """Kill what is left of the process, and return how it ended: by an exit code or by a signal."""
        deadline = time.monotonic() + LAST_WORDS_SECONDS
        while self._nonsense is None and not self._has_ended() and time.monotonic() < deadline:
            self._relay()
            time.sleep(0.01)
        # Kill before the wait: while the process is a zombie, no other one gets its id, which is the group's.
        was_there = not self._has_ended()
        self.send(signal.SIGKILL)
        code = self._process.wait()
        self._relay()
        self._output.close()
        self._channel.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        if self._nonsense is not None:
            return self._nonsense
        if was_there:
            return "it fell silent and was killed"
        if not code:
            return "exit code 0 before its handler returned"
        return f"exit code {code}" if code > 0 else f"killed by {_signal_name(-code)}"

    def _listen(self) -> list[dict[str, Any]] | None:
        try:
            messages = self._channel.receive()
        except (Garbled, OSError) as error:
            self._nonsense = f"it sent an invalid message: {error}"
            messages = None
        self._is_heard = messages is not None
        return messages

    def _tell(self, message: dict[str, Any]) -> None:
        # That a process is dead or does not read is detected elsewhere.
        with contextlib.suppress(OSError):
            self._channel.send(message)

    def _relay(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._printed, 65_536):
                self._output.take(data)
            # The process has closed its output, and each further poll would return at once.
            self._prints = False

    def _has_ended(self) -> bool:
        found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return found is not None


def _log_level() -> str:
    return logging.getLevelName(logging.getLogger().level).lower()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
