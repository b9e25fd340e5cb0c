"""Handlers for workers that are started for one use."""

from collections.abc import Mapping
from pathlib import Path


def offer(folder: Path, handlers: Mapping[str, str], **sources: str) -> None:
    """Offer handlers, such as `{"echo": "my_module:echo"}`, as a package that is installed in `folder` would.

    `sources` are the modules that are not there yet, each with its text.
    """
    metadata = folder / "offered-0.dist-info"
    metadata.mkdir(parents=True)
    lines = [f"{name} = {function}" for name, function in handlers.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[waybill.handlers]", *lines, ""]))
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: offered\nVersion: 0\n")
    for module, source in sources.items():
        (folder / f"{module}.py").write_text(source)
