"""The processes of the virtual machine, and what is to happen to them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proof.simulation.kernel import Kernel


class Timer:
    """Something that will happen, unless it is cancelled or its process dies before."""

    __slots__ = ("action", "process")

    def __init__(self, process: "Process", action: Callable[[], object] | None) -> None:
        """Take whose it is, and what happens."""
        self.process = process
        self.action = action

    def cancel(self) -> None:
        """Let it not happen."""
        self.action = None


class Process:
    """One process of the machine: it may be killed, or stopped and continued, at any event."""

    def __init__(self, kernel: "Kernel", name: str, parent: "Process | None" = None) -> None:
        """Start now, as the child of `parent` if it is given."""
        self.kernel = kernel
        self.worker = parent or self
        """Whose runs it executes: its parent's, or its own."""
        kernel.processes.append(self)
        self.name = name
        self.is_alive = True
        self.is_paused = False
        self.is_stopping = False
        """Whether it was asked to end in good order."""
        self.at_death: list[Callable[[], object]] = []
        """Who hears of its death: peers of its connections, and its supervisor."""
        self.locks: list[Callable[[], object]] = []
        """What lets go of the locks that it holds."""
        self.files: list[Callable[[], object]] = []
        """What closes the files that it has open; they are closed once nothing matters any more."""
        self.on_signal: Callable[[], object] = lambda: None
        self.pauses = 0
        """How often it was paused."""
        self._held: list[Timer] = []
        self._born = kernel.now
        self._paused_at = 0.0
        self._paused_for = 0.0

    @property
    def running_time(self) -> float:
        """For how many seconds it has lived without being paused."""
        now = self._paused_at if self.is_paused else self.kernel.now
        return now - self._born - self._paused_for

    def kill(self, *, with_machine: bool = False) -> None:
        """End it at once (SIGKILL); where its whole machine is lost, nobody sees its locks become free."""
        if not self.is_alive:
            return
        self.is_alive = False
        self._held.clear()
        for release in [*([] if with_machine else self.locks), *self.at_death]:
            release()

    def dispose(self) -> None:
        """Give back to the real machine what it holds."""
        self.is_alive = False
        for close in self.locks + self.files:
            close()

    def pause(self) -> None:
        """Let it do nothing until it is resumed (SIGSTOP)."""
        if self.is_alive and not self.is_paused:
            self.is_paused = True
            self.pauses += 1
            self._paused_at = self.kernel.now

    def resume(self) -> None:
        """Let it go on; what should have happened meanwhile happens now, in order."""
        if not self.is_paused:
            return
        self._paused_for += self.kernel.now - self._paused_at
        self.is_paused = False
        held, self._held = self._held, []
        for timer in held:
            self.kernel.push(timer)

    def hold(self, timer: Timer) -> None:
        """Keep what happens to it while it is paused."""
        self._held.append(timer)
