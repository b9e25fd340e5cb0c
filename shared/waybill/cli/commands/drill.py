"""The drill, which only a clone has."""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path

import waybill
from waybill.cli.command import command
from waybill.cli.command_error import CommandError


@command
def drill() -> int:
    """Show in a minute what crashes do to tasks. It runs on an installation of its own, and only in a clone."""
    root = Path(waybill.__file__).resolve().parents[2]
    if find_spec("proof") is None and (root / "proof" / "drill.py").exists():
        sys.path.append(str(root))
    try:
        # By its name, since what is installed imports no tools.
        module = importlib.import_module("proof.drill")
    except ModuleNotFoundError as error:
        if error.name not in ("proof", "proof.drill"):
            raise
        raise CommandError("the drill is no part of what is installed: run it in a clone, with make drill") from None
    return int(module.main())
