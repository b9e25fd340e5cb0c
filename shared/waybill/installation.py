"""The id of the installation: it is made with the data directory, and every answer of the API carries it."""

import os
import re
import secrets
from pathlib import Path

HEADER = "Waybill-Installation"
SHAPE = re.compile(r"[0-9A-Za-z-]{8,64}")
READ_AT_MOST = 1_000


class NoInstallation(Exception):
    """The file holds no id; the message is one line."""


def new_id() -> str:
    """Return a new unique id."""
    return secrets.token_hex(16)


def read(path: Path) -> str | None:
    """Return the id in a file; None if there is no file, as after an older version or on another machine.

    Raises NoInstallation, OSError.
    """
    try:
        with path.open("rb") as file:
            text = file.read(READ_AT_MOST).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    if not SHAPE.fullmatch(text):
        raise NoInstallation(f"{path} holds no id of an installation; if nothing else is known of it, remove it")
    return text


def known(path: Path) -> str | None:
    """Return the id in a file; None if it cannot be read: then the client does not check who answers."""
    try:
        return read(path)
    except (NoInstallation, OSError):
        return None


def write(path: Path, installation: str) -> None:
    """Write an id to its file; after a crash the file is whole or missing. Raises OSError."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(installation + "\n")
        file.flush()
        os.fsync(descriptor)
    draft.rename(path)
