"""The worker's log stays bounded, however much a handler prints and logs."""

from tests.integration.waybill_worker.bench import Bench
from waybill_worker.process.printed import CAP

HANDLERS = """
import logging
import sys
import threading
import warnings

LINE = "x" * 999


def write_lines(context, given):
    for _ in range(10_000):
        print(LINE)


def write_one_line(context, given):
    print("x" * 10_000_000, file=sys.stderr)


def write_bytes(context, given):
    sys.stdout.buffer.write(b"x" * 10_000_000)


def log_lines(context, given):
    logger = logging.getLogger("theirs")
    for _ in range(10_000):
        logger.warning(LINE)


def log_one_line(context, given):
    logging.getLogger("theirs").error("x" * 10_000_000)


def warn(context, given):
    warnings.warn("x" * 10_000_000)


def write_in_thread(context, given):
    thread = threading.Thread(target=write_lines, args=(None, None))
    thread.start()
    thread.join()


def fail(context, given):
    raise ValueError("x" * 5_000_000)
"""


def test_what_is_printed_logged_and_raised_is_bounded(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start()
    ways = ("write_lines", "write_one_line", "write_bytes", "log_lines", "log_one_line", "warn", "write_in_thread")
    for way in ways:
        assert bench.run(way)["status"] == 3, way
    assert len(bench.run("fail")["error"]["message"]) <= 2_000
    assert len(bench.log()) < (len(ways) + 1) * (CAP + 20_000)
    assert bench.log().count(b"bytes is left out") == 5
