#!/usr/bin/env python3
"""The command line of a clone: that of `waybill`, and the drill."""

import argparse
import sys
from pathlib import Path

# The packages lie in folders of their own; with them here a clone needs no installation but that of the libraries.
sys.path[1:1] = [
    str(Path(__file__).resolve().parent / folder) for folder in ("shared", "services/api", "services/worker")
]

from waybill.command_line import Command, main
from waybill.settings import Settings


def drill(_: argparse.Namespace, settings: Settings) -> int:
    """Kill, stop and cut services under load, on an installation of its own, and return the exit code."""
    # Only here: nothing that serves users depends on the proof.
    from proof import drill as proof_drill  # noqa: PLC0415

    return proof_drill.main()


if __name__ == "__main__":
    sys.exit(
        main([Command("drill", "show in a minute what crashes do to tasks, on an installation of its own", drill)])
    )
