"""The client for programs: hands tasks over, and waits for what becomes of them."""

import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from waybill.client.calls import Calls
from waybill.transport import TIMEOUT, proxies_of_the_environment

ADDRESS = "http://127.0.0.1:8000"
"""Where an API listens unless its settings say otherwise."""

RETRIES = 5


class Client(Calls):
    """Speaks to one API as a program does; safe to share between threads.

    While the API cannot be reached, a call that may be repeated is repeated. Every method raises ApiUnreachable if
    that does not help, and ApiProblem if the API refuses.
    """

    def __init__(
        self,
        base_url: str | None = None,
        token: Callable[[], str | None] | str | None = None,
        timeout: tuple[float, float] = TIMEOUT,
        installation: Callable[[], str | None] = lambda: None,
        *,
        retries: int = RETRIES,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        """Take the address, by default WAYBILL_API_URL or http://127.0.0.1:8000, and the token of that API.

        Without `token` it is WAYBILL_API_TOKEN. `timeout` is a pair of seconds: to connect, and to wait for the next
        bytes. A call is repeated up to `retries` times. `verify` and `proxies` are those of `requests`; without them
        REQUESTS_CA_BUNDLE and the proxies of the environment count, but no such proxy is used to this machine itself.
        Raises ValueError for an address that is none.
        """
        url = base_url or os.environ.get("WAYBILL_API_URL") or ADDRESS
        super().__init__(
            url,
            _token_of_the_environment if token is None else token,
            timeout,
            installation,
            verify=verify,
            proxies=proxies_of_the_environment(url) if proxies is None else proxies,
            retries=retries,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _token_of_the_environment() -> str | None:
    return os.environ.get("WAYBILL_API_TOKEN") or None
