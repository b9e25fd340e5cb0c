"""Run a worker: `python -m services.worker`."""

import os
import sys

from services.worker.consumer import Worker
from shared import logs
from shared.outlet import Outlets
from shared.settings import Settings, SettingsError


def main() -> int:
    """Run until told to stop, and return the exit status; 2 means that a setting makes no sense."""
    Outlets()
    try:
        settings = Settings.load()
        settings.make_data_dir()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    os.umask(0o077)
    logs.configure(settings.log_level)
    return Worker(settings).run()


if __name__ == "__main__":
    sys.exit(main())
