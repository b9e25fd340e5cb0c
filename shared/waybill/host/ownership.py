"""The owner of the data directory: files that root makes there belong to the user of the service."""

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder, for its owner only, unless it is there; root gives it to the owner of its parent folder.

    Raises OSError.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if missing and os.geteuid() == 0:
        owner = missing[-1].parent.stat()
        for one in missing:
            os.chown(one, owner.st_uid, owner.st_gid)


def check_access(paths: Iterable[Path]) -> None:
    """Raise PermissionError for the first of these files that exists and that this process may not use."""
    for path in paths:
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def hand_over(folder: Path, paths: Iterable[Path]) -> None:
    """Give files that root has made to the owner of the folder; do nothing for other users."""
    if os.geteuid() != 0:
        return
    owner = folder.stat()
    for path in paths:
        with suppress(FileNotFoundError):
            found = path.lstat()
            if found.st_uid != owner.st_uid and not stat.S_ISLNK(found.st_mode):
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
