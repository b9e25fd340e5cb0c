"""A live stream that goes on after a lost connection, without gaps or doubles."""

from collections.abc import Iterator

from waybill.api_error import ApiProblem, ApiUnreachable, WrongInstallation
from waybill.client.calls import Calls
from waybill.client.stream import Message
from waybill.pauses import Pauses

TOO_MANY_STREAMS = "too_many_streams"


def live(
    client: Calls, task_id: str | None = None, after: int | None = None, has_begun: bool = False
) -> Iterator[Message]:
    """Yield what the stream of one task or of all says, until the task is deleted; each event comes once.

    It begins as `Calls.stream` does. Raises ApiProblem; and ApiUnreachable if the API is away at first, unless
    `has_begun` says that it has answered before.
    """
    place, pauses = after, Pauses()
    while True:
        try:
            for message in client.stream(task_id, place):
                pauses, has_begun = Pauses(), True
                is_double = place is not None and message.place is not None and message.place <= place
                if message.place is not None:
                    place = message.place if place is None else max(place, message.place)
                if message.kind == "deleted" or message.data is None or not is_double:
                    yield message
                if message.kind == "deleted" and task_id is not None:
                    return
        except WrongInstallation:
            raise
        except ApiUnreachable:
            if not has_begun:
                raise
        except ApiProblem as problem:
            if problem.code != TOO_MANY_STREAMS:
                raise
        pauses.wait()
