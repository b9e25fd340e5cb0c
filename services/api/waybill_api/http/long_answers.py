"""Long lists, page by page: as a JSON array, as NDJSON or as CSV, at the speed of their reader."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol, cast
from unicodedata import category, normalize

from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError

from waybill_api.problems import NOT_ACCEPTABLE, Refusal

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
LISTS = (JSON, NDJSON, CSV)
EVENT_STREAM = "text/event-stream"

PATIENCE = 15.0
"""Seconds in which a reader has to take a page or a chunk, or at least `SOME` bytes of it."""

SOME = 16 * 1024
"""Bytes that even a slow line takes in `PATIENCE`, unlike a client that does not read."""

SLICE = 128 * 1024
"""Characters that are encoded and written at once."""

FEW = 20
"""Items that may be written at once, however large: a task has up to 64 KiB in each of three fields."""

FORMULA_STARTS = frozenset("=+-@")

Page = Sequence[Mapping[str, Any]]


class _Writer(Protocol):
    """The connection that is written to."""

    request: HTTPServerRequest

    @property
    def bytes_sent(self) -> int: ...
    def set_header(self, name: str, value: str) -> None: ...
    def write(self, chunk: bytes) -> None: ...
    def flush(self) -> "asyncio.Future[None]": ...
    def finish(self) -> Any: ...


def negotiated(accept: str | None, offered: Sequence[str]) -> str:
    """Return the offered media type that an Accept header prefers, or raise Refusal (406)."""
    if not accept:
        return offered[0]
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    best = max(offered, key=lambda media: _quality(media, ranges))
    if _quality(best, ranges) <= 0:
        raise Refusal(NOT_ACCEPTABLE, f"This call answers with {', '.join(offered)}.")
    return best


async def stream(writer: _Writer, pages: AsyncIterator[Page], media: str, columns: Sequence[str]) -> None:
    """Write all pages and finish, no faster than they are read. Raises StreamClosedError once the reader is gone.

    The first page is fetched before the headers are sent, so that an early error still gets an answer of its own.
    """
    async with aclosing(cast("AsyncGenerator[Page]", pages)):
        await _stream(writer, pages, media, columns)


async def _stream(writer: _Writer, pages: AsyncIterator[Page], media: str, columns: Sequence[str]) -> None:
    page = await anext(pages, None)
    writer.set_header("Content-Type", media if media == JSON else f"{media}; charset=utf-8")
    head, separator = (_row(columns), "") if media == CSV else ("[" if media == JSON else "", "")
    while page is not None and writer.request.method != "HEAD":
        for text in slices(_texts(page, media, separator)):
            await _send(writer, head + text)
            head = ""
        if page and media == JSON:
            separator = ",\n"
        page = await anext(pages, None)
    await _send(writer, head + ("]\n" if media == JSON else ""))
    writer.finish()


async def write_pieces(writer: _Writer, pieces: Iterable[str]) -> None:
    """Write an answer while it is being made, and finish. Raises StreamClosedError as `stream` does."""
    for text in pieces:
        if writer.request.method != "HEAD":
            await _send(writer, text)
    writer.finish()


def pieces_of(answer: Any, encode: Callable[[Any], str]) -> Iterator[str] | None:
    """Yield the JSON of a long list, or of an object that has one, in pieces; None if the answer is short."""
    if isinstance(answer, dict):
        return slices(_object(answer, encode)) if any(map(_is_long, answer.values())) else None
    return slices(_array(answer, encode)) if _is_long(answer) else None


def _is_long(value: Any) -> bool:
    return isinstance(value, list) and len(value) > FEW


def _object(fields: Mapping[str, Any], encode: Callable[[Any], str]) -> Iterator[str]:
    """Yield the JSON of an object, item by item if a field is a list."""
    for number, (name, value) in enumerate(fields.items()):
        yield f"{',' if number else '{'}{encode(name)}:"
        yield from _array(value, encode) if isinstance(value, list) else (encode(value),)
    yield "}"


def _array(items: Sequence[Any], encode: Callable[[Any], str]) -> Iterator[str]:
    yield "["
    yield from (f",{encode(item)}" if number else encode(item) for number, item in enumerate(items))
    yield "]"


def slices(texts: Iterable[str]) -> Iterator[str]:
    """Join texts to pieces that are small enough to be made and written between other requests."""
    gathered: list[str] = []
    size = 0
    for text in texts:
        gathered.append(text)
        size += len(text)
        if size >= SLICE:
            yield "".join(gathered)
            gathered.clear()
            size = 0
    if gathered:
        yield "".join(gathered)


def _texts(page: Page, media: str, separator: str) -> Iterator[str]:
    """Yield the items of a page as text, one by one."""
    for item in page:
        if media == CSV:
            yield _row(map(_cell, item.values()))
        elif media == NDJSON:
            yield f"{_dumps(item)}\n"
        else:
            yield separator + _dumps(item)
            separator = ",\n"


def _row(cells: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


async def stream_live(writer: _Writer, chunks: AsyncIterator[str]) -> None:
    """Write an event stream, chunk by chunk, until it ends. Raises StreamClosedError if the reader is gone or too slow.

    As for lists, the first chunk is awaited before the headers are sent.
    """
    async with aclosing(cast("AsyncGenerator[str]", chunks)):
        chunk = await anext(chunks, None)
        writer.set_header("Content-Type", EVENT_STREAM)
        writer.set_header("X-Accel-Buffering", "no")
        while chunk is not None and writer.request.method != "HEAD":
            await _send(writer, chunk)
            chunk = await anext(chunks, None)
    writer.finish()


async def _send(writer: _Writer, text: str) -> None:
    """Write, and return when it has left. Raises StreamClosedError if the reader has left or takes nothing."""
    writer.write(text.encode())
    sent = writer.flush()
    count = writer.bytes_sent
    while not sent.done():
        await asyncio.wait({sent}, timeout=PATIENCE)
        before, count = count, writer.bytes_sent
        if not sent.done() and count - before < SOME:
            raise StreamClosedError
    sent.result()
    # A quick reader never makes this wait, so without a turn other requests would not be served.
    await asyncio.sleep(0)


def _dumps(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))


def _cell(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula (OWASP, "CSV Injection")."""
    if isinstance(value, str):
        return f"'{value}" if _may_be_formula(value) else value
    return _dumps(value) if isinstance(value, dict | list | bool) else value


def _may_be_formula(text: str) -> bool:
    """Whether a spreadsheet may read a text as a formula: some skip invisible characters, and accept wide ones."""
    for place, character in enumerate(text):
        kind = category(character)
        if kind == "Cc" and place == 0:
            return True
        if kind[0] not in "CZ":
            return normalize("NFKC", character)[0] in FORMULA_STARTS
    return False


def _range(part: str) -> tuple[str, float]:
    media, *settings = (piece.strip().lower() for piece in part.split(";"))
    quality = next((setting[2:] for setting in settings if setting.startswith("q=")), "1")
    try:
        return media, float(quality)
    except ValueError:
        return media, 0.0


def _quality(media: str, ranges: Iterable[tuple[str, float]]) -> float:
    """Return the quality of a media type: the most specific range that fits it decides (RFC 9110, 12.5.1)."""
    patterns = (media, f"{media.partition('/')[0]}/*", "*/*")
    fitting = [(patterns.index(pattern), -quality) for pattern, quality in ranges if pattern in patterns]
    return -min(fitting)[1] if fitting else 0.0
