"""The log of a run: the end of what it has logged or printed."""

import json
from collections.abc import Callable

from waybill.domain.texts.plain import plain
from waybill.domain.texts.tail import LOG_CAP, from_line, tail


class RunLog:
    """Keeps the last bytes that a run has printed, at most LOG_CAP.

    One thread prints, and another one reads. There is no lock, which a print from a finalizer would wait for in vain.
    """

    __slots__ = ("_claim", "_kept", "_run", "_taken", "_task_id", "is_new", "on_news")

    def __init__(self, task_id: str, run: int, claim: str) -> None:
        """Begin empty, for the run with this claim."""
        self._task_id, self._run, self._claim = task_id, run, claim
        self._kept: bytearray | None = None
        self._taken = 0
        self.is_new = False
        """Whether it has grown since it was last told."""
        self.on_news: Callable[[RunLog], None] | None = None
        """Called with it when it grows for the first time after it was told."""

    def __len__(self) -> int:
        return 0 if self._kept is None else len(self._kept)

    def take(self, data: bytes) -> None:
        """Add what was printed."""
        if self._kept is None:
            self._kept = bytearray()
        self._kept += data[-LOG_CAP:]
        del self._kept[:-LOG_CAP]
        self._taken += len(data)
        if not self.is_new:
            self.is_new = True
            if self.on_news is not None:
                self.on_news(self)

    @property
    def text(self) -> str:
        """What is kept, as it is read."""
        text = bytes(self._kept or b"").decode(errors="replace")
        return tail(plain(from_line(text) if self._is_cut else text), LOG_CAP, omitted="")

    def told(self) -> str:
        """Return it as JSON, as the API takes it."""
        self.is_new = False
        said = {"task_id": self._task_id, "run": self._run, "claim": self._claim}
        return json.dumps(said | {"text": self.text, "cut": self._is_cut}, ensure_ascii=False)

    @property
    def _is_cut(self) -> bool:
        return self._taken > len(self)
