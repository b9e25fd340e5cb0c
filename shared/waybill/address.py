"""The address of an API, and its valid form."""

from urllib.parse import urlsplit


def api_address(text: str) -> str:
    """Return an address without its final slash. Raises ValueError; its message never repeats a possible secret.

    The part before an `@` is refused: it would be sent as user name and password, instead of the token.
    """
    if not text.isprintable() or any(character in text for character in " ?#\\"):
        raise ValueError("not an address of an API")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("not an address of an API")
    if "@" in parts.netloc:
        raise ValueError("an address of an API has no user name and password in it")
    return text.rstrip("/")
