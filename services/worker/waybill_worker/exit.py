"""How a worker ends: its exit status, and why it cannot start."""

from enum import IntEnum


class Exit(IntEnum):
    """Why the process ends, as its exit status."""

    STOPPED = 0
    """It was asked to stop."""
    BROKEN = 70
    """A handler hangs or a thread died: only a new process helps (sysexits.h, EX_SOFTWARE)."""
    STARVED = 71
    """Handlers have used up the descriptors; only a new process has some (EX_OSERR)."""
    RELOADED = 72
    """Its handlers have changed: the process starts again in place, and ends with this status only if it cannot."""
    GIVEN_UP = 75
    """The API has declared this worker gone, for instance after a pause: start it again (EX_TEMPFAIL)."""


class CannotStart(Exception):
    """The worker cannot start; the message is one line, `status` is the exit status."""

    def __init__(self, reason: str, status: int = 1) -> None:
        """Take the reason and the exit status."""
        super().__init__(reason)
        self.status = status
