"""The open connections: how many there may be, and which one is closed for a new one."""

from collections import OrderedDict
from typing import Protocol

LOOKS = 100
"""How many busy connections are checked at once: there may be thousands, and the check blocks the loop."""


class Member(Protocol):
    """A connection."""

    @property
    def is_idle(self) -> bool:
        """Whether no request with a whole head awaits its answer, so that closing it loses no answer."""

    @property
    def is_arriving(self) -> bool:
        """Whether the body of a request is still on its way."""

    def close(self) -> None:
        """Close it."""


class Crowd:
    """Counts the connections, ordered by how long each has waited for a request."""

    def __init__(self, most: int) -> None:
        """Take how many may be open at once."""
        self._most = most
        self._open: set[Member] = set()
        self._waiting: OrderedDict[Member, None] = OrderedDict()
        """The connections that waited for a request, the longest wait first; some may have one by now."""
        self._busy: OrderedDict[Member, None] = OrderedDict()
        """The connections that were found to have a request; the first one is checked next."""

    def __len__(self) -> int:
        """Return the number of open connections."""
        return len(self._open)

    @property
    def is_full(self) -> bool:
        """Whether no further connection may open."""
        return len(self._open) >= self._most

    def enter(self, member: Member) -> None:
        """Note that a connection is open, and waits for its first request."""
        self._open.add(member)
        self.wait(member)

    def wait(self, member: Member) -> None:
        """Note that a connection waits for a request from now on."""
        if member in self._open:
            self._busy.pop(member, None)
            self._waiting[member] = None
            self._waiting.move_to_end(member)

    def leave(self, member: Member) -> None:
        """Note that a connection is closed."""
        self._open.discard(member)
        self._waiting.pop(member, None)
        self._busy.pop(member, None)

    def make_room(self) -> bool:
        """Close the connection idle for longest, or else one that is slow to send; return whether one was closed."""
        while self._waiting:
            member, _ = self._waiting.popitem(last=False)
            if member.is_idle:
                return self._close(member)
            self._busy[member] = None
        for _ in range(min(LOOKS, len(self._busy))):
            member = next(iter(self._busy))
            if member.is_arriving:
                return self._close(member)
            self._busy.move_to_end(member)
        return False

    def _close(self, member: Member) -> bool:
        member.close()
        self.leave(member)
        return True
