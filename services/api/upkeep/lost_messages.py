"""Where a lost message is sent again.

Huey deletes a message before its task runs, so a worker that dies in between takes it along; and the queue is a
file that anybody may delete. What is due, outstanding for long and not on the queue is lost.
"""

from collections.abc import Collection

from services.api.store.tasks import DueRun
from services.api.upkeep.window import Window
from shared.queue import Message

PATIENCE = 10.0
"""Seconds after which an outstanding message is looked for."""


def lost(window: Window, contents: Collection[Message], now: float, patience: float = PATIENCE) -> list[DueRun]:
    """Return the outstanding messages that are not on the queue after `patience` seconds, to be sent again.

    All that was looked for counts as seen `now` (monotonic seconds), so it is not looked for again at once.
    """
    missing: list[DueRun] = []
    for message, lane in window.older_than(now - patience):
        if message not in contents:
            missing.append(DueRun(lane.route, lane.priority, message.task_id, message.run))
        window.seen(message, now)
    return missing
