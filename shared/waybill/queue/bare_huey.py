"""Huey, without the drivers that the queue's own modules load where they are wanted.

A module that imports this before anything of Huey loads faster.
"""

from waybill.host.drivers import left_out

with left_out():
    from huey.storage import SqliteStorage

__all__ = ["SqliteStorage"]
