"""How many files and connections the system allows this process."""

import resource

LEAST = 64
"""With fewer a service cannot open its own files, let alone serve anybody."""


class TooFewDescriptors(Exception):
    """This process may open too little; the message is one line."""


def allowed_descriptors() -> int:
    """Return how many descriptors this process may have."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def check_descriptors() -> None:
    """Raise TooFewDescriptors where a service could not even start."""
    allowed = allowed_descriptors()
    if allowed < LEAST:
        raise TooFewDescriptors(f"this process may open {allowed} files, and needs {LEAST}: raise `ulimit -n`")
