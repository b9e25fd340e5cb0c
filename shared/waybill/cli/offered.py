"""What installed services offer to the command line, by the entry-point group `waybill.commands`."""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from waybill.cli.command_error import BAD_USAGE, CommandError

GROUP = "waybill.commands"


def offered(name: str) -> Callable[..., Any]:
    """Return a function that a service offers: it works while no API runs. Raises CommandError if none does."""
    for entry in entry_points(group=GROUP, name=name):
        function: Callable[..., Any] = entry.load()
        return _with_settings_told(function)
    raise CommandError(f"this needs the API's package, waybill_api, which is not installed here (no {name})")


def _with_settings_told(function: Callable[..., Any]) -> Callable[..., Any]:
    from waybill.settings import SettingsError  # noqa: PLC0415 - the service has loaded it

    def call(*given: Any) -> Any:
        try:
            return function(*given)
        except SettingsError as error:
            raise CommandError(str(error), BAD_USAGE) from None

    return call
