"""Huey, without the drivers that the queue's own modules load where they are wanted.

Whoever imports this before anything of Huey saves their time.
"""

from waybill.host.drivers import left_out

with left_out():
    from huey.storage import SqliteStorage

__all__ = ["SqliteStorage"]
