"""A signature that no input can fill."""


class Unfillable(Exception):
    """A signature cannot be filled from JSON; the message says which parameter is at fault, and why."""
