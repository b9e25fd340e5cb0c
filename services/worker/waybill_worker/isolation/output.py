"""The output of an isolated process: it goes to the worker's log, up to `CAP` bytes."""

from collections.abc import Callable

CAP = 256 * 1024
"""Bytes that one run may print; further ones are read and dropped, so that the run never blocks."""

LONGEST_LINE = 8 * 1024


class Output:
    """Passes on whole lines, so that those of several runs do not mix."""

    def __init__(
        self, task_id: str, write: Callable[[str], object], keep: Callable[[bytes], None] = lambda data: None
    ) -> None:
        """Take the id of the task, and the function that writes the output; `keep` is given all of it."""
        self._task_id = task_id
        self._write = write
        self._keep = keep
        self._room = CAP
        self._line = b""

    def take(self, data: bytes) -> None:
        """Take the next bytes."""
        self._keep(data)
        if self._room <= 0:
            return
        self._room -= len(data)
        *lines, self._line = (self._line + data).split(b"\n")
        if len(self._line) > LONGEST_LINE:
            lines.append(self._line)
            self._line = b""
        for line in lines:
            self._say(line)
        if self._room <= 0:
            self.close()
            self._write(f"(what task {self._task_id} prints beyond {CAP:,} bytes is left out)\n")

    def close(self) -> None:
        """Pass on what is left."""
        line, self._line = self._line, b""
        if line:
            self._say(line)

    def _say(self, line: bytes) -> None:
        self._write(line.decode(errors="backslashreplace") + "\n")
