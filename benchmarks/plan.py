"""What is measured: how much, where, and with which client."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import Load


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The sizes and times of all measures; they are printed with the figures."""

    create_rounds: int = 5
    create_seconds: int = 2
    warm_up_seconds: int = 1
    connections: int = 32
    life_rounds: int = 3
    life_tasks: int = 2_000
    life_tasks_naive: int = 500
    idle_rounds: int = 3
    idle_tries: int = 17
    idle_tries_naive: int = 10
    idle_pause: float = 0.5
    burst_rounds: int = 3
    burst_tasks: int = 500
    burst_seconds: int = 2
    most_seconds: float = 150.0
    """After these seconds every measure has one round only, so that a busy machine is done soon too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Where and how to measure."""

    settings: Settings
    folder: Path
    """Where the data directories are made."""
    create_for: Callable[[int, float, int], Load]
    """Takes a port, seconds and a number of connections, and creates tasks there."""
    say: Callable[[str], None]
    """Prints a line about the progress."""
    started: float = field(default_factory=time.monotonic)

    def rounds(self, what: str, count: int) -> Iterator[int]:
        """Yield the numbers of the rounds from 1, and print a line on each; once the time is up, there is only one."""
        for number in range(1, count + 1):
            if number > 1 and time.monotonic() - self.started > self.settings.most_seconds:
                self.say(f"== {what}: no time for more than {number - 1} of {count} rounds")
                return
            self.say(f"== {what}, round {number} of {count}")
            yield number
