"""The address of an API, and its valid form."""

import re
from pathlib import Path
from urllib.parse import urlsplit

UNIX = "unix:"
"""The scheme of an address that is the path of a UNIX socket, such as `unix:/run/waybill/api.sock`."""

LONGEST_SOCKET = 107
"""Bytes that the path of a socket may have on Linux."""

SEGMENT = re.compile(r"[0-9A-Za-z._~-]+")
"""A segment of a path that needs no escapes anywhere: in addresses, pages and cookies."""


def api_address(text: str) -> str:
    """Return an address without its final slash. Raises ValueError; its message never repeats a possible secret.

    The part before an `@` is refused: it would be sent as user name and password, instead of the token.
    """
    if not text.isprintable() or any(character in text for character in " ?#\\"):
        raise ValueError("not an address of an API")
    if text.startswith(UNIX):
        return f"{UNIX}{socket_path(text)}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("not an address of an API")
    if "@" in parts.netloc:
        raise ValueError("an address of an API has no user name and password in it")
    return text.rstrip("/")


def socket_path(text: str) -> Path | None:
    """Return the path of an address that is a UNIX socket; None for another address. Raises ValueError."""
    if not text.startswith(UNIX):
        return None
    rest = text.removeprefix(UNIX)
    path = Path(f"/{rest.lstrip('/')}")
    if not rest.startswith("/") or path == Path("/") or not text.isprintable():
        raise ValueError("not the path of a socket")
    if len(str(path).encode()) > LONGEST_SOCKET:
        raise ValueError(f"the path of a socket has at most {LONGEST_SOCKET} bytes")
    return path


def root_path(text: str) -> str:
    """Return a path with a slash at its start and none at its end, empty for the root. Raises ValueError."""
    inside = text.strip("/")
    if not all(SEGMENT.fullmatch(one) and one.strip(".") for one in inside.split("/") if inside):
        raise ValueError("not a path that needs no escapes")
    return f"/{inside}" if inside else ""
