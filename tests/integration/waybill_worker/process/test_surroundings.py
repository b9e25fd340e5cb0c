"""What a handler does to the whole process harms neither the worker nor the next task."""

import os
import signal
import stat
from pathlib import Path

import pytest

from tests.integration.waybill_worker.bench import Bench
from tests.unit.waybill_worker.scripted import until
from waybill.delivery.spool import Spool

HANDLERS = """
import decimal
import gc
import io
import locale
import logging
import logging.config
import os
import resource
import signal
import socket
import sys
import threading
import time
import warnings

def change_directory(context, given):
    os.chdir("/")


def remove_directory(context, given):
    os.mkdir("passing")
    os.chdir("passing")
    os.rmdir("../passing")


def open_umask(context, given):
    os.umask(0)


def close_umask(context, given):
    os.umask(0o777)


def change_environment(context, given):
    os.environ.update(TZ="Asia/Tokyo", LC_ALL="C", HOME="/nowhere", TMPDIR="/nowhere", PATH="/nowhere")
    os.environ.update(WAYBILL_DATA_DIR="/nowhere", WAYBILL_PORT="1", WAYBILL_API_URL="http://127.0.0.1:1")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        os.environ[name] = "http://127.0.0.1:1"
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        os.environ[name] = "/nowhere"
    time.tzset()


def clear_environment(context, given):
    os.environ.clear()


def replace_streams(context, given):
    sys.stdout = sys.stderr = io.StringIO()


def close_streams(context, given):
    for stream in (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        stream.close()


def close_standard_descriptors(context, given):
    os.closerange(0, 3)


def set_socket_timeout(context, given):
    socket.setdefaulttimeout(0.000001)


def set_locale(context, given):
    locale.setlocale(locale.LC_ALL, "C")


def silence(context, given):
    logging.disable(logging.CRITICAL)
    logging.basicConfig(force=True, level=logging.CRITICAL)


def silence_all(context, given):
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
    logging.getLogger().handlers.clear()


def break_log(context, given):
    class Bad(logging.Handler):
        def emit(self, record):
            raise SystemExit

    class Slow(logging.Handler):
        def emit(self, record):
            threading.Event().wait()

    logging.getLogger().handlers[:0] = [Bad(), Slow()]
    logging.getLogger("waybill_worker").setLevel(logging.DEBUG)
    logging.setLogRecordFactory(lambda *args, **named: 1 / 0)


def make_warnings_errors(context, given):
    warnings.simplefilter("error")


def hold_the_interpreter(context, given):
    sys.setswitchinterval(1000)
    gc.disable()
    threading.stack_size(32_768)


def set_context(context, given):
    decimal.getcontext().prec = 2


def lower_recursion_limit(context, given):
    sys.setrecursionlimit(40)


def lower_descriptors(context, given):
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def lower_files(context, given):
    resource.prlimit(0, resource.RLIMIT_FSIZE, (0, 0))


def send_alarm(context, given):
    signal.alarm(1)
    context.sleep(1.5)


def register_faults(context, given):
    import faulthandler

    faulthandler.register(signal.SIGTERM, file=open(os.devnull, "w"))


def probe(context, given):
    mask = os.umask(0)
    os.umask(mask)
    print("probed on standard output")
    logging.getLogger("waybill_worker.probe").warning("probed in the log")
    return {
        "directory": os.getcwd(),
        "umask": mask,
        "environment": dict(os.environ),
        "zone": time.localtime().tm_zone,
        "closed": [stream.closed for stream in (sys.stdout, sys.stderr)],
        "streams": [type(stream).__name__ for stream in (sys.stdout, sys.stderr)],
        "timeout": socket.getdefaulttimeout(),
        "locale": locale.setlocale(locale.LC_ALL),
        "filters": len(warnings.filters),
        "switch": sys.getswitchinterval(),
        "collects": gc.isenabled(),
        "stack": threading.stack_size(),
        "precision": decimal.getcontext().prec,
        "recursion": sys.getrecursionlimit(),
        "limits": [resource.getrlimit(limit) for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)],
    }


def change_and_stay(context, given):
    for change in (close_umask, change_environment, set_socket_timeout, silence, replace_streams, change_directory):
        change(context, given)
    context.metadata(changed=True)
    context.sleep(600)


def close_low(context, given):
    os.closerange(0, 21)
    context.sleep(given or 0)


def close_all(context, given):
    os.closerange(3, 4096)
    context.sleep(given or 0)


def beside(context, given):
    time.sleep(given)
    return "whole"
"""

