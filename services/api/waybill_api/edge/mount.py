"""The path below which a proxy shows the API: it is removed from what comes in, and added to what goes out.

Everything else in the API knows addresses from `/` on only.
"""

import re
from functools import cached_property

HOST_BOUND, SECURE = "__Host-", "__Secure-"
OURS = "waybill-"


class Mount:
    """The path below which all addresses lie, such as `/waybill`; empty if they lie at the root.

    A proxy may keep the path or remove it: both are understood, since no address of ours begins with it.
    """

    def __init__(self, path: str = "") -> None:
        """Take the path, with a slash at its start and none at its end."""
        self.path = path

    def inner(self, target: str) -> str:
        """Return the target of a request without the path."""
        rest = target[len(self.path) :]
        if not self.path or not target.startswith(self.path) or rest[:1] not in ("", "/", "?"):
            return target
        return rest if rest.startswith("/") else f"/{rest}"

    def outer(self, address: str) -> str:
        """Return an address of ours as the client has to ask for it; others and complete ones stay as they are."""
        if not self.path or not address.startswith("/") or f"{address}/".startswith(f"{self.path}/"):
            return address
        return self.path + address

    def link(self, header: str) -> str:
        """Return a header `Link` with one address, as `outer` does."""
        before, _, rest = header.partition("<")
        address, _, after = rest.partition(">")
        return f"{before}<{self.outer(address)}>{after}"

    def page(self, html: bytes) -> bytes:
        """Return a page with the path in its addresses.

        They stand in attributes of our templates. A text that a user wrote has no quotes there, so it is no attribute.
        """
        return self._addresses.sub(self._written, html) if self.path else html

    @property
    def cookies(self) -> str:
        """The path of cookies, so that other sites of the same host do not get them."""
        return self.path or "/"

    def cookie(self, name: str) -> str:
        """Return the name that a cookie has in the browser: one with `__Host-` must not have a path."""
        return name.replace(HOST_BOUND, SECURE, 1) if self.path else name

    def cookies_in(self, header: str) -> str:
        """Return a header `Cookie` with the names that the API knows."""
        if not self.path:
            return header
        # One of another installation, at the root of the same host, does not count here.
        own = header.replace(HOST_BOUND + OURS, f"elsewhere-{OURS}")
        return own.replace(SECURE + OURS, HOST_BOUND + OURS)

    @cached_property
    def _addresses(self) -> re.Pattern[bytes]:
        path = re.escape(self.path.encode())
        return re.compile(rb'(\s(?:(?:href|src|action)="|content="0; url=))(?!' + path + rb'[/"?#])/')

    @cached_property
    def _written(self) -> bytes:
        return rb"\1" + self.path.encode() + b"/"
