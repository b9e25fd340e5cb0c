"""Refuses lower limits that a handler sets for its own worker, since they would end the other tasks."""

import errno
import os
import resource
import sys
from typing import Any

LIMITS = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC")


def refuse_own_limits() -> None:
    """Make Python refuse limits lower than the present ones, in this process but not in its children."""
    pid, deepest = os.getpid(), sys.getrecursionlimit()
    names = {getattr(resource, name): name for name in LIMITS}
    before = {number: resource.getrlimit(number)[0] for number in names}

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("resource.setrlimit", "resource.prlimit") or os.getpid() != pid:
            return
        target, number, limits = (pid, *arguments) if event == "resource.setrlimit" else arguments
        if target in (0, pid) and limits is not None and number in names and is_lower(limits[0], before[number]):
            raise PermissionError(
                errno.EPERM, f"a handler may not lower {names[number]} of its worker: set it in a process of its own"
            )

    sys.addaudithook(watch)
    set_limit = sys.setrecursionlimit

    def at_least(limit: int, /) -> None:
        if limit < deepest:
            raise ValueError(f"a worker needs a recursion limit of at least {deepest}")
        set_limit(limit)

    # This call has no audit event.
    sys.setrecursionlimit = at_least


def is_lower(limit: int, before: int) -> bool:
    """Return whether `limit` is lower than `before`; RLIM_INFINITY is the highest, whatever its number."""
    if limit == resource.RLIM_INFINITY:
        return False
    return before == resource.RLIM_INFINITY or limit < before
