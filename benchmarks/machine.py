"""The machine that the figures are measured on."""

import os
import platform
import sqlite3
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
SYNCS = 30


def describe(folder: Path) -> dict[str, str]:
    """Return the machine, the versions, and how long a write to the disk of `folder` takes."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "load": ", ".join(f"{load:.1f}" for load in os.getloadavg()) + " (1, 5 and 15 minutes, before the start)",
        "kernel": f"{platform.system()} {platform.release()}",
        "disk": f"{sync_milliseconds(folder):.2f} ms for a write of 4 KiB and its fsync (median of {SYNCS})",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: _version(name) for name in ("tornado", "huey", "peewee", "requests", "pydantic", "waybill")},
    }


def is_busy() -> bool:
    """Whether other processes use so much of the processors that figures mean little."""
    return os.getloadavg()[0] > (os.cpu_count() or 1)


def sync_milliseconds(folder: Path) -> float:
    """Return the median time in milliseconds of a small write with its fsync, in an existing folder."""
    path = folder / "sync"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    took: list[float] = []
    try:
        for _ in range(SYNCS):
            start = time.perf_counter()
            os.pwrite(descriptor, bytes(4096), 0)
            os.fsync(descriptor)
            took.append(time.perf_counter() - start)
    finally:
        os.close(descriptor)
        path.unlink()
    return 1000 * sorted(took)[SYNCS // 2]


def _processor() -> str:
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "from the source tree"
