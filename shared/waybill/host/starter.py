"""The process that started this one: services end with it, and ignore the signals that it ignores.

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
"""Seconds between two looks if the kernel cannot signal the end of a process."""


def endings() -> list[signal.Signals]:
    """Return the signals that ask for an end: SIGTERM, and SIGINT and SIGHUP unless they are ignored.

    `nohup` makes its command ignore SIGHUP; a shell without job control makes background commands ignore SIGINT.
    """
    maybe = (signal.SIGINT, signal.SIGHUP)
    return [signal.SIGTERM, *(number for number in maybe if signal.getsignal(number) is not signal.SIG_IGN)]


def bound(command: Sequence[str], number: int = signal.SIGKILL) -> list[str]:
    """Return a command that becomes `command`, with the same process id, and gets a signal when we end.

    The signal comes when the *thread* ends that started the process, so start it from one that lives long enough. If
    the kernel cannot do this (macOS), our services watch this process themselves.
    """
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(os.getpid()), str(int(number)), *command]


def end_with(parent: int, number: int = signal.SIGKILL) -> bool:
    """Make the kernel send this process a signal when the thread that started it ends; return False if it cannot.

    `parent` is the id of the process with that thread; if it has ended already, the signal comes at once. Call this in
    the child: the setting does not survive a fork, but it survives an exec.
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
    """Send this process a SIGTERM once the program that started it has ended.

    `parent` is the id of the process that started us; with None nothing is watched. If this process still runs
    `patience` seconds later, it is killed.
    """
    if parent is None:
        return
    # Look now: later, a surviving part of the program would hide that the rest has ended.
    program = _Program(parent)

    def wait() -> None:
        program.wait()
        logger.warning("The process that started this one has ended: stopping")
        # Not by Python's `os.kill`: a worker makes it refuse signals that would stop the worker.
        ctypes.CDLL(None).kill(os.getpid(), signal.SIGTERM)
        time.sleep(patience)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="starter", daemon=True).start()


def hang_up_with(terminal: int) -> None:
    """Send this process a SIGHUP when a terminal, given by its descriptor, is closed.

    The kernel signals only the leader of the terminal's session; a leader such as `make` then waits for its children
    without signalling them.
    """
    poll = select.poll()
    poll.register(terminal, 0)

    def wait() -> None:
        # A poll for no events is not always woken.
        while not poll.poll(LOOK_SECONDS * 1000):
            pass
        os.kill(os.getpid(), signal.SIGHUP)

    threading.Thread(target=wait, name="terminal", daemon=True).start()


def is_in_the_foreground() -> bool:
    """Whether the standard input is a terminal that sends its signals to this process."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return False


class _Program:
    """The program that started this process: its parent, and the ancestors that are the same program."""

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
            # The kernel is too old, a sandbox forbids it, or it is another system.
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
        # A parent that ended before its descriptor was opened is not our parent any more.
        return os.getppid() == self._parent and all(map(_is_there, self._processes))


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        # A process of another user exists too.
        return not isinstance(error, ProcessLookupError)
    return True


def _program_of(process: int) -> list[int]:
    """Return a process, and the ancestors of the same program: honcho starts each service from a fork of itself."""
    found = [process]
    while (above := _parent_of(found[-1])) > 1 and _is_part(found[-1], above):
        found.append(above)
    return found


def _is_part(process: int, above: int) -> bool:
    """Whether a process is part of its parent's program: a fork of it, or one that multiprocessing started."""
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
        # The name is in brackets, and may contain any character.
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