REFUSED = {
    "lower_recursion_limit": "ValueError: a worker needs a recursion limit of at least",
    "lower_descriptors": "may not lower RLIMIT_NOFILE of its worker",
    "lower_files": "may not lower RLIMIT_FSIZE of its worker",
}

CHANGES = (
    "change_directory",
    "remove_directory",
    "open_umask",
    "close_umask",
    "change_environment",
    "clear_environment",
    "replace_streams",
    "close_streams",
    "close_standard_descriptors",
    "set_socket_timeout",
    "set_locale",
    "silence",
    "silence_all",
    "break_log",
    "make_warnings_errors",
    "hold_the_interpreter",
    "set_context",
    "send_alarm",
    "register_faults",
    *REFUSED,
)


def test_what_a_handler_changes_is_put_back_when_it_has_ended(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start(data_dir=".")
    before = bench.run("probe")["result"]
    for change in CHANGES:
        end = bench.run(change)
        if change in REFUSED:
            assert REFUSED[change] in end["error"]["message"]
        else:
            assert end["status"] == 3, end
        logged = bench.log().count(b"probed in the log")
        assert bench.run("probe")["result"] == before, change
        until(lambda logged=logged: bench.log().count(b"probed in the log") > logged)  # type: ignore[misc]
    until(lambda: bench.log().count(b"probed on standard output") == len(CHANGES) + 1)
    bench.signal(signal.SIGTERM)
    assert bench.ended() == 0
    assert b" CRITICAL " not in bench.log()
    assert bench.log().count(b"Traceback") == len(REFUSED)
    assert b"has ended: stopped" in bench.log()


def test_the_worker_works_and_keeps_reports_to_itself_while_a_handler_has_changed_everything(bench: Bench) -> None:
    bench.install(HANDLERS)
    bench.start(data_dir=".", drain_seconds="0")
    bench.order("change_and_stay")
    until(lambda: any("metadata" in report for report in bench.api.reports))
    assert bench.run("beside", input=0)["result"] == "whole"
    task_id = bench.order("beside", input=1)
    until(lambda: bench.statuses().get(task_id) == 2)
    bench.api.is_down = True

    def spooled() -> list[Path]:
        return [path for path in (bench.folder / "spool").glob("*.db") if path.stat().st_size]

    until(spooled)
    (path,) = spooled()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (bench.folder / "queue.db").unlink()
    until((bench.folder / "queue.db").exists)
    assert stat.S_IMODE((bench.folder / "queue.db").stat().st_mode) == 0o600
    bench.api.is_down = False
    assert bench.end(task_id)["result"] == "whole"
    bench.signal(signal.SIGTERM)
    assert bench.ended() == 0
    until(lambda: b"has ended: stopped" in bench.log())


@pytest.mark.parametrize("handler", ["close_low", "close_all"])
def test_a_handler_that_closes_what_is_not_its_own_ends_the_worker_and_not_what_runs(
    bench: Bench, handler: str
) -> None:
    bench.install(HANDLERS)
    bench.start(drain_seconds="20")
    beside = bench.order("beside", input=2)
    until(lambda: bench.statuses().get(beside) == 2)
    bench.order(handler)
    assert bench.ended() not in (0, 1)
    assert bench.end(beside)["result"] == "whole"
    assert not list(bench.folder.glob("queue.db.*"))
    if handler == "close_low":
        assert b"has closed descriptors that are not its own" in bench.log()
        assert b"Traceback" not in bench.log()


def test_files_are_private_whatever_the_umask_is(tmp_path: Path) -> None:
    for mask in (0, 0o777):
        before = os.umask(mask)
        try:
            spool = Spool(tmp_path / f"{mask}.db")
            spool.append([])
            spool.remove(0, [("reason", "text")])
            spool.discard()
        finally:
            os.umask(before)
    folder = tmp_path / "dead-letters"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
