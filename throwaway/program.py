"""How demos, benches and proofs behave at the terminal: what they print, how they end, and their exit codes."""

import sys
from collections.abc import Callable
from signal import SIGINT

from throwaway.interrupts import raise_once
from waybill.api_error import ApiError

FAILED = 1
INTERRUPTED = 128 + SIGINT


class CannotGoOn(Exception):
    """The program cannot go on; the message is for its user."""


def run(program: Callable[[], int]) -> int:
    """Run a program and return its exit code: its own, FAILED after an error, INTERRUPTED after a stop signal."""
    raise_once()
    try:
        return program()
    except KeyboardInterrupt:
        say("\nStopped.")
        return INTERRUPTED
    except (ApiError, CannotGoOn, OSError) as error:
        complain(str(error))
        return FAILED


def say(line: str) -> None:
    """Print a line at once, even into a pipe."""
    print(line, flush=True)


def complain(line: str) -> None:
    """Print a line on standard error."""
    print(line, file=sys.stderr)
