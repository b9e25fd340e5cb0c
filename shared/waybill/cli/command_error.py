"""A command that fails, and the exit codes."""

COMPLETED = 0
FAILED = 1
"""A task ended in ERROR, or the command could not do what it was asked to do."""
BAD_USAGE = 2
"""The command line or a setting is wrong, so that a repetition does not help."""
UNREACHABLE = 3
"""The API cannot be reached, or cannot answer now."""
INTERRUPTED = 130
"""Ctrl-C."""


class CommandError(Exception):
    """A command failed; the message is one line, `status` is the exit code."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        """Take the message and the exit code."""
        super().__init__(message)
        self.status = status
