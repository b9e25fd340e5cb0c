"""Both services in one terminal, until Ctrl-C; one that dies is started again."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from types import FrameType

from waybill.host import starter
from waybill.settings import Settings

CANNOT_START = 2
"""The exit code of a service that would fail again: a setting is invalid, or a person has to help."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds until a service that has died is started again: each pause is twice as long as the one before."""

HEALTHY_SECONDS = 60.0
"""Seconds of life after which the pauses begin anew."""

DRAIN_SECONDS = 3
"""How long a worker lets its tasks end by default; short, since a user waits at the terminal."""

ENDING_SECONDS = 15.0
"""Seconds, on top of the drain, until a service that was asked to stop is killed; a normal end takes less than 10."""

LAST_LINES_SECONDS = 1.0
LONGEST_LINE = 64 * 1024
COLOURS = {"api": 36, "worker": 33, "waybill": 35}


def run(settings: Settings) -> int:
    """Run both services until a signal asks for the end, and return the exit code: 0, or 2 if one cannot start."""
    default = {} if "drain_seconds" in settings.model_fields_set else {"WAYBILL_DRAIN_SECONDS": str(DRAIN_SECONDS)}
    environment = {**os.environ, **default, starter.VARIABLE: str(os.getpid())}
    drain_seconds = settings.drain_seconds if not default else DRAIN_SECONDS
    # -P: a file in the working directory, such as that of handlers, must shadow no module.
    python = [sys.executable, "-P", "-m"]
    commands: dict[str, Sequence[str]] = {name: [*python, f"waybill_{name}"] for name in ("api", "worker")}
    with _own_terminal():
        return Supervisor(commands, environment, drain_seconds + ENDING_SECONDS).run()


class Service:
    """One of the services, and the process that it has at the moment."""

    def __init__(self, name: str, command: Sequence[str], events: "SimpleQueue[Service | int]") -> None:
        """Take its name and command; it is put on `events` whenever its process has ended."""
        self.name = name
        self.due_at: float | None = 0.0
        """When it is to be started, in monotonic seconds; None while it runs, and once it has ended for good."""
        self._command = command
        self._events = events
        self._process: subprocess.Popen[bytes] | None = None
        self._reader = threading.Thread()
        self._begun_at = 0.0
        self._pause = FIRST_PAUSE

    @property
    def is_running(self) -> bool:
        """Whether it has a process."""
        return self._process is not None

    def start(self, environment: dict[str, str]) -> None:
        """Start its process, in a group of its own, to which a terminal sends no signals."""
        self._begun_at, self.due_at = time.monotonic(), None
        process = self._process = subprocess.Popen(
            self._command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()
        threading.Thread(target=self._wait, args=(process,), daemon=True).start()

    def send(self, number: signal.Signals) -> None:
        """Send its process a signal; SIGKILL also goes to all that the process has started."""
        if self._process is None or self._process.poll() is not None:
            return
        with suppress(ProcessLookupError, PermissionError):
            if number is signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)

    def ended(self) -> int:
        """Note that its process has ended, and return the exit code."""
        if self._process is None:
            raise ValueError("it has no process")
        code, self._process = self._process.wait(), None
        # A program that a handler has left behind may hold the pipe open for long.
        self._reader.join(LAST_LINES_SECONDS)
        return code

    def start_again(self) -> float:
        """Have it started again after a pause; return the pause in seconds."""
        now = time.monotonic()
        if now - self._begun_at >= HEALTHY_SECONDS:
            self._pause = FIRST_PAUSE
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)
        self.due_at = now + pause
        return pause

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stdout is None:
            return
        with process.stdout as lines:
            while line := lines.readline(LONGEST_LINE):
                say(self.name, line)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        process.wait()
        self._events.put(self)


