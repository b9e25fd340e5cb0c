"""The command line: `python -m waybill`."""

import sys

from waybill.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
