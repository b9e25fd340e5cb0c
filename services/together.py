"""Both services in one terminal, by honcho, until somebody presses Ctrl-C."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

import honcho.command

from shared import starter
from shared.outlet import Outlets

STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
"""How honcho ends when it was asked to stop."""


def run(procfile: Path, environment: Mapping[str, str]) -> int:
    """Start what the Procfile names and wait for its end; return 0 where somebody asked for the end.

    honcho gets a process group of its own, which the terminal sends its Ctrl-C to: `make`, which would otherwise
    receive it too and call that a failure, only sees that its command has ended well.
    """
    scripts = str(Path(sys.executable).parent)
    path = os.pathsep.join([scripts, environment.get("PATH", os.defpath)])
    # The services read .env themselves; honcho would put it before the environment.
    command = [sys.executable, "-m", __name__, "--procfile", str(procfile), "--env", os.devnull, "start"]
    honcho = subprocess.Popen(
        starter.bound(command, signal.SIGTERM), env={**environment, "PATH": path}, process_group=0
    )

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


def honcho_main() -> None:
    """Run honcho, so that an output which is not read neither blocks nor kills it and the services never outlive it."""
    Outlets()
    endings = starter.endings()
    if signal.SIGHUP in endings:
        signal.signal(signal.SIGHUP, _hang_up)
    if signal.SIGINT not in endings:
        # honcho would handle it even if it is ignored.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    honcho.command.main()


def _hang_up(number: int, frame: FrameType | None) -> None:
    """Stop as asked to, and say no more: what is written to a closed terminal is an error, and would end honcho."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    os.kill(os.getpid(), signal.SIGTERM)


def _lend_terminal(group: int) -> bool:
    """Make a process group the terminal's foreground one; False where we are not in the foreground of any."""
    # Else the terminal would stop us when we take it back.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    if not starter.is_in_the_foreground():
        return False
    try:
        os.tcsetpgrp(sys.stdin.fileno(), group)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    honcho_main()
