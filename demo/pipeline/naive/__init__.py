"""The comparison: a tracker as one would write it in the first hour, where the last write wins.

It is ordinary on purpose, and nothing was made slow or wrong on purpose: a report is one `PATCH`, a `PATCH` is one
plain `UPDATE` of the fields that it names. It is right whenever reports arrive once, in order.
"""
