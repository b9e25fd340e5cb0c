"""The settings of the installation of this machine, for a command."""

from typing import TYPE_CHECKING

from waybill.cli.command_error import BAD_USAGE, CommandError

if TYPE_CHECKING:
    from waybill.settings import Settings


def settings() -> "Settings":
    """Return the settings of the installation. Raises CommandError."""
    from waybill.settings import Settings, SettingsError  # noqa: PLC0415 - it takes longer than most commands

    try:
        return Settings.load()
    except SettingsError as error:
        raise CommandError(str(error), BAD_USAGE) from None