class Supervisor:
    """Runs services until a signal asks for their end, or one of them cannot start."""

    def __init__(self, commands: dict[str, Sequence[str]], environment: dict[str, str], patience: float) -> None:
        """Take the commands by name; a service may take `patience` seconds to end before it is killed."""
        self._environment = environment
        self._patience = patience
        self._events: SimpleQueue[Service | int] = SimpleQueue()
        self._services = [Service(name, command, self._events) for name, command in commands.items()]
        self._is_ending = False
        self._kill_at: float | None = None
        self._code = 0

    def run(self) -> int:
        """Run until all have ended, and return the exit code."""
        for number in starter.endings():
            signal.signal(number, self._ask)
        while not self._is_ending or self._running:
            self._start_what_is_due()
            try:
                event = self._events.get(timeout=self._patience_left())
            except Empty:
                continue
            if isinstance(event, Service):
                self._judge(event, event.ended())
            elif not self._is_ending:
                self._end()
            elif event == signal.SIGINT:
                # A closed terminal may send several signals; but who presses Ctrl-C again does not want to wait.
                self._stop(self._services)
        return self._code

    @property
    def _running(self) -> list[Service]:
        return [one for one in self._services if one.is_running]

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._events.put(number)

    def _start_what_is_due(self) -> None:
        now = time.monotonic()
        for one in self._services:
            if one.due_at is not None and one.due_at <= now and not self._is_ending:
                try:
                    one.start(self._environment)
                except OSError as error:
                    note(f"{one.name} cannot be started: {error.strerror}; next try in {one.start_again():g} s")
        if self._kill_at is not None and self._kill_at <= now:
            self._kill_at, self._code = None, self._code or 1
            for one in self._services:
                one.send(signal.SIGKILL)

    def _patience_left(self) -> float | None:
        times = [self._kill_at] if self._is_ending else [one.due_at for one in self._services]
        ahead = [one for one in times if one is not None]
        return max(0.0, min(ahead) - time.monotonic()) if ahead else None

    def _judge(self, one: Service, code: int) -> None:
        """Decide what follows the end of a service."""
        how = f"exit code {code}" if code >= 0 else signal.strsignal(-code) or f"signal {-code}"
        if self._is_ending:
            note(f"{one.name} has stopped ({how})")
            self._stop(self._running[-1:])
        elif code == CANNOT_START:
            note(f"{one.name} cannot start, so that nothing else goes on")
            self._code = CANNOT_START
            self._end()
        else:
            note(f"{one.name} has ended ({how}); it is started again in {one.start_again():g} s")

    def _end(self) -> None:
        """Stop one after the other, the last one first, since it needs the others to say what it has done."""
        self._is_ending = True
        self._kill_at = time.monotonic() + self._patience
        self._stop(self._running[-1:])

    def _stop(self, some: Sequence[Service]) -> None:
        """Ask services to stop; one that is asked twice stops at once."""
        for one in some:
            one.send(signal.SIGTERM)


def note(text: str) -> None:
    """Print a line of our own."""
    say("waybill", f"{text}\n".encode())


def say(name: str, line: bytes) -> None:
    """Print a line after the name of its service; if the output is not read, the line is dropped."""
    prefix = f"{name} | "
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        prefix = f"\x1b[{COLOURS[name]}m{prefix}\x1b[0m"
    sys.stdout.buffer.write(prefix.encode() + line.removesuffix(b"\n") + b"\n")


@contextmanager
def _own_terminal() -> Iterator[None]:
    """Be the only group to which the terminal sends Ctrl-C, so that `make` does not report a failure."""
    # Otherwise the terminal would stop us when we give it back.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    former = os.getpgrp()
    if starter.is_in_the_foreground():
        starter.hang_up_with(sys.stdin.fileno())
        if former != os.getpid():
            # Ctrl-Z would stop this process alone, and the services would go on unseen.
            signal.signal(signal.SIGTSTP, signal.SIG_IGN)
            _lend_terminal(0)
    try:
        yield
    finally:
        if os.getpgrp() != former:
            _lend_terminal(former)


def _lend_terminal(group: int) -> None:
    """Join a process group, 0 for a new one, and make it the terminal's foreground group."""
    with suppress(OSError):
        os.setpgid(0, group)
        os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())
