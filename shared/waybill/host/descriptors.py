"""How many files and connections the system allows this process."""

import resource

LEAST = 64
"""With fewer descriptors a service cannot even open its own files."""


class TooFewDescriptors(Exception):
    """This process may open too few files; the message is one line."""


def allowed_descriptors() -> int:
    """Return how many descriptors this process may have."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def check_descriptors() -> None:
    """Raise TooFewDescriptors if there are too few to start a service."""
    allowed = allowed_descriptors()
    if allowed < LEAST:
        raise TooFewDescriptors(f"this process may open {allowed} files, and needs {LEAST}: raise `ulimit -n`")
