"""The process that started this one: what ends when it ends, however it ends, and what it wants ignored.

Run as a program, it is the launcher of `bound`; so it imports the standard library alone.
"""

import ctypes
import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
"""See prctl(2)."""

VARIABLE = "WAYBILL_PARENT"
logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often to look where the kernel does not tell of the end of a process."""


def endings() -> list[signal.Signals]:
    """Return the signals that ask for an end: SIGTERM, and SIGINT and SIGHUP unless they are ignored.

    `nohup` has SIGHUP ignored, and a shell without job control SIGINT, for what it starts in the background.
    """
    maybe = (signal.SIGINT, signal.SIGHUP)
    return [signal.SIGTERM, *(number for number in maybe if signal.getsignal(number) is not signal.SIG_IGN)]


def bound(command: Sequence[str], number: int = signal.SIGKILL) -> list[str]:
    """Return a command that becomes another one, under the same process id, and gets a signal when we end.

    It is the *thread* that starts the process whose end counts, so one that lives as long as the process is needed.
    Where no kernel does this (macOS), a service of ours watches us by itself.
    """
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(os.getpid()), str(int(number)), *command]


def end_with(parent: int, number: int = signal.SIGKILL) -> bool:
    """Have the kernel send this process a signal when the thread that started it ends; return False where none does.

    `parent` is the id of the process with that thread. The signal comes at once if it has ended already. It is to be
    called in the child: after a fork, what the parent has set is gone, after an exec it holds.
    """
    if sys.platform != "linux" or _prctl(PR_SET_PDEATHSIG, number):
        return False
    if os.getppid() != parent:
        os.kill(os.getpid(), number)
    return True


def _prctl(option: int, value: int) -> int:
    zeros = [ctypes.c_ulong(0)] * 3
    return int(ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), *zeros))


def stop_with(parent: int | None, patience: float) -> None:
    """Have this process get a SIGTERM, in time for its usual end, once the program that started it has ended.

    `parent` is the process of it that started us; None where nobody's end is ours. If we are still there `patience`
    seconds later, we are killed.
    """
    if parent is None:
        return
    # Found out now: later, a part of the program that lives on would not tell that the rest has ended.
    program = _Program(parent)

    def wait() -> None:
        program.wait()
        logger.warning("The process that started this one has ended: stopping")
        # Not by Python, which a worker has refuse what would stop it, since its handlers might.
        ctypes.CDLL(None).kill(os.getpid(), signal.SIGTERM)
        time.sleep(patience)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="starter", daemon=True).start()


def hang_up_with(terminal: int) -> None:
    """Have this process get a SIGHUP when a terminal, by its descriptor, is closed.

    The kernel tells the leader of the terminal's session alone; a leader such as `make` then waits for its children
    without a word to them.
    """
    poll = select.poll()
    poll.register(terminal, 0)

    def wait() -> None:
        # Who asks for no data is not always woken.
        while not poll.poll(LOOK_SECONDS * 1000):
            pass
        os.kill(os.getpid(), signal.SIGHUP)

    threading.Thread(target=wait, name="terminal", daemon=True).start()


def is_in_the_foreground() -> bool:
    """Whether the standard input is a terminal that sends its signals to us."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return False


class _Program:
    """The program that started this process: the process that did, and those above it that are the same program."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._processes = _program_of(parent)
        self._descriptors: list[int] = []
        self._poll = select.poll()
        self._can_be_asked = True
        try:
            for process in self._processes:
                self._descriptors.append(os.pidfd_open(process))
                self._poll.register(self._descriptors[-1], select.POLLIN)
        except ProcessLookupError:
            self._parent = 0
        except (AttributeError, OSError):
            # An older kernel, a sandbox that forbids it, or another system.
            self._can_be_asked = False

    def wait(self) -> None:
        """Wait until one of its processes has ended."""
        while self._is_there():
            if self._can_be_asked:
                self._poll.poll()
                break
            time.sleep(LOOK_SECONDS)
        for descriptor in self._descriptors:
            os.close(descriptor)

    def _is_there(self) -> bool:
        # A process that ended before it was opened is no parent of ours any more.
        return os.getppid() == self._parent and all(map(_is_there, self._processes))


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        # Another user's is there, too.
        return not isinstance(error, ProcessLookupError)
    return True


def _program_of(process: int) -> list[int]:
    """Return a process, and those above it that it is but a part of: honcho starts each service from a fork of it."""
    found = [process]
    while (above := _parent_of(found[-1])) > 1 and _is_part(found[-1], above):
        found.append(above)
    return found


def _is_part(process: int, above: int) -> bool:
    """Whether a process was forked from the one above it, or made by Python's multiprocessing, and is no program."""
    words = _command_of(process)
    return bool(words) and (words == _command_of(above) or b"multiprocessing." in words)


def _command_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _parent_of(process: int) -> int:
    """Return the id of a process's parent, 0 if it is not known."""
    try:
        # Its name stands in brackets, and may contain anything.
        return int(Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _launch(parent: int, number: int, command: Sequence[str]) -> None:
    if not end_with(parent, number):
        os.environ[VARIABLE] = str(parent)
    try:
        os.execvp(command[0], list(command))  # noqa: S606  # the command is what our own code asked for
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    _launch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
