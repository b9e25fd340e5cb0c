"""What holds for every test: no settings from outside, no skip that is not expected, no cache in a read-only place."""

import asyncio
import gc
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis.database import DirectoryBasedExampleDatabase

from tests import needs

CI = os.environ.get("CI") == "true"
EXAMPLES = 100 if CI else 50
LONGEST_ID = 60


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what chooses how much is tried."""
    parser.addoption("--examples", type=int, default=6, help="how many examples the stateful tests try")
    parser.addoption("--bare", action="store_true", help="allow the skips of tests/needs.py though CI=true")
    parser.addoption("--long", action="store_true", help="try the long forms: 5,000 rounds, 100,000 tasks")


def pytest_configure(config: pytest.Config) -> None:
    """Forget the settings of whoever runs the tests, and choose Hypothesis's.

    It gets no deadline, since the machine may be busy, and keeps no files in a read-only place. CI tries more examples.
    """
    # Else the first `io_loop` of a process has asyncio make a loop that nobody closes, and some later test is blamed.
    asyncio.set_event_loop(None)
    for name in [name for name in os.environ if name.startswith("WAYBILL_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    # What `nohup` or a background shell has this process ignore, the processes that tests start do not inherit.
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    cache = config.rootpath / ".cache"
    writable = os.access(cache if cache.exists() else config.rootpath, os.W_OK)
    database = DirectoryBasedExampleDatabase(cache / "hypothesis") if writable else None
    hypothesis.settings.register_profile("waybill", deadline=None, database=database, max_examples=EXAMPLES)
    hypothesis.settings.load_profile("waybill")
    hypothesis.configuration.set_hypothesis_home_dir(cache / "hypothesis")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Shorten the id of a long value: every process that runs tests would send megabytes of ids to the first one."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        return f"{val[:LONGEST_ID]!a} and so on, {len(val)} in all"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start first what waits longest, then all else that waits: with several at once, what computes fills the gaps."""
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, "acceptance" not in item.path.parts))


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """Put back the umask that a test leaves by what it runs in this process, such as the command line."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


def pytest_collection_finish() -> None:
    """Spare the collector the thousands of tests, which stay to the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skips for a reason not listed in `tests/needs.py`; with CI=true, for any reason."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _judge(report, item.config, item.path, str(call.excinfo.value if call.excinfo else item.name))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that skips as a whole by the same rule."""
    report = yield
    if report.skipped:
        _judge(report, collector.config, collector.path, str(report.longrepr))
    return report


def _judge(report: pytest.TestReport | pytest.CollectReport, config: pytest.Config, path: Path, reason: str) -> None:
    """Turn a skip into a failure unless it is expected: what is not run is not known to work."""
    file = path.relative_to(config.rootpath).as_posix()
    if not needs.is_allowed(file, reason):
        report.outcome = "failed"
        report.longrepr = f"skipped, which tests/needs.py does not allow: {reason}"
    elif CI and not config.option.bare:
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {reason}"
