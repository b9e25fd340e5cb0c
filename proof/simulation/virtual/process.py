"""The processes of the virtual machine, and their future events."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proof.simulation.virtual.kernel import Kernel


class Timer:
    """An event in the future, unless it is cancelled or its process dies before."""

    __slots__ = ("action", "process")

    def __init__(self, process: "Process", action: Callable[[], object] | None) -> None:
        """Take its process and its function."""
        self.process = process
        self.action = action

    def cancel(self) -> None:
        """Cancel it."""
        self.action = None


class Process:
    """One process of the machine: it may be killed, or stopped and continued, at any event."""

    def __init__(self, kernel: "Kernel", name: str, parent: "Process | None" = None) -> None:
        """Start now, as the child of `parent` if it is given."""
        self.kernel = kernel
        self.worker = parent or self
        """The process whose runs it executes: its parent or itself."""
        kernel.processes.append(self)
        self.name = name
        self.is_alive = True
        self.is_paused = False
        self.is_stopping = False
        """Whether it was asked to stop."""
        self.at_death: list[Callable[[], object]] = []
        """The functions that hear of its death: of the peers of its connections, and of its supervisor."""
        self.locks: list[Callable[[], object]] = []
        """The functions that release its locks."""
        self.files: list[Callable[[], object]] = []
        """The functions that close its files, at the end of the simulation."""
        self.on_signal: Callable[[], object] = lambda: None
        self.pauses = 0
        """How often it was paused."""
        self._held: list[Timer] = []
        self._born = kernel.now
        self._paused_at = 0.0
        self._paused_for = 0.0

    @property
    def running_time(self) -> float:
        """The seconds that it has lived, without pauses."""
        now = self._paused_at if self.is_paused else self.kernel.now
        return now - self._born - self._paused_for

    def kill(self, *, with_machine: bool = False) -> None:
        """End it at once (SIGKILL); if its whole machine is lost, its locks do not become free."""
        if not self.is_alive:
            return
        self.is_alive = False
        self._held.clear()
        for release in [*([] if with_machine else self.locks), *self.at_death]:
            release()

    def dispose(self) -> None:
        """Close what it holds of the real machine."""
        self.is_alive = False
        for close in self.locks + self.files:
            close()

    def pause(self) -> None:
        """Pause it until it is resumed (SIGSTOP)."""
        if self.is_alive and not self.is_paused:
            self.is_paused = True
            self.pauses += 1
            self._paused_at = self.kernel.now

    def resume(self) -> None:
        """Let it go on; the events of the pause happen now, in order."""
        if not self.is_paused:
            return
        self._paused_for += self.kernel.now - self._paused_at
        self.is_paused = False
        held, self._held = self._held, []
        for timer in held:
            self.kernel.push(timer)

    def hold(self, timer: Timer) -> None:
        """Keep an event until it goes on."""
        self._held.append(timer)
