"""The process that reads large bodies: `python -m waybill_api.http.bodies.reader`.

It takes one body at a time from its standard input and answers on its standard output, in frames with their lengths;
see `pool`. It ends with the process that started it.
"""

import pickle
import resource
import signal
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

from waybill_api.http import json_body
from waybill_api.http.bodies.batches import BATCHES, fingerprint, parts_of, read_batch
from waybill_api.problems import TOO_COMPLEX, Refusal

FRAME = struct.Struct("!Q")
"""The length of the rest of the frame."""

MOST_VALUES = 500_000
"""How many arrays and objects a body may have; each takes far more memory than its two characters."""

MOST_KEYS = 1_200_000
"""How many keys a body may have: enough for a thousand items with a thousand unknown fields each."""

ITEMS = 20
"""How many items a frame has; each has at most 64 KiB of JSON."""

MEMORY = 224 << 20
"""Bytes of memory for this process; a body that needs more is refused."""

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Read bodies until the standard input ends."""
    # On a signal to the whole group the API finishes what it has begun, and needs this process until then.
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    with suppress(BrokenPipeError):
        while (asked := receive(source)) is not None:
            name, request = pickle.loads(asked)  # noqa: S301 - from the process that started this one
            for part in _parts(name, request, receive(source) or b""):
                send(sink, pickle.dumps(part))
            send(sink)
            sink.flush()
    return 0


def send(sink: IO[bytes], *pieces: bytes) -> None:
    """Write a frame, made of pieces; an empty one ends an answer."""
    sink.write(FRAME.pack(sum(map(len, pieces))))
    for piece in pieces:
        sink.write(piece)


def receive(source: IO[bytes]) -> bytes | None:
    """Read a frame; return None at the end of the input."""
    head = source.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    (size,) = FRAME.unpack(head)
    frame = source.read(size)
    return frame if len(frame) == size else None


def _parts(name: str, request: str | None, body: bytes) -> Iterator[Any]:
    """Yield the refusal of a body, or its fingerprint (if `request` is given) and then its parts."""
    batch = BATCHES[name]
    try:
        if body.count(b"[") + body.count(b"{") > MOST_VALUES or body.count(b":") > MOST_KEYS:
            what = f"{MOST_VALUES:,} arrays and objects, or {MOST_KEYS:,} keys"
            raise Refusal(TOO_COMPLEX, f"The body has more than {what}.")
        read = read_batch(batch, json_body.decode(body), is_large=True)
    except Refusal as refusal:
        yield refusal.kind, refusal.detail, refusal.errors, refusal.members
        return
    except MemoryError:
        yield TOO_COMPLEX, "The body takes too much memory.", (), {}
        return
    yield None if request is None else fingerprint(request, read)
    yield from parts_of(batch, read, ITEMS)


if __name__ == "__main__":
    sys.exit(main())
