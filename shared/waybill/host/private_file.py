"""Files that only their owner may read, whatever the umask is."""

import os
from contextlib import suppress
from pathlib import Path

MODE = 0o600


def make_private(path: Path) -> None:
    """Make an empty file with its final mode, unless there is one; SQLite gives the same mode to its journal.

    Raises OSError. An existing file is never opened: closing it again would drop SQLite's own locks on it.
    """
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
        try:
            os.fchmod(descriptor, MODE)
        finally:
            os.close(descriptor)
