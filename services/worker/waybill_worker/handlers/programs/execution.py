"""One execution of a program: its streams, and its end."""

import codecs
import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from waybill.host.starter import bound

GRACE_SECONDS = 3.0
"""Seconds that a program may take to end after SIGTERM."""

LOOK_SECONDS = 1.0
"""Seconds between two looks at a program that says nothing."""

FIRST_PAUSE = 0.002
LONGEST_PAUSE = 0.2
"""Seconds between two looks at a program that has closed its output."""

LAST_LOOKS = 4
"""How often its output is read after its end: a pipe holds no more than that."""

LAST_WORDS_CAP = 8 * 1024
"""Bytes that are kept of the end of standard error."""

CHUNK = 65_536


class Execution:
    """A program in a session of its own, which dies with this process; all that it starts ends with it."""

    def __init__(self, words: Sequence[str], folder: str, given: bytes, most: int) -> None:
        """Start it in `folder`, with `given` on its standard input. Raises OSError.

        Of its standard output `most` bytes are kept.
        """
        self._most = most
        self._out = bytearray()
        self._is_cut = False
        self._err = b""
        self._lock = threading.Lock()
        self._is_over = False
        self._told_at: float | None = None
        self._process = _started(words, folder, given)
        streams = (self._process.stdout, self._process.stderr)
        self._open = {stream.fileno(): stream for stream in streams if stream is not None}
        """The streams that it has not closed, by descriptor."""

    @property
    def printed(self) -> bytes | None:
        """Its standard output; None if that was too long."""
        return None if self._is_cut else bytes(self._out)

    @property
    def last_words(self) -> str | None:
        """The last lines of its standard error; None if there are none."""
        return self._err.decode(errors="replace").replace("\0", "\ufffd").strip() or None

    def terminate(self) -> None:
        """Ask it to end; it is killed GRACE_SECONDS later. Any thread may call this."""
        self._told_at = time.monotonic()
        self._send(signal.SIGTERM)

    def attend(self, is_stopped: Callable[[], bool], say: Callable[[str], object]) -> int:
        """Read what it prints until it has ended, and return its exit code, below zero for a signal.

        `say` gets its standard error.
        """
        decoder = codecs.getincrementaldecoder("utf-8")(errors="backslashreplace")
        try:
            self._read(is_stopped, lambda data: say(decoder.decode(data)))
        finally:
            code = self._end()
        if left := decoder.decode(b"", final=True):
            say(left)
        return code

    def _read(self, is_stopped: Callable[[], bool], say: Callable[[bytes], object]) -> None:
        pause = FIRST_PAUSE
        while not self._has_ended():
            if self._open:
                self._look(LOOK_SECONDS, say)
            else:
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            if is_stopped() and self._told_at is not None and time.monotonic() - self._told_at > GRACE_SECONDS:
                self._send(signal.SIGKILL)
        # What it has started may go on writing, so this is no loop until the end of its output.
        for _ in range(LAST_LOOKS):
            self._look(0, say)

    def _look(self, seconds: float, say: Callable[[bytes], object]) -> None:
        """Wait up to `seconds` for output, and take it."""
        poll = select.poll()
        for descriptor in self._open:
            poll.register(descriptor, select.POLLIN)
        for descriptor, _ in poll.poll(1000 * seconds):
            data = os.read(descriptor, CHUNK)
            if not data:
                del self._open[descriptor]
            elif self._open[descriptor] is self._process.stdout:
                self._keep(data)
            else:
                self._err = (self._err + data)[-LAST_WORDS_CAP:]
                say(data)

    def _keep(self, data: bytes) -> None:
        self._out += data[: self._most + 1 - len(self._out)]
        self._is_cut = len(self._out) > self._most

    def _end(self) -> int:
        with self._lock:
            # Kill before the wait: while the process is a zombie, no other one gets its id, which is the group's.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            code = self._process.wait()
            self._is_over = True
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        return code

    def _send(self, number: signal.Signals) -> None:
        with self._lock, contextlib.suppress(ProcessLookupError, PermissionError):
            if not self._is_over:
                os.killpg(self._process.pid, number)

    def _has_ended(self) -> bool:
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def signal_name(number: int) -> str:
    """Return the name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _started(words: Sequence[str], folder: str, given: bytes) -> "subprocess.Popen[bytes]":
    # A file in memory: a pipe would have to be written to while the program reads it, if it does.
    stdin = os.memfd_create("waybill-input")
    try:
        with open(stdin, "wb", closefd=False) as file:
            file.write(given)
        os.lseek(stdin, 0, os.SEEK_SET)
        return subprocess.Popen(
            bound(words),
            cwd=folder,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    finally:
        os.close(stdin)
