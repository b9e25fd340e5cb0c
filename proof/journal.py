"""The deeds and their times: in memory for the checker, in a file for people."""

import json
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from proof.record import Deed


class Journal:
    """Deeds and other notes, one JSON object a line; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Write to a new file at `path`."""
        self._file = path.open("x", encoding="utf-8")
        self._lock = threading.Lock()
        self.deeds: list[Deed] = []

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def deed(self, what: str, who: str, **detail: Any) -> Deed:
        """Note a deed with the present time, and return it."""
        with self._lock:
            deed = Deed(now(), what, who, detail.pop("worker_id", None))
            self.deeds.append(deed)
            self._write({"at": deed.at, "what": what, "who": who, "worker_id": deed.worker_id, **detail})
        return deed

    def note(self, what: str, **detail: Any) -> None:
        """Note something that the checker does not need."""
        with self._lock:
            self._write({"at": now(), "what": what, **detail})

    def _write(self, line: dict[str, Any]) -> None:
        if not self._file.closed:
            self._file.write(json.dumps({name: value for name, value in line.items() if value is not None}) + "\n")
            self._file.flush()


def now() -> int:
    """Return the present time as the API stores it: milliseconds since the epoch."""
    return int(time.time() * 1000)
