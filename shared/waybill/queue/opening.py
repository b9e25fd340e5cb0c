"""Opening the queue that a URL names."""

from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

from waybill.queue.errors import QueueUnusable
from waybill.queue.queue import Queue
from waybill.queue.url import checked

SERVERS = {"redis": "redis", "rediss": "redis", "unix": "redis", "postgresql": "postgresql"}
"""The module of each kind of server, which is also the extra that brings its driver."""


def open_queue(url: str) -> Queue:
    """Open the queue at a URL: `sqlite:///` and a path, as in SQLAlchemy, or a server, which need not be there yet.

    A file is made if there is none. Raises QueueUnavailable if it cannot be, QueueUnusable if a driver is missing, and
    ValueError for a URL of another kind.
    """
    parts = urlsplit(checked(url))
    kind = SERVERS.get(parts.scheme)
    try:
        if kind is None:
            module = import_module("waybill.queue.file_queue")
            return module.FileQueue(Path(unquote(parts.path[1:])))  # type: ignore[no-any-return]
        return import_module(f"waybill.queue.{kind}").open_server(url)  # type: ignore[no-any-return]
    except ImportError:
        raise QueueUnusable(
            f"WAYBILL_QUEUE_URL begins with {parts.scheme}://, and its driver is not installed: "
            f"pip install 'waybill-tasks[{kind}]'"
        ) from None
