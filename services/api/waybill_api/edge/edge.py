"""The edge of the API: each request comes in here, from the client and with the address that the rest of it knows."""

import socket
from typing import Any

from tornado.httputil import HTTPHeaders, RequestStartLine

from waybill_api.edge.forwarded import FORWARDING
from waybill_api.edge.mount import Mount
from waybill_api.edge.proxies import UNIX, Proxies


class Edge:
    """What lies between a client and the API: the proxies that are trusted, and the path below which it is shown."""

    def __init__(self, proxies: Proxies | None = None, mount: Mount | None = None) -> None:
        """Take the trusted proxies, by default none, and the path, by default the root."""
        self.proxies = proxies or Proxies()
        self.mount = mount or Mount()

    def receive(self, start_line: RequestStartLine, headers: HTTPHeaders, context: Any) -> RequestStartLine:
        """Return the request line without the mount's path; change the host in `headers`, and the client in `context`.

        `context` is Tornado's, which lasts as long as the connection: behind a proxy its requests come from many
        clients.
        """
        is_unix = context.address_family == socket.AF_UNIX
        peer = UNIX if is_unix else context.address[0]
        context.remote_ip, context.protocol = peer, "http"
        if self.proxies:
            self._see_through(peer, headers, context)
        if self.mount.path:
            start_line = start_line._replace(path=self.mount.inner(start_line.path))
            if "Cookie" in headers:
                headers["Cookie"] = self.mount.cookies_in(headers["Cookie"])
        return start_line

    def _see_through(self, peer: str, headers: HTTPHeaders, context: Any) -> None:
        client = self.proxies.client_of(peer, headers)
        context.remote_ip = client.address
        if not client.is_vouched:
            for name in FORWARDING:
                headers.pop(name, None)
        context.protocol = client.scheme or "http"
        if client.host is not None:
            headers["Host"] = client.host
