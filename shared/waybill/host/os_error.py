"""The message about a file that cannot be used: one line with the file and the remedy."""

import errno
import os
import pwd
from pathlib import Path

FOR_PEOPLE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EROFS, errno.EEXIST, errno.ENAMETOOLONG}
)
"""Errors that do not pass by themselves, so that a restart does not help."""


def told(error: OSError) -> str:
    """Return the line about an error."""
    path = None if error.filename is None else Path(os.fsdecode(error.filename))
    where = "" if path is None else f"{path} cannot be used: "
    return f"{where}{error.strerror or error}{_remedy(error.errno, path)}"


def needs_a_person(error: OSError) -> bool:
    """Whether an operator has to change something before a restart can help."""
    return error.errno in FOR_PEOPLE


def _remedy(number: int | None, path: Path | None) -> str:
    if number in (errno.EACCES, errno.EPERM) and path is not None:
        there = next((one for one in (path, *path.parents) if one.exists()), path)
        return (
            f"; it belongs to {_owner(there)}, this process is {_name(os.geteuid())}: give it to that user with chown"
        )
    if number in (errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EEXIST):
        return "; move what lies there away"
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "; make room on its disk"
    if number == errno.EROFS:
        return "; mount its file system so that it can be written"
    return ""


def _owner(path: Path) -> str:
    try:
        return _name(path.stat().st_uid)
    except OSError:
        return "another user"


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user {uid}"
