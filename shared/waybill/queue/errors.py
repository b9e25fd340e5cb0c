"""What the queue raises."""


class QueueUnavailable(Exception):
    """The queue cannot be used now; the message says why, and the same call may succeed later."""


class ConnectionLost(QueueUnavailable):
    """The connection to the queue's server has ended; a new one may work at once."""


class QueueUnusable(Exception):
    """The queue cannot be used until an operator changes something; the message is one line that says what."""
