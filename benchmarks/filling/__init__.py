"""Databases of any size, like those of an installation after a month of work."""
