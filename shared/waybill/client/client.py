"""The client for programs: hands tasks over, and waits for what becomes of them."""

import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from waybill.client import following
from waybill.client.calls import Calls
from waybill.client.handle import Handle
from waybill.client.live import live
from waybill.transport import TIMEOUT, proxies_of_the_environment

if TYPE_CHECKING:
    from waybill.wire.events import EventJson
    from waybill.wire.tasks import TaskJson

ADDRESS = "http://127.0.0.1:8000"
"""Where an API listens unless its settings say otherwise."""

RETRIES = 5
PAGE = 1_000

Action = Literal["cancel", "retry", "delete"]


@dataclass(frozen=True, slots=True)
class Changed:
    """What was done to many tasks, or with `dry_run` would be."""

    count: int
    """How many tasks were found or listed."""
    applied: int
    """How many of them were changed."""
    refused: Mapping[str, int]
    """How many did not allow it, by the problem's code."""
    is_exact: bool = True
    """False if a dry run stopped counting: there may be more."""
    task_ids: Sequence[str] = ()
    """Of a dry run: the newest tasks, at most ten."""


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

    def submit(
        self,
        type: str,
        input: Any = None,
        *,
        name: str | None = None,
        priority: int | None = None,
        timeout: int | None = None,
        processing_time: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        external_key: str | None = None,
        idempotency_key: str | None = None,
    ) -> Handle:
        """Create a task of a type and return its handle; `name` is the type's unless given.

        `input` is any JSON, `timeout` the seconds that one run may take, `processing_time` seconds for the handler
        `sleep`. A key of the client's own makes each repetition the same create; give your own `idempotency_key` to
        make a later call the same create, too.
        """
        given = {
            "input": input,
            "priority": priority,
            "timeout": timeout,
            "processing_time": processing_time,
            "metadata": None if metadata is None else dict(metadata),
            "external_key": external_key,
        }
        said = {field: value for field, value in given.items() if value is not None}
        key = idempotency_key or str(uuid.uuid4())
        return Handle(self, self.create_task(name or type, type=type, idempotency_key=key, **said), has_answered=True)

    def handle(self, task_id: str) -> Handle:
        """Return the handle of a task with a known id, without asking the API."""
        return Handle(self, task_id)

    def live(self, after: int | None = None) -> "Iterator[EventJson]":
        """Yield the events of all tasks as they come, from now on, or all with a number above `after`.

        After a lost connection it goes on where it was. Raises ApiUnreachable if the API cannot be reached at first.
        """
        for message in live(self, None, after):
            if message.kind == "message" and message.data is not None:
                yield cast("EventJson", message.data)

    def wait(self, tasks: Iterable[str | Handle], timeout: float | None = None) -> "Sequence[TaskJson]":
        """Return the tasks in their order once all are final. Raises TimeoutError after `timeout` seconds.

        One stream and few calls serve any number of tasks. A task that is not there raises ApiProblem.
        """
        task_ids = [one if isinstance(one, str) else one.id for one in tasks]
        ended: dict[str, dict[str, Any]] = {}
        for seen in following.follow(self, task_ids, timeout):
            if seen.is_over:
                # A task that is not there is asked for once more, for the problem that says so.
                ended[seen.task_id] = seen.task or self.get_task(seen.task_id)
        return [cast("TaskJson", ended[task_id]) for task_id in task_ids]

    def list(
        self, q: str | None = None, *, limit: int | None = None, newest: bool = False, **filters: Any
    ) -> "Iterator[TaskJson]":
        """Yield tasks that a search finds, the oldest first, or the newest; filters are those of `GET /tasks`."""
        wanted = {"order": "newest" if newest else "oldest", **({} if q is None else {"q": q}), **filters}
        page = PAGE if limit is None else max(1, min(PAGE, limit))
        return cast("Iterator[TaskJson]", islice(self.list_tasks(page, **wanted), limit))

    def bulk(
        self, action: Action, q: str | None = None, *, task_ids: Sequence[str] | None = None, dry_run: bool = False
    ) -> Changed:
        """Cancel, retry or delete all tasks that a search finds, or those listed; with `dry_run` only count them."""
        if task_ids is None:
            return self._change_all(action, {"q": q, "dry_run": dry_run})
        parts = [
            self._change_all(action, {"task_ids": [*task_ids[start : start + PAGE]], "dry_run": dry_run})
            for start in range(0, len(task_ids), PAGE)
        ]
        refused = sum((Counter(part.refused) for part in parts), Counter[str]())
        first = parts[0].task_ids if parts else ()
        return Changed(sum(part.count for part in parts), sum(part.applied for part in parts), refused, True, first)

    def _change_all(self, action: str, which: Mapping[str, Any]) -> Changed:
        count, applied, refused = 0, 0, Counter[str]()
        cursor: dict[str, str] = {}
        while True:
            answer = self.change_tasks(action, **which, **cursor)
            count += answer["count"]
            applied += answer["applied"]
            refused.update(answer["refused"])
            if answer["done"]:
                return Changed(count, applied, dict(refused), answer["is_exact"], answer["task_ids"])
            cursor = {"cursor": answer["cursor"]}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _token_of_the_environment() -> str | None:
    return os.environ.get("WAYBILL_API_TOKEN") or None
