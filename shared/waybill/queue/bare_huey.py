"""Huey, without the drivers that it loads wherever they are installed: they take as long as the rest of a start.

Whoever imports this before anything of Huey saves that time. The queue's own modules load what they need.
"""

import sys

DRIVERS = ("cysqlite", "psycopg", "redis")

_hidden = [name for name in DRIVERS if name not in sys.modules]
# None stands for a module that is not installed.
sys.modules.update(dict.fromkeys(_hidden))  # type: ignore[arg-type]
try:
    from huey.storage import SqliteStorage
finally:
    for _name in _hidden:
        del sys.modules[_name]

__all__ = ["SqliteStorage"]
