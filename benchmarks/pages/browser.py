"""A browser without a window: it sends its cookies, and waits for the whole answer."""

import http.client
import time
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from throwaway.program import CannotGoOn

LOGIN = "/admin/login/"
PATIENCE = 120.0
CHUNK = 1 << 20


class Browser:
    """One kept-alive connection with a session. Its calls raise CannotGoOn if the API refuses them."""

    def __init__(self, port: int) -> None:
        """Take the port; the first call connects."""
        self._connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
        self._cookies: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    @property
    def cookies(self) -> str:
        """The cookies as the value of a header."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def log_in(self, name: str, password: str) -> None:
        """Log in."""
        self.ask("GET", LOGIN)
        form = urlencode({"username": name, "password": password, "_xsrf": self._token()})
        self.ask("POST", LOGIN, form, {"Content-Type": "application/x-www-form-urlencoded"}, wanted=303)

    def seconds(self, method: str, path: str, body: str = "") -> float:
        """Return the seconds from before the request to the last byte of the answer."""
        start = time.perf_counter()
        if body:
            self.post(path, body)
        else:
            self.ask(method, path)
        return time.perf_counter() - start

    def post(self, path: str, body: str) -> bytes:
        """Send JSON as a page's script does, and return the answer."""
        return self.ask("POST", path, body, {"Content-Type": "application/json", "X-Xsrf-Token": self._token()})

    def lines(self, path: str) -> int:
        """Count the lines of an answer, which may be larger than memory."""
        answer = self._answer("GET", path, "", {})
        count = 0
        while chunk := answer.read(CHUNK):
            count += chunk.count(b"\n")
        return count

    def ask(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None, wanted: int = 200
    ) -> bytes:
        """Return the body of an answer."""
        answer = self._answer(method, path, body, headers or {})
        text = answer.read()
        if answer.status != wanted:
            raise CannotGoOn(f"{method} {path} was answered with {answer.status}: {text[:200]!r}")
        for cookie in answer.headers.get_all("Set-Cookie", ()):
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(cookie).items()}
        return text

    def _answer(self, method: str, path: str, body: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        try:
            self._connection.request(method, path, body or None, {"Cookie": self.cookies, **headers})
            return self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise CannotGoOn(f"{method} {path} was not answered: {error!r}") from None

    def _token(self) -> str:
        return next((value for name, value in self._cookies.items() if "xsrf" in name), "")
