"""What the queue raises."""


class QueueUnavailable(Exception):
    """The queue cannot be used now; the message says why, and the same call may succeed later."""
