"""The comparator: the same assignment, written in an hour with Tornado, Peewee, Huey and requests.

It is ordinary code, with module-level objects, and nothing in it is slow on purpose: the database has a write-ahead
log, and the worker has 16 threads. It lacks what Waybill is about: if a message or report is lost, so is the task.
"""
