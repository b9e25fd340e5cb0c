"""HTTP to the API: connections, the token, a second try."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any, Self
from urllib.parse import urlsplit
from weakref import WeakSet

import requests
from urllib3.exceptions import ProtocolError

from waybill.address import api_address, socket_path
from waybill.api_error import ApiError, ApiProblem, ApiUnreachable, WrongInstallation
from waybill.host.socket_adapter import SocketAdapter
from waybill.installation import HEADER
from waybill.pauses import Pauses
from waybill.trust import NoAuthorities, authorities

LOCAL = "http://localhost"
"""What requests over a UNIX socket name as the host."""

TIMEOUT = (3.05, 30.0)
"""Seconds to connect, and to wait for the next bytes of an answer."""

NO_CONTENT = 204
UNAUTHORIZED = 401
FIRST_FAILURE = 300
FIRST_SERVER_ERROR = 500


class Transport:
    """Sends requests to one API. Each thread keeps a connection of its own.

    A call that may be repeated is sent once more if the server had closed a kept-alive connection.
    """

    def __init__(
        self,
        base_url: str,
        token: Callable[[], str | None] | str | None = None,
        timeout: tuple[float, float] = TIMEOUT,
        installation: Callable[[], str | None] = lambda: None,
        *,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
        retries: int = 0,
    ) -> None:
        """Take the address and the bearer token, or a function that reads it; it is read again after a 401.

        `installation` returns the id of the expected installation, None while it is not known. Each new connection is
        asked for the id before the token is sent over it. `verify` and `proxies` are those of `requests`; without
        them the authorities are those that the environment names, and no proxy is used. While the API cannot be
        reached, a call that may be repeated is sent up to `retries` times more.
        """
        self._url = api_address(base_url)
        self._socket = socket_path(self._url)
        self._base_url = self._url if self._socket is None else LOCAL
        self._read_token: Callable[[], str | None] = token if callable(token) else lambda: token
        self._token: str | None = None
        self._timeout = timeout
        self._read_installation = installation
        self._verify = verify
        self._proxies = dict(proxies or {}) if self._socket is None else {}
        self._retries = retries
        self._sessions: WeakSet[requests.Session] = WeakSet()
        self._local = threading.local()

    @property
    def url(self) -> str:
        """The address of the API, without a final slash."""
        return self._url

    def once(self) -> Self:
        """Return the same client without repetitions; both share their connections."""
        same = copy(self)
        same._retries = 0
        return same

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        for session in list(self._sessions):
            session.close()

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | str | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float] | None = None,
        again: bool = True,
    ) -> Any:
        text = body if body is None or isinstance(body, str) else json.dumps(body, allow_nan=False)
        url = self._base_url + path
        response = self._send(method, url, text, parameters or {}, headers or {}, timeout or self._timeout, again)
        return decoded(response)

    def _chunks(
        self,
        path: str,
        parameters: Mapping[str, str],
        headers: Mapping[str, str],
        timeout: tuple[float, float] | None = None,
    ) -> Iterator[bytes]:
        """Yield the parts of a long answer as they come. Raises ApiUnreachable if it breaks off."""
        url = self._base_url + path
        response = self._send("GET", url, None, parameters, headers, timeout or self._timeout, stream=True)
        try:
            yield from response.iter_content(None)
        except OSError as error:
            raise ApiUnreachable(_reason(error)) from error
        finally:
            response.close()

    def _send(
        self,
        method: str,
        url: str,
        text: str | None,
        parameters: Mapping[str, str],
        headers: Mapping[str, str],
        timeout: tuple[float, float],
        again: bool = True,
        stream: bool = False,
    ) -> requests.Response:
        """Send one request, more often if that may help, and return the answer if it is a success.

        With `stream` the caller reads the answer's body, and closes it.
        """
        pauses = Pauses()
        for _ in range(self._retries if again else 0):
            try:
                return self._send_once(method, url, text, parameters, headers, timeout, again, stream)
            except WrongInstallation:
                raise
            except ApiUnreachable:
                pauses.wait()
        return self._send_once(method, url, text, parameters, headers, timeout, again, stream)

    def _send_once(
        self,
        method: str,
        url: str,
        text: str | None,
        parameters: Mapping[str, str],
        headers: Mapping[str, str],
        timeout: tuple[float, float],
        again: bool,
        stream: bool,
    ) -> requests.Response:
        """Send one request, again after a 401 if the token has changed."""
        sent = self._token = self._token or self._read_token()
        while True:
            allowed = {} if sent is None else {"Authorization": f"Bearer {sent}"}
            typed = {} if text is None else {"Content-Type": "application/json"}
            request = requests.Request(
                method,
                url,
                headers={"User-Agent": "waybill", **allowed, **typed, **headers},
                data=None if text is None else text.encode(),
                params=dict(parameters),
            )
            response = self._attempt(request, timeout, again, stream)
            if response.status_code != UNAUTHORIZED:
                break
            self._token = self._read_token()
            if self._token == sent:
                break
            sent = self._token
        if response.status_code >= FIRST_FAILURE:
            raise _failure(response)
        return response

    def _attempt(
        self, request: requests.Request, timeout: tuple[float, float], again: bool, stream: bool = False
    ) -> requests.Response:
        try:
            # Not prepared by the session: it would add nothing, and take a quarter of the call's time.
            prepared = request.prepare()
            try:
                return self._sent(prepared, timeout, stream)
            except requests.ConnectionError as error:
                if not again or not _was_dropped(error):
                    raise
                return self._sent(prepared, timeout, stream)
        except (OSError, NoAuthorities, UnicodeError) as error:
            raise ApiUnreachable(_reason(error)) from error

    def _sent(
        self, prepared: requests.PreparedRequest, timeout: tuple[float, float], stream: bool
    ) -> requests.Response:
        """Send a request over a connection to the right installation. Raises WrongInstallation."""
        session = self._session()
        if "Authorization" in prepared.headers:
            self._recognize(session, timeout)
        return session.send(prepared, timeout=timeout, allow_redirects=False, stream=stream)

    def _recognize(self, session: requests.Session, timeout: tuple[float, float]) -> None:
        connection = _connection(session, self._base_url)
        if connection is not None and connection is getattr(self._local, "known", None):
            return
        expected = self._read_installation()
        if expected is None:
            return
        url = f"{self._base_url}/healthz"
        asked = requests.Request("GET", url, headers={"User-Agent": "waybill"}).prepare()
        found = session.send(asked, timeout=timeout, allow_redirects=False).headers.get(HEADER)
        if found != expected:
            session.close()
            raise WrongInstallation(self._url, found, expected)
        self._local.known = _connection(session, self._base_url)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            # An entry in .netrc would replace the token, and the search for one costs more than the request.
            session.trust_env = False
            session.proxies = self._proxies
            if self._socket is not None:
                session.mount("http://", SocketAdapter(self._socket))
            if self._base_url.lower().startswith("https:"):
                session.verify = (authorities() or True) if self._verify is None else self._verify
            self._local.session = session
            self._sessions.add(session)
        return session


def proxies_of_the_environment(url: str) -> dict[str, str]:
    """Return the proxies that `requests` would use, but none to this machine itself."""
    host = (urlsplit(url).hostname or "").lower()
    if host in ("localhost", "::1") or host.startswith("127."):
        return {}
    return dict(requests.utils.get_environ_proxies(url))


def decoded(response: requests.Response) -> Any:
    """Return the JSON of an answer, None for an empty one. Raises ApiUnreachable if it is neither."""
    if response.status_code == NO_CONTENT:
        return None
    try:
        return json.loads(response.content)
    except ValueError:
        raise ApiUnreachable("an answer that is not JSON", response.status_code) from None


def _failure(response: requests.Response) -> ApiError:
    try:
        said = json.loads(response.content)
    except ValueError:
        said = None
    problem: dict[str, Any] = said if isinstance(said, dict) else {}
    code = str(problem.get("code") or response.reason)
    failure = ApiProblem(response.status_code, code, problem)
    return ApiUnreachable(str(failure), failure.status) if response.status_code >= FIRST_SERVER_ERROR else failure


def _reason(error: BaseException) -> str:
    """Return the first cause of an error; with all that libraries wrap around it the message fills a screen."""
    while below := error.__cause__ or error.__context__:
        error = below
    return f"{type(error).__name__}: {error}"


def _connection(session: requests.Session, url: str) -> Any:
    """Return the open connection that a session uses for its next request; None if it opens a new one."""
    adapter: Any = session.get_adapter(url)
    for manager in (adapter.poolmanager, *adapter.proxy_manager.values()):
        for key in manager.pools.keys():  # noqa: SIM118 - it has no iterator
            for connection in manager.pools[key].pool.queue:
                if connection is not None and connection.is_connected:
                    return connection
    return None


def _was_dropped(error: requests.ConnectionError) -> bool:
    """Whether the server closed a kept-alive connection, which says nothing about the request."""
    return bool(error.args) and isinstance(error.args[0], ProtocolError)
