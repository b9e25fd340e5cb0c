"""The settings of this machine's installation, and where each comes from."""

import os
from pathlib import Path
from typing import Any

from waybill.cli.command import command
from waybill.cli.output import Column, Output
from waybill.cli.own_settings import settings

COLUMNS = (
    Column("setting", lambda one: one["name"]),
    Column("value", lambda one: one["value"]),
    Column("from", lambda one: one["source"]),
)


@command
def config(out: Output) -> int:
    """Show the settings and where each comes from. Secrets are masked."""
    from dotenv import dotenv_values  # noqa: PLC0415 - it comes with pydantic-settings, which reads the file with it

    from waybill.settings import PREFIX  # noqa: PLC0415

    said = settings()
    written = {name.upper(): value for name, value in dotenv_values(".env").items()}
    rows = []
    for field in type(said).model_fields:
        name = f"{PREFIX}{field.upper()}"
        source = "environment" if _in_environment(name) else ".env" if written.get(name) else "default"
        rows.append({"name": name, "value": _plain(getattr(said, field)), "source": source})
    out.rows(COLUMNS, rows)
    return 0


def _in_environment(name: str) -> bool:
    """Whether a variable is set; pydantic-settings reads its name in any case, and passes over an empty one."""
    return any(value and one.upper() == name for one, value in os.environ.items())


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; a secret as stars."""
    if hasattr(value, "get_secret_value"):
        return "***"
    return str(value) if isinstance(value, Path) else value
