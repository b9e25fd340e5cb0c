"""The address of an API: what one may look like."""

from urllib.parse import urlsplit


def api_address(text: str) -> str:
    """Return an address without the slash at its end. Raises ValueError, which does not repeat what may be a secret.

    What stands before an `@` would be sent as a user's name and password, in the place of the token.
    """
    if not text.isprintable() or any(character in text for character in " ?#\\"):
        raise ValueError("not an address of an API")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("not an address of an API")
    if "@" in parts.netloc:
        raise ValueError("an address of an API has no user name and password in it")
    return text.rstrip("/")
