"""The API with a heart: `python -m benchmarks.loop.heart PORT`.

A timer beats in the loop of the API. For each line that a client of the port sends, it gets the longest delay of a beat
since the last line, and the computing time within that delay.
"""

import asyncio
import json
import sys
import time
from typing import Any

from waybill_api import __main__ as api
from waybill_api import server

BEAT_SECONDS = 0.002


class Heart:
    """Beats, and keeps the longest pause."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to beat in this loop."""
        self._loop = loop
        self._longest = self._computed = 0.0
        self._last, self._processor = time.perf_counter(), time.process_time()
        self._beat()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each line with the longest pause, and forget that pause."""
        while await reader.readline():
            said = {"held": 1000 * self._longest, "computed": 1000 * self._computed}
            self._longest = self._computed = 0.0
            writer.write(json.dumps(said).encode() + b"\n")
        writer.close()

    def _beat(self) -> None:
        now, processor = time.perf_counter(), time.process_time()
        held = now - self._last - BEAT_SECONDS
        if held > self._longest:
            self._longest, self._computed = held, processor - self._processor
        self._last, self._processor = now, processor
        self._loop.call_later(BEAT_SECONDS, self._beat)


def main() -> int:
    """Run the API until it ends, and return its exit status."""
    port = int(sys.argv.pop())
    serve = server._serve

    async def with_heart(*arguments: Any, **named: Any) -> int:
        heart = Heart(asyncio.get_running_loop())
        async with await asyncio.start_server(heart.answer, "127.0.0.1", port):
            return await serve(*arguments, **named)

    server._serve = with_heart
    return api.main()


if __name__ == "__main__":
    sys.exit(main())
