"""The database itself: how it is opened, migrated and checked, and its clock and ids."""

from waybill.host.drivers import left_out

with left_out():
    import peewee  # noqa: F401 - before anything else loads it
