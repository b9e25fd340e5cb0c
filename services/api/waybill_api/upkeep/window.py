"""The window: the messages that were sent and whose runs are not claimed yet; in memory, rebuilt at the start."""

from collections import Counter
from collections.abc import Mapping, Set
from itertools import takewhile

from waybill.queue.message import Message
from waybill_api.store.tables.lanes import DueRun, Lane

WINDOW = 2_000
"""How many messages of one route may be outstanding, over all priorities; further runs wait as rows."""


class Window:
    """The outstanding messages of every lane, each with the time (monotonic seconds) at which it was last seen."""

    def __init__(self) -> None:
        """Begin empty."""
        self._outstanding: dict[Message, tuple[Lane, float]] = {}  # in the order of the times
        self._counts: dict[str, Counter[int]] = {}  # by route and priority

    def __len__(self) -> int:
        """Return how many messages are outstanding."""
        return len(self._outstanding)

    def __contains__(self, message: Message) -> bool:
        """Return whether a message is outstanding."""
        return message in self._outstanding

    def lane(self, message: Message) -> Lane | None:
        """Return the lane of a message; None if it is not outstanding."""
        return self._outstanding.get(message, (None, 0.0))[0]

    def room(self, lane: Lane) -> int:
        """Return how many more messages of a lane may go out: less urgent ones give way."""
        counts: Mapping[int, int] = self._counts.get(lane.route, {})
        return WINDOW - sum(count for priority, count in counts.items() if priority >= lane.priority)

    def excess(self) -> dict[str, int]:
        """Return by how many messages each route is over the limit; the least urgent of them are taken back."""
        totals = ((route, sum(counts.values())) for route, counts in self._counts.items())
        return {route: total - WINDOW for route, total in totals if total > WINDOW}

    def add(self, run: DueRun, at: float) -> None:
        """Count a message as outstanding."""
        lane, message = Lane(run.route, run.priority), Message(run.task_id, run.run)
        self.discard(message)
        self._counts.setdefault(lane.route, Counter())[lane.priority] += 1
        self._outstanding[message] = (lane, at)

    def discard(self, message: Message) -> Lane | None:
        """Forget a message that was claimed or is not needed any more; return its lane if it was outstanding."""
        lane, _ = self._outstanding.pop(message, (None, 0.0))
        if lane is not None:
            counts = self._counts[lane.route]
            counts[lane.priority] -= 1
            if not counts[lane.priority]:
                del counts[lane.priority]
            if not counts:
                del self._counts[lane.route]
        return lane

    def see(self, messages: Set[Message], at: float) -> None:
        """Note that messages were seen on the queue; those that are not outstanding are ignored."""
        seen = {message: (lane, at) for message, (lane, _) in self._outstanding.items() if message in messages}
        unseen = {message: known for message, known in self._outstanding.items() if message not in seen}
        self._outstanding = unseen | seen

    def older_than(self, at: float) -> list[tuple[Message, Lane]]:
        """Return the outstanding messages that were last seen at `at` or before, without looking at all others."""
        old = takewhile(lambda item: item[1][1] <= at, self._outstanding.items())
        return [(message, lane) for message, (lane, _) in old]

    def clear(self) -> None:
        """Forget everything."""
        self._outstanding.clear()
        self._counts.clear()
