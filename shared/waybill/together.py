"""Both services in one terminal, by honcho, until Ctrl-C."""

import os
import shlex
import signal
import subprocess
import sys
from types import FrameType

from honcho.manager import Manager
from honcho.printer import Printer

from waybill.host import starter
from waybill.host.outlet import Outlets

STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
"""The exit codes of honcho after it was asked to stop."""

SETTINGS = {"api": "", "worker": "WAYBILL_DRAIN_SECONDS=${WAYBILL_DRAIN_SECONDS:-3} "}
"""The default settings of each service: honcho kills 5 s after it has asked to stop."""


def run() -> int:
    """Start both services and wait for their end; return 0 if a signal asked for it.

    honcho gets a process group of its own, to which the terminal sends Ctrl-C. So `make` does not receive it too, and
    does not report a failure.
    """
    honcho = subprocess.Popen(starter.bound([sys.executable, "-m", __name__], signal.SIGTERM), process_group=0)

    def pass_on(number: int, frame: FrameType | None) -> None:
        honcho.send_signal(number)

    for number in starter.endings():
        signal.signal(number, pass_on)
    terminal = _lend_terminal(honcho.pid)
    if terminal:
        starter.hang_up_with(sys.stdin.fileno())
    try:
        code = honcho.wait()
    finally:
        if terminal:
            os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())
    return 0 if code in STOPPED else code


def honcho_main() -> int:
    """Run honcho; it survives an output that is not read, and the services end with it."""
    Outlets()
    endings = starter.endings()
    if signal.SIGHUP in endings:
        signal.signal(signal.SIGHUP, _hang_up)
    if signal.SIGINT not in endings:
        # honcho would handle SIGINT even if it is ignored.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    manager = Manager(Printer(sys.stdout))
    for name, settings in SETTINGS.items():
        command = shlex.join([sys.executable, "-m", f"waybill_{name}"])
        manager.add_process(name, f"WAYBILL_PARENT=$PPID {settings}exec {command}", env=dict(os.environ))
    manager.loop()
    return int(manager.returncode)


def _hang_up(number: int, frame: FrameType | None) -> None:
    """Stop, and print nothing more: a write to a closed terminal fails, and would end honcho at once."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    os.kill(os.getpid(), signal.SIGTERM)


def _lend_terminal(group: int) -> bool:
    """Make a process group the terminal's foreground group; return False if ours is not that."""
    # Otherwise the terminal would stop us when we take it back.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    if not starter.is_in_the_foreground():
        return False
    try:
        os.tcsetpgrp(sys.stdin.fileno(), group)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(honcho_main())
