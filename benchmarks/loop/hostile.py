"""Bodies that are as expensive as the limits allow."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SINGLE = 64 * 1024
BATCH = 8 * 1024 * 1024 - 1_024
ITEMS = 1_000


def singles() -> Iterator[tuple[str, bytes]]:
    """Yield bodies for one task."""
    room = SINGLE - 100
    yield "one task, deep", b'{"name":"x","input":' + b"[" * (room // 2) + b"]" * (room // 2) + b"}"
    yield "one task, empty arrays", _input(b"[]", room)
    yield "one task, numbers", _input(b"1", room)
    yield "one task, unknown fields", _unknown(room)
    yield "one task, escapes", b'{"name":"x","processing_time":1,"input":"' + b"\\u0041" * (room // 6) + b'"}'


def batches() -> Iterator[tuple[str, bytes]]:
    """Yield bodies for many tasks."""
    room = BATCH // ITEMS - 60
    yield "a batch of 8 MiB", _batch({"name": "x", "processing_time": 1, "input": "y" * (room - 20)})
    yield (
        "a batch of 8 MiB, numbers",
        _many(b'{"name":"x","processing_time":1,"input":[%s1]}' % (b"1," * (room // 2 - 20))),
    )
    yield "a batch, 1,000 unknown fields each", _many(_unknown(room, b"abcdefgh"))
    yield (
        "a batch, metadata of 450 keys each",
        _many(b'{"name":"x","processing_time":1,"metadata":{%s}}' % b",".join(b'"k%d":0' % key for key in range(450))),
    )
    yield (
        "a batch, all items wrong",
        _many(b'{"name":1,"processing_time":"x","priority":1e3,"type":[],"a":%s}' % _pad(room)),
    )
    yield "a batch, all items null", b'{"tasks":[%s]}' % b",".join([b"null"] * ITEMS)
    yield "a batch of 8 MiB, empty arrays", b'{"tasks":[%s[]]}' % (b"[]," * (BATCH // 3 - 10))
    yield "a batch of 8 MiB, a number each", b'{"tasks":[%s1]}' % (b"1," * (BATCH // 2 - 10))
    yield "a batch of 8 MiB, pairs of braces", b'{"tasks":[%s{}]}' % (b"{}," * (BATCH // 3 - 10))
    yield "a batch of 8 MiB, keys", b'{"tasks":[{%s}]}' % b",".join(b'"%d":0' % key for key in range(BATCH // 11))
    yield "a batch of 8 MiB, deep", b'{"tasks":' + b"[" * (BATCH // 2 - 10) + b"]" * (BATCH // 2 - 10) + b"}"
    yield "a batch of 8 MiB, escapes", b'{"tasks":["%s"]}' % (b"\\u0041" * (BATCH // 6 - 10))
    yield "a batch of 8 MiB, spaces", b'{"tasks":[]}' + b" " * (BATCH - 100)
    yield "a batch of 250 KiB, empty arrays", b'{"tasks":[%s[]]}' % (b"[]," * (250 * 1024 // 3))
    yield "a batch of 250 KiB, unknown fields", b'{"tasks":[%s]}' % _unknown(250 * 1024)


SLOW = {"items": {"anyOf": [*({"const": number} for number in range(2, 5)), {"type": "integer"}]}}
"""Each value is compared with three others, which takes almost all of the time that an input has."""

PATTERNS = {"properties": {f"p{number}": {"pattern": f".{{500}}{number}"} for number in range(9)}}
"""Compiled, these are ten megabytes."""

MULTIPLYING = {
    "$ref": "#/$defs/p0",
    "$defs": {f"p{number}": {"allOf": [{"$ref": f"#/$defs/p{number + 1}"}] * 2} for number in range(60)} | {"p60": {}},
}


def declaration(schema: Mapping[str, Any]) -> bytes:
    """Return the declaration of a type whose input has this schema."""
    return json.dumps({"handler": "bench", "input_schema": schema}).encode()


def inputs(name: str) -> Iterator[tuple[str, bytes]]:
    """Yield tasks of a type with the schema SLOW: with inputs that fit, that do not, and that are too much."""
    for title, piece, count in (
        ("an input that takes long to fit", b"1,", 31_000),
        ("an input that takes long to be wrong", b'"",', 200),
        ("an input that is wrong and too large to say where", b'"",', 20_000),
    ):
        yield title, b'{"name":"x","type":"%s","input":[%s1]}' % (name.encode(), piece * count)
    for title, piece in (("1,000 inputs that fit", b"1,"), ("1,000 inputs that are wrong", b'"",')):
        item = b'{"name":"x","type":"%s","input":[%s1]}' % (name.encode(), piece * (7_500 // len(piece)))
        yield title, _many(item)


def log() -> bytes:
    """Return the body of the log of a run that takes longest to free from escape sequences."""
    return json.dumps({"claim": "0" * 32, "text": "\x1b]" * (16 * 1024)}).encode()


def logs(task_ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield bodies of many logs of runs."""
    for name, count, text in (
        ("1,000 logs, all empty", ITEMS, ""),
        ("4 logs, all ends of lines", 4, "\n" * (31 * 1024)),
        ("2 logs, all escapes", 2, "\x1b]" * (16 * 1024)),
    ):
        said = [{"task_id": task_ids[0], "run": 1, "claim": "0" * 32, "text": text}] * count
        yield name, json.dumps({"logs": said}).encode()


def reports(task_ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield bodies of many reports."""
    chosen = list(task_ids)
    while len(chosen) < ITEMS:
        chosen += task_ids
    chosen = chosen[:ITEMS]
    plain = json.dumps({"reports": [{"task_id": one, "status": 2, "stage": "a", "seq": 1} for one in chosen]}).encode()
    yield "1,000 reports on large tasks", plain
    yield "1,000 duplicates on large tasks", plain
    yield "1,000 reports of 8 KB", _reports(chosen, {"metadata": {"a": "y" * 8_000}, "source": "b"})
    yield (
        "1,000 reports, 500 unknown fields each",
        _reports(chosen, {f"k{key}": 0 for key in range(500)} | {"source": "c"}),
    )
    yield "1,000 reports, all wrong", _reports(chosen, {"status": "x", "run": 0, "progress": 7, "seq": "y" * 5_000})
    yield "1,000 reports, numbers", _reports(chosen, {"metadata": {"n": [1] * 3_500}, "source": "d"})


def _input(piece: bytes, room: int) -> bytes:
    count = room // (len(piece) + 1) - 20
    return b'{"name":"x","processing_time":1,"input":[%s%s]}' % ((piece + b",") * count, piece)


def _unknown(room: int, prefix: bytes = b"") -> bytes:
    count = room // (10 + len(prefix)) if not prefix else ITEMS
    fields = b",".join(b'"%s%05d":0' % (prefix[: max(0, room // ITEMS - 10)], number) for number in range(count))
    return b'{"name":"x","processing_time":1,%s}' % fields[: room - 40].rpartition(b",")[0]


def _pad(room: int) -> bytes:
    return b'"%s"' % (b"y" * (room - 80))


def _many(item: bytes) -> bytes:
    return b'{"tasks":[%s]}' % b",".join([item] * ITEMS)


def _batch(item: Mapping[str, Any]) -> bytes:
    return _many(json.dumps(item).encode())


def _reports(task_ids: Sequence[str], said: Mapping[str, Any]) -> bytes:
    return json.dumps({"reports": [{"task_id": one, **said} for one in task_ids]}).encode()
