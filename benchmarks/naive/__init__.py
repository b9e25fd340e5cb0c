"""The comparator: the same assignment as one would write it in the first hour with Tornado, Peewee, Huey and requests.

It is ordinary on purpose, module-level objects included, and not made slow on purpose: the database has a write-ahead
log, the worker has 16 threads. What it lacks is what Waybill is about: a message or report that is
lost costs it the task.
"""
