"""Run the API: `python -m waybill_api`."""

import gc

# What modules make while they load is no garbage, and a collector that looks for some takes a tenth of the start.
gc.disable()

import os
import signal
import sys

from waybill.host import logs, os_error, starter
from waybill.host.outlet import Outlets
from waybill.settings import Settings, SettingsError
from waybill_api.server import CannotStart, run

PATIENCE = 20.0
"""Seconds that this process may take to stop after its starter has ended."""


def main() -> int:
    """Serve until told to stop, and return the exit status; 2 means that a setting is invalid."""
    Outlets()
    try:
        settings = Settings.load()
        starter.stop_with(settings.parent, PATIENCE)
        settings.make_data_dir()
        os.umask(0o077)
        logs.configure(settings.log_level)
        return run(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    except OSError as error:
        sys.stderr.write(f"{os_error.told(error)}\n")
        return 2 if os_error.needs_a_person(error) else 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
