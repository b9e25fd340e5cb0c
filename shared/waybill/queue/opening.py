"""Opening the queue that a URL names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from waybill.queue.queue import Queue


def open_queue(url: str) -> Queue:
    """Open the queue at a URL, and make it if there is none: `sqlite:///` and a path, as in SQLAlchemy.

    Raises QueueUnavailable, and ValueError for a URL of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme != "sqlite" or parts.netloc or len(parts.path) < len("/q"):
        raise ValueError("the URL of a queue is sqlite:/// and the path of its file")
    return Queue(Path(unquote(parts.path[1:])))
