"""The HTTP client of the API: what workers, scripts and tests say to it."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urljoin

import requests
from urllib3.exceptions import ProtocolError

from waybill.address import api_address
from waybill.domain.status import Outcome
from waybill.installation import HEADER
from waybill.trust import NoAuthorities, authorities

TIMEOUT = (3.05, 30.0)
"""Seconds to connect, and to wait for the next bytes of an answer."""

UNAUTHORIZED = 401
FIRST_FAILURE = 300
FIRST_SERVER_ERROR = 500


class ApiError(Exception):
    """The API did not do what it was asked to do."""

    def __init__(self, detail: str, status: int | None = None) -> None:
        """Take what went wrong, and the HTTP status where there was an answer."""
        super().__init__(detail)
        self.status = status


class ApiUnreachable(ApiError):
    """The API cannot be reached, or cannot answer now; the same call may succeed later."""


class WrongInstallation(ApiUnreachable):
    """Another installation answers at this address, so no token was sent to it."""

    def __init__(self, url: str, found: str | None, expected: str) -> None:
        """Take the address, the id in the answer (None without one), and the expected id."""
        who = "something that is not Waybill" if found is None else f"another installation of Waybill ({found:.64})"
        super().__init__(
            f"{who} answers at {url}, where {expected} was expected, so that no token is sent there: "
            "set WAYBILL_PORT or WAYBILL_API_URL to where the API of this data directory listens"
        )


class ApiProblem(ApiError):
    """The API answered that it will not do this (RFC 9457)."""

    def __init__(self, status: int, code: str, problem: Mapping[str, Any]) -> None:
        """Take the HTTP status, the stable code and the whole problem document."""
        super().__init__(f"{status} {code}: {problem.get('detail') or problem.get('title') or 'no detail'}", status)
        self.code = code
        self.problem = problem


class Answer(NamedTuple):
    """What became of one report; the task comes with a granted claim and where nothing was applied."""

    task_id: str | None
    """None where it is not known."""
    outcome: Outcome
    task: dict[str, Any] | None = None
    detail: str | None = None


class BeatAnswer(NamedTuple):
    """What a worker is told in return for a heartbeat."""

    lost: list[tuple[str, int]]
    """The runs, by task_id and run, that are its no longer."""
    drain: bool = False
    """Whether it is to take no more tasks; an API that does not know of it never says so."""


class Client:
    """Speaks to one API; safe to share between threads, each of which keeps a connection of its own.

    Every method raises ApiUnreachable or ApiProblem. Calls that may be repeated are sent once more where the
    server had closed a kept-alive connection.
    """

    def __init__(
        self,
        base_url: str,
        token: Callable[[], str | None] | str | None = None,
        timeout: tuple[float, float] = TIMEOUT,
        installation: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Take the address and the bearer token, or a function that reads it; it is read again after a 401.

        `installation` returns the id of the installation that has to answer there, None while that is not known: each
        new connection is asked for it before the token is sent over it.
        """
        self._base_url = api_address(base_url)
        self._read_token: Callable[[], str | None] = token if callable(token) else lambda: token
        self._token: str | None = None
        self._timeout = timeout
        self._read_installation = installation
        self._local = threading.local()

    def report(self, reports: Sequence[Mapping[str, Any] | str]) -> list[Answer]:
        """Send up to 1,000 reports, each a mapping or its JSON text, and return an answer for each, in order."""
        texts = [one if isinstance(one, str) else json.dumps(one, allow_nan=False) for one in reports]
        answer = self._call("POST", "/reports", body=f'{{"reports":[{",".join(texts)}]}}')
        try:
            answers = [
                Answer(one["task_id"], _outcome(one["outcome"]), one.get("task"), one.get("detail"))
                for one in answer["outcomes"]
            ]
        except (KeyError, TypeError, ValueError):
            raise ApiUnreachable("the answer to a batch of reports cannot be understood") from None
        if len(answers) != len(texts):
            raise ApiUnreachable(f"{len(texts)} reports, but {len(answers)} outcomes")
        return answers

    def heartbeat(self, worker_id: str, beat: Mapping[str, Any]) -> list[tuple[str, int]]:
        """Say that a worker lives and what it runs; return the (task_id, run) pairs that it has lost."""
        return self.beat(worker_id, beat).lost

    def beat(self, worker_id: str, beat: Mapping[str, Any]) -> BeatAnswer:
        """Say that a worker lives and what it runs; return all that it is told."""
        answer = self._call("POST", f"/workers/{_quoted(worker_id)}/heartbeat", beat)
        try:
            lost = [(one["task_id"], one["run"]) for one in answer["lost"]]
            return BeatAnswer(lost, answer.get("drain") is True)
        except (KeyError, TypeError):
            raise ApiUnreachable("the answer to a heartbeat cannot be understood") from None

    def gone(self, worker_id: str, crashed: bool, timeout: tuple[float, float] | None = None) -> None:
        """Say that a worker is gone for good: its runs are released, its claims refused."""
        self._call("POST", f"/workers/{_quoted(worker_id)}/gone", {"crashed": crashed}, timeout=timeout)

    def workers(self) -> list[dict[str, Any]]:
        """List the workers that the API has heard of."""
        return _listed(self._call("GET", "/workers"))

    def create_task(
        self, name: str, processing_time: int | None = None, *, idempotency_key: str | None = None, **fields: Any
    ) -> str:
        """Create a task and return its id.

        An Idempotency-Key makes it safe to send twice; give your own to call this again after an ApiUnreachable.
        """
        body = {"name": name, **({} if processing_time is None else {"processing_time": processing_time}), **fields}
        answer = self._call("POST", "/tasks", body, headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())})
        return str(answer["task_id"])

    def create_tasks(self, tasks: Sequence[Mapping[str, Any]]) -> Any:
        """Create up to 1,000 tasks, all or none, and return the answer."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return self._call("POST", "/tasks/batch", {"tasks": list(tasks)}, headers=headers)

    def get_task(self, task_id: str, wait: float | None = None) -> dict[str, Any]:
        """Return a task; with `wait`, seconds up to 60, only once it is final or the time is over."""
        parameters = {} if wait is None else {"wait": f"{wait:g}"}
        timeout = (self._timeout[0], self._timeout[1] + (wait or 0))
        return dict(self._call("GET", f"/tasks/{_quoted(task_id)}", parameters=parameters, timeout=timeout))

    def list_tasks(self, limit: int = 1_000, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield tasks, newest last, fetched `limit` at a time; filters are those of `GET /tasks`."""
        url: str | None = f"{self._base_url}/tasks"
        parameters = {"limit": str(limit), **{name: str(value) for name, value in filters.items()}}
        while url is not None:
            response = self._send("GET", url, None, parameters, {}, self._timeout)
            yield from _decoded(response)
            following = response.links.get("next", {}).get("url")
            url, parameters = (None if following is None else urljoin(url, following)), {}

    def events(self, after: int = 0, limit: int = 1_000) -> list[dict[str, Any]]:
        """Return up to `limit` events of the whole history, oldest first: those numbered higher than `after`."""
        return _listed(self._call("GET", "/events", parameters={"after": str(after), "limit": str(limit)}))

    def task_events(self, task_id: str, after: int = 0, limit: int = 1_000) -> list[dict[str, Any]]:
        """Return up to `limit` events of a task's history, oldest first: those numbered higher than `after`."""
        parameters = {"after": str(after), "limit": str(limit)}
        return _listed(self._call("GET", f"/tasks/{_quoted(task_id)}/events", parameters=parameters))

    def cancel_task(self, task_id: str, attempt: int | None = None) -> dict[str, Any]:
        """Cancel a task, only in this attempt where one is given, and return it."""
        return self._control(task_id, "cancel", attempt)

    def retry_task(self, task_id: str, attempt: int | None = None) -> dict[str, Any]:
        """Open another attempt of a final task and return it."""
        return self._control(task_id, "retry", attempt)

    def task_types(self) -> list[dict[str, Any]]:
        """List the task types."""
        return _listed(self._call("GET", "/task-types"))

    def create_task_type(self, name: str, **fields: Any) -> dict[str, Any]:
        """Create a task type and return it."""
        return dict(self._call("POST", "/task-types", {"name": name, **fields}, again=False))

    def change_task_type(self, name: str, **fields: Any) -> dict[str, Any]:
        """Change a task type and return it."""
        return dict(self._call("PATCH", f"/task-types/{_quoted(name)}", fields))

    def accounts(self) -> list[dict[str, Any]]:
        """List the accounts of people."""
        return _listed(self._call("GET", "/accounts"))

    def create_account(self, name: str, role: str, password: str) -> dict[str, Any]:
        """Create an account and return it."""
        body = {"name": name, "role": role, "password": password}
        return dict(self._call("POST", "/accounts", body, again=False))

    def _control(self, task_id: str, verb: str, attempt: int | None) -> dict[str, Any]:
        body = {} if attempt is None else {"attempt": attempt}
        return dict(self._call("POST", f"/tasks/{_quoted(task_id)}/{verb}", body, again=False))

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
        return _decoded(response)

    def _send(
        self,
        method: str,
        url: str,
        text: str | None,
        parameters: Mapping[str, str],
        headers: Mapping[str, str],
        timeout: tuple[float, float],
        again: bool = True,
    ) -> requests.Response:
        """Send one request, with the token read again after a 401, and return an answer that is a success."""
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
            response = self._attempt(request, timeout, again)
            if response.status_code != UNAUTHORIZED:
                break
            self._token = self._read_token()
            if self._token == sent:
                break
            sent = self._token
        if response.status_code >= FIRST_FAILURE:
            raise _failure(response)
        return response

    def _attempt(self, request: requests.Request, timeout: tuple[float, float], again: bool) -> requests.Response:
        try:
            # Prepared without the session, which has nothing to add and takes a quarter of the whole time for it.
            prepared = request.prepare()
            try:
                return self._sent(prepared, timeout)
            except requests.ConnectionError as error:
                if not again or not _was_dropped(error):
                    raise
                return self._sent(prepared, timeout)
        except (OSError, NoAuthorities, UnicodeError) as error:
            raise ApiUnreachable(_reason(error)) from error

    def _sent(self, prepared: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        """Send a request over a connection whose other end is known. Raises WrongInstallation."""
        session = self._session()
        if "Authorization" in prepared.headers:
            self._recognize(session, timeout)
        return session.send(prepared, timeout=timeout, allow_redirects=False)

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
            raise WrongInstallation(self._base_url, found, expected)
        self._local.known = _connection(session, self._base_url)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            # A .netrc entry would take the place of the token, and looking for one costs more than the request.
            session.trust_env = False
            if self._base_url.lower().startswith("https:"):
                session.verify = authorities() or True
            self._local.session = session
        return session


def _outcome(said: Any) -> Outcome:
    """Return an outcome; one that only a later version knows counts as a refusal."""
    try:
        return Outcome(said)
    except ValueError:
        return Outcome.REFUSED


def _decoded(response: requests.Response) -> Any:
    try:
        return json.loads(response.content)
    except ValueError:
        raise ApiUnreachable("an answer that is not JSON", response.status_code) from None


def _listed(answer: Any) -> list[dict[str, Any]]:
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise ApiUnreachable("an answer that is not a list of objects")
    return answer


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
    """Return what lies at the bottom of an error; what the libraries wrap around it fills a screen."""
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
    """Whether the server closed a connection that had been open, which says nothing about the request."""
    return bool(error.args) and isinstance(error.args[0], ProtocolError)


def _quoted(segment: str) -> str:
    return quote(segment, safe="")
