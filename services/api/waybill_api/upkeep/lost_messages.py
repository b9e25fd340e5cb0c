"""Lost messages, which are sent again.

Huey deletes a message before its task runs, so that it is lost if the worker dies in between; and the queue
may be emptied at any time. A due run is lost if its message is outstanding for long and not on the queue.
"""

from collections.abc import Collection

from waybill.queue.message import QueuedMessage
from waybill_api.store.tables.lanes import DueRun
from waybill_api.upkeep.window import Window

PATIENCE = 10.0
"""Seconds after which an outstanding message is looked for on the queue."""


def lost(window: Window, queued: Collection[QueuedMessage], now: float, patience: float = PATIENCE) -> list[DueRun]:
    """Return the outstanding messages that are not on the queue after `patience` seconds, to be sent again.

    A message on another route than its own, as an older version sent it, reaches no worker.

    They count as seen `now` (monotonic seconds), and so do all messages on the queue, however new: one look serves a
    whole backlog. Otherwise a look would follow each commit.
    """
    old = window.older_than(now - patience)
    present = {(one.route, one.message) for one in queued}
    missing = {message: lane for message, lane in old if (lane.route, message) not in present}
    window.see({*missing, *(one.message for one in queued)}, now)
    return [DueRun(lane.route, lane.priority, message.task_id, message.run) for message, lane in missing.items()]


def unwanted(window: Window, queued: Collection[QueuedMessage]) -> list[int]:
    """Return the numbers of messages that are not outstanding: no worker needs them, and perhaps none takes them."""
    lanes = ((one, window.lane(one.message)) for one in queued)
    return [one.number for one, lane in lanes if lane is None or lane.route != one.route]
