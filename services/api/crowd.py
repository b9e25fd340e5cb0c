"""The open connections: how many there may be, and which one gives way to another."""

from collections import OrderedDict
from typing import Protocol

LOOKS = 100
"""How many busy connections are looked at for one that gives way: thousands may be, and others wait meanwhile."""


class Member(Protocol):
    """A connection."""

    @property
    def is_idle(self) -> bool:
        """Whether no whole head of a request is under way, so that closing it costs nobody an answer."""

    @property
    def is_arriving(self) -> bool:
        """Whether the body of a request is still on its way."""

    def close(self) -> None:
        """Close it."""


class Crowd:
    """Counts connections, and knows which has been waiting longest for a request."""

    def __init__(self, most: int) -> None:
        """Take how many may be open."""
        self._most = most
        self._open: set[Member] = set()
        self._waiting: OrderedDict[Member, None] = OrderedDict()
        """Those that have waited for a request, the longest first; some may have one by now."""
        self._busy: OrderedDict[Member, None] = OrderedDict()
        """Those that were found to have one, and what to look at next first."""

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    @property
    def is_full(self) -> bool:
        """Whether as many are open as may be."""
        return len(self._open) >= self._most

    def enter(self, member: Member) -> None:
        """Note that it is open, and waits for its first request."""
        self._open.add(member)
        self.wait(member)

    def wait(self, member: Member) -> None:
        """Note that it waits for a request from now on."""
        if member in self._open:
            self._busy.pop(member, None)
            self._waiting[member] = None
            self._waiting.move_to_end(member)

    def leave(self, member: Member) -> None:
        """Note that it is closed."""
        self._open.discard(member)
        self._waiting.pop(member, None)
        self._busy.pop(member, None)

    def make_room(self) -> bool:
        """Close the one that has been idle longest, or else one that is slow to send; return whether there was any."""
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
