"""Speaking HTTP to the API under test, within the test's own loop."""

import asyncio
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

T = TypeVar("T")

NOTHING: Any = object()
REPORTER = "reporter-token"
ADMIN = "admin-token"
PATIENCE = 60.0
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem, which the answer has to be."""
        assert self.headers["Content-Type"] == PROBLEM
        problem = self.json()
        assert problem["status"] == self.status
        assert problem["title"]
        assert problem["detail"]
        return str(problem["code"])

    @property
    def pointers(self) -> set[str]:
        """The fields that a problem names."""
        return {error.get("pointer", error.get("parameter")) for error in self.json()["errors"]}


class Fetch:
    """Sends requests; `fetch(...)` waits for the answer, `fetch.later(...)` is to be awaited, `raw` sends bytes."""

    def __init__(self, io_loop: IOLoop, client: AsyncHTTPClient, port: int) -> None:
        self._io_loop = io_loop
        self._client = client
        self.port = port

    def __call__(self, method: str, path: str, json: Any = NOTHING, **more: Any) -> Answer:
        return self.run(self.later(method, path, json, **more))

    async def later(
        self,
        method: str,
        path: str,
        json: Any = NOTHING,
        *,
        body: bytes | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request, with `json` as its body where it is given."""
        sent = dict(headers or {})
        if json is not NOTHING:
            body = dumps(json)
            sent.setdefault("Content-Type", "application/json")
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is None and method in ("POST", "PUT", "PATCH"):
            body = b""
        response = await self._client.fetch(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            body=body,
            headers=sent,
            raise_error=False,
            follow_redirects=False,
            allow_nonstandard_methods=True,
            request_timeout=PATIENCE,
        )
        return Answer(response.code, response.headers, response.body)

    def raw(self, *sent: bytes, pause: float = 0) -> bytes:
        """Send bytes, with a pause between the pieces, and return all that comes until the server closes."""
        return self.run(self._raw(sent, pause))

    async def _raw(self, sent: tuple[bytes, ...], pause: float) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        received = asyncio.ensure_future(reader.read())
        try:
            for piece in sent:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            return await asyncio.wait_for(received, PATIENCE)
        except ConnectionError:
            return await received
        finally:
            received.cancel()
            writer.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the test's loop."""
        done: T = self._io_loop.run_sync(lambda: work, PATIENCE)
        return done

    def created(self, **fields: Any) -> str:
        """Create a task and return its id."""
        answer = self("POST", "/tasks", {"name": "Resize", "processing_time": 5} | fields)
        assert answer.status == 201, answer.body
        return str(answer.json()["task_id"])


def dumps(value: Any) -> bytes:
    """Return JSON, with the escapes that Python makes."""
    return json.dumps(value).encode()


def head_of(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Take a raw answer apart: status, headers (lower case), body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body
