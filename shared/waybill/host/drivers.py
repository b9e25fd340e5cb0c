"""Drivers of databases, which libraries load wherever they are installed: they would take a third of a start."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("cysqlite", "psycopg", "psycopg2", "redis")


@contextmanager
def left_out() -> Iterator[None]:
    """Let imports in the block find no driver; one that is loaded already stays."""
    left = [name for name in NAMES if name not in sys.modules]
    # None stands for a module that is not installed.
    sys.modules.update(dict.fromkeys(left))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in left:
            del sys.modules[name]
