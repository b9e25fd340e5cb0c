"""The forms of a request target (RFC 9112, 3.2), converted to the one that routes match: a path."""

import re
from collections.abc import Awaitable
from typing import Any

from tornado.httputil import HTTPHeaders, HTTPInputError, HTTPMessageDelegate, RequestStartLine, ResponseStartLine

from waybill_api.edge.edge import Edge

ABSOLUTE = re.compile(r"https?://([^/?#@]+)(/[^#]*|\?[^#]*)?", re.IGNORECASE)
"""An absolute address; `https` too, since TLS may end in a proxy before the API."""

SERVER = "*"
"""The target of an OPTIONS that asks about the server as a whole."""


class Addressed(HTTPMessageDelegate):
    """Passes a request on with its target as a path, and with its client."""

    def __init__(self, delegate: HTTPMessageDelegate, edge: Edge, context: Any) -> None:
        """Pass requests on to `delegate`; `context` is that of their connection."""
        self.data_received = delegate.data_received  # type: ignore[method-assign]
        self.finish = delegate.finish  # type: ignore[method-assign]
        self.on_connection_close = delegate.on_connection_close  # type: ignore[method-assign]
        self._delegate = delegate
        self._edge = edge
        self._context = context

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Take the head of a request. Raises HTTPInputError if its target has no known form."""
        if isinstance(start_line, RequestStartLine):
            if not start_line.path.startswith("/"):
                start_line = by_path(start_line, headers)
            start_line = self._edge.receive(start_line, headers, self._context)
        return self._delegate.headers_received(start_line, headers)


def by_path(start_line: RequestStartLine, headers: HTTPHeaders) -> RequestStartLine:
    """Return a request line with a path, and put the host of an absolute target into `headers`.

    Such a target overrides the received `Host` (3.2.2), which still has to be present and valid. Raises HTTPInputError.
    """
    method, target, version = start_line
    if target == SERVER and method == "OPTIONS":
        return start_line
    found = ABSOLUTE.fullmatch(target)
    if found is None:
        raise HTTPInputError("Malformed request target")
    if version != "HTTP/1.0" and "Host" not in headers:
        raise HTTPInputError("Missing Host header")
    if "," in headers.get("Host", ""):
        raise HTTPInputError("Multiple host headers not allowed")
    headers["Host"] = found[1]
    path = found[2] or (SERVER if method == "OPTIONS" else "/")
    return RequestStartLine(method, f"/{path}" if path.startswith("?") else path, version)
