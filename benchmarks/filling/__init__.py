"""Databases of any size that look as if an installation had been at work for a month."""
