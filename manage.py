#!/usr/bin/env python3
"""The command line of a clone: that of `waybill`, without an installation of its own."""

import sys
from pathlib import Path

# The packages lie in folders of their own; with them here a clone needs no installation but that of the libraries.
sys.path[1:1] = [
    str(Path(__file__).resolve().parent / folder) for folder in ("shared", "services/api", "services/worker")
]

from waybill.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
