"""Photographs every page: `python -m demo.screenshots --help`."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from demo.screenshots.camera import THEMES, WIDTHS, photograph
from demo.screenshots.serving import scene
from throwaway import program
from throwaway.program import say

INTO = Path(".cache/screenshots")


async def take(arguments: argparse.Namespace) -> list[Path]:
    """Set the scene in a temporary directory, and take the pictures."""
    arguments.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="waybill-screenshots-") as folder:
        async with scene(Path(folder)) as set_up:
            return await photograph(
                set_up, arguments.into, arguments.theme, arguments.width, arguments.pages, is_whole=not arguments.window
            )


def main() -> int:
    """Take the pictures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo.screenshots", description="Photograph every page.")
    parser.add_argument("pages", nargs="*", help="which pages, such as overview; all without any")
    parser.add_argument("--into", type=Path, default=INTO, help="the directory for the pictures (%(default)s)")
    parser.add_argument("--theme", nargs="*", choices=THEMES, default=THEMES)
    parser.add_argument("--width", nargs="*", type=int, choices=list(WIDTHS), default=list(WIDTHS))
    parser.add_argument("--window", action="store_true", help="only what a window shows, not the whole page")
    arguments = parser.parse_args()
    taken = asyncio.run(take(arguments))
    say(f"{len(taken)} pictures in {arguments.into}")
    return 0


if __name__ == "__main__":
    sys.exit(program.run(main))
