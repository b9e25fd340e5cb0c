"""The memory of an isolated process, which its handler may bound."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

STATM = Path("/proc/self/statm")


@contextlib.contextmanager
def bounded(memory: int | None) -> Iterator[None]:
    """Let this process take up to `memory` bytes of address space more than it has now; None sets no bound.

    A MemoryError without a message gets one.
    """
    if memory is None:
        yield
        return
    before, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = _size() + memory
    # Only the soft limit, so that the report of the end has room again.
    resource.setrlimit(resource.RLIMIT_AS, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))
    try:
        yield
    except MemoryError as error:
        error.args = error.args or (f"the handler needs more than the {memory:,} bytes that it may take",)
        raise
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, most))


def _size() -> int:
    """Return the bytes of address space that this process has; 0 if the system does not tell."""
    try:
        return int(STATM.read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0
