"""The world of a process: time, threads, chance, locks and doorbells, as one object that is handed in."""

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from waybill.host.doorbell import Doorbell, call, ring_all
from waybill.host.lockfile import LockFile


@dataclass(frozen=True, slots=True)
class World:
    """What a process uses of its machine, by default of the real one; a simulation hands in another."""

    monotonic: Callable[[], float] = time.monotonic
    time: Callable[[], float] = time.time
    token_hex: Callable[[int], str] = secrets.token_hex
    randbits: Callable[[int], int] = secrets.randbits
    thread: Callable[..., threading.Thread] = threading.Thread
    event: Callable[[], threading.Event] = threading.Event
    lock: Callable[[], threading.Lock] = threading.Lock
    condition: Callable[[], threading.Condition] = threading.Condition
    queue: Callable[[], "SimpleQueue[Any]"] = SimpleQueue
    pool: Callable[[int, str], ThreadPoolExecutor] = ThreadPoolExecutor
    lock_file: Callable[[Path], LockFile] = LockFile
    doorbell: Callable[[Path, Callable[[], None]], Doorbell] = Doorbell
    ring_all: Callable[[Path], None] = ring_all
    call: Callable[[Path, str], None] = call


REAL = World()
"""The machine itself."""
