"""Run a worker: `python -m waybill_worker`."""

import os
import signal
import sys

from waybill.host import logs, starter
from waybill.host.descriptors import TooFewDescriptors, check_descriptors
from waybill.host.outlet import Outlets
from waybill.host.sqlite import SqliteTooOld, check_sqlite
from waybill.settings import Settings, SettingsError
from waybill_worker.consumer import ENDING_SECONDS, Worker
from waybill_worker.exit import CannotStart, Exit
from waybill_worker.handlers.loading import CannotLoad
from waybill_worker.outside import REAL, Outside
from waybill_worker.process.again import Again
from waybill_worker.process.code import Code
from waybill_worker.process.descriptors import Descriptors
from waybill_worker.process.ending import Deadline, leave
from waybill_worker.process.own_limits import refuse_own_limits
from waybill_worker.process.own_signals import refuse_own_signals
from waybill_worker.process.printed import Printed

PATIENCE = 20.0
"""Seconds that this process may take to stop after its starter has ended, on top of the drain."""


def main(printed: Printed | None = None, outside: Outside = REAL) -> int:
    """Run until told to stop, and return the exit status; 2 means that a setting is invalid.

    `printed` decides what the streams pass on of the output of handlers.
    """
    try:
        check_sqlite()
        check_descriptors()
        settings = Settings.load()
        starter.stop_with(settings.parent, settings.drain_seconds + PATIENCE)
        settings.make_data_dir()
    except (SettingsError, SqliteTooOld, TooFewDescriptors) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    os.umask(0o077)
    logs.configure(settings.log_level)
    refuse_own_signals()
    refuse_own_limits()
    deadline = Deadline(settings.drain_seconds + ENDING_SECONDS)
    descriptors = Descriptors()
    code = Code(settings.handlers or ()) if settings.reload else None
    try:
        return Worker(
            settings,
            outside,
            on_ending=deadline.begin,
            are_descriptors_gone=descriptors.are_gone,
            printed=printed,
            code=code,
        ).run()
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    except CannotLoad as error:
        sys.stderr.write(f"{error}\n")
        return 2 if code is None else _wait(code)


def _wait(code: Code) -> int:
    """Wait for a change of code that cannot be loaded; a signal ends this process meanwhile."""
    for number in starter.endings():
        signal.signal(number, signal.SIG_DFL)
    sys.stderr.write("The worker waits until the code of its handlers changes.\n")
    code.wait()
    return Exit.RELOADED


if __name__ == "__main__":
    again = Again()
    printed = Printed()
    outlets = Outlets(printed.admit)
    printed.end_line = outlets.end_line
    status = main(printed)
    if status == Exit.RELOADED:
        again.start(outlets.flush, status)
    leave(status, outlets.flush)
