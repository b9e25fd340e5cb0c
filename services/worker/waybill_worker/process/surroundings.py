"""The state of the whole process that handlers may change, and that is restored."""

import gc
import locale
import os
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from waybill.host.outlet import fill_gaps
from waybill_worker.process import own_log

Knob = tuple[Callable[[], Any], Callable[[Any], object]]
"""A function that reads a part of the state, and one that sets it to the value read."""


class Surroundings:
    """The state of the process before the first handler runs.

    What the worker itself needs is restored several times a second. Handlers may change the rest; it is restored while
    no handler runs, so that no change reaches the next one.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Add these variables to the environment, for programs that handlers start, and note the state."""
        os.environ.update(environment)
        own_log.detach()
        self._held = _noted(HELD)
        self._left = _noted(LEFT)

    def hold(self) -> None:
        """Restore what the worker itself needs; call it often, also while handlers run."""
        _put_back(self._held)
        with suppress(OSError):
            fill_gaps()

    def restore(self) -> None:
        """Restore everything; call it only while no handler runs."""
        _put_back([*self._held, *self._left])


def _noted(knobs: tuple[Knob, ...]) -> list[tuple[Knob, Any]]:
    return [(knob, knob[0]()) for knob in knobs]


def _put_back(noted: list[tuple[Knob, Any]]) -> None:
    for (read, write), before in noted:
        try:
            is_same = read() == before
        except Exception:  # noqa: BLE001  # such as a working directory that was removed
            is_same = False
        if not is_same:
            # A part that cannot be restored (its folder may be gone) must not stop the others.
            with suppress(Exception):
                write(before)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _set_environment(before: dict[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)
    time.tzset()


def _streams() -> list[Any]:
    return [sys.stdin, sys.stdout, sys.stderr]


def _set_streams(before: list[Any]) -> None:
    sys.stdin, sys.stdout, sys.stderr = before


def _set_filters(before: list[Any]) -> None:
    warnings.resetwarnings()
    warnings.filters[:] = before  # type: ignore[index]  # it is a list, which the stubs do not promise


HELD: tuple[Knob, ...] = ((sys.getswitchinterval, sys.setswitchinterval), (own_log.read, own_log.put_back))

LEFT: tuple[Knob, ...] = (
    (os.getcwd, os.chdir),
    (_umask, os.umask),
    (lambda: dict(os.environ), _set_environment),
    (lambda: locale.setlocale(locale.LC_ALL), lambda before: locale.setlocale(locale.LC_ALL, before)),
    (_streams, _set_streams),
    (lambda: list(warnings.filters), _set_filters),
    (socket.getdefaulttimeout, socket.setdefaulttimeout),
    (threading.stack_size, threading.stack_size),
    (gc.isenabled, lambda before: gc.enable() if before else gc.disable()),
)
