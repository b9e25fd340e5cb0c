"""The URL of a queue: its valid form, and how it is shown."""

from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

FORMS = "sqlite:///PATH, redis://HOST:PORT/NUMBER, rediss://, unix:///SOCKET or postgresql://HOST:PORT/DATABASE"

REDIS_OPTIONS = frozenset(
    {
        "db",
        "password",
        "ssl_ca_certs",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_keyfile",
        "username",
    }
)
"""What may follow the `?`; the driver would take any name, and fail with each connection."""


def checked(url: str) -> str:
    """Return the URL. Raises ValueError if it names no queue; its message repeats nothing of the URL."""
    try:
        is_valid = _is_valid(urlsplit(url))
    except ValueError:
        is_valid = False
    if not is_valid or not url.isprintable() or " " in url:
        raise ValueError(f"the URL of a queue is {FORMS}")
    return url


def shown(url: str) -> str:
    """Return a URL for people: without its password, its user and what follows a `?`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def without_password(text: str, url: str) -> str:
    """Return one line of text in which the URL's password is not readable."""
    parts = urlsplit(url)
    given = [parts.netloc.rpartition("@")[0].partition(":")[2], *parse_qs(parts.query).get("password", [])]
    for secret in {*given, *map(unquote, given)} - {""}:
        text = text.replace(secret, "***")
    return " ".join(text.split())


def _is_valid(parts: SplitResult) -> bool:
    """Whether the parts name a queue; ValueError means no."""
    name = parts.path.removeprefix("/")
    if parts.fragment:
        return False
    if parts.scheme == "sqlite":
        return bool(name) and not parts.netloc and not parts.query
    if parts.scheme == "postgresql":
        # Its driver takes several hosts, and knows its options.
        return "/" not in name
    is_known = set(parse_qs(parts.query, keep_blank_values=True)) <= REDIS_OPTIONS
    if parts.scheme == "unix":
        return bool(name) and not parts.hostname and is_known
    is_redis = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
    return is_redis and is_known and (not name or name.isdecimal())
