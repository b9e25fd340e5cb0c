"""Following an event stream, as a browser's EventSource does."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple


class Message(NamedTuple):
    """A block of the stream: its id, and its data where it has any."""

    id: int
    data: dict[str, Any] | None
    comment: str
    name: str = "message"


class Following:
    """An open stream."""

    def __init__(self, reader: asyncio.StreamReader, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers
        self._reader = reader
        self._text = ""
        self.has_ended = False

    async def message(self) -> Message | None:
        """Return the next block, None once the stream has ended in good order."""
        while "\n\n" not in self._text:
            size = int(await self._reader.readline(), 16)
            chunk = (await self._reader.readexactly(size + 2))[:size]
            if not chunk:
                self.has_ended = True
                return None
            self._text += chunk.decode()
        block, _, self._text = self._text.partition("\n\n")
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        data = fields.get("data")
        name = fields.get("event", "message")
        return Message(int(fields["id"]), None if data is None else json.loads(data), fields.get("", ""), name)

    async def event(self) -> dict[str, Any]:
        """Return the next event."""
        while True:
            message = await self.message()
            assert message is not None, "the stream has ended"
            if message.data is not None:
                assert message.data["event_id"] == message.id
                return message.data

    async def events(self, count: int) -> list[dict[str, Any]]:
        """Return the next events."""
        return [await self.event() for _ in range(count)]

    async def rest(self) -> bytes:
        """Return whatever comes until the server closes, or has nothing more to say."""
        return await self._reader.read()


@asynccontextmanager
async def follow(port: int, path: str, *, address: str = "127.0.0.1", **headers: str) -> AsyncIterator[Following]:
    """Open a stream, from this address."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    sent = {"Host": "localhost", "Accept": "text/event-stream"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    writer.write(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
    try:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        yield Following(reader, int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines))
    finally:
        writer.close()
