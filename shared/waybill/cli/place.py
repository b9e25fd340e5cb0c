"""Where the API is, and which token it is sent: from the arguments, the environment, and the data directory."""

import os
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from waybill.api_error import ApiProblem, WrongInstallation
from waybill.cli.command_error import BAD_USAGE, CommandError
from waybill.cli.own_settings import settings
from waybill.client.client import ADDRESS, Client
from waybill.installation import known

RETRIES = 2
REFUSED = (401, 403)


class Place(NamedTuple):
    """An API, and the data directory of an installation on this machine, which may be its own."""

    url: str
    token: str | None
    data_dir: Path


def place(url: str | None, token: str | None) -> Place:
    """Return which API is meant. Raises CommandError."""
    named = os.environ.get
    if Path(".env").exists() or (named("WAYBILL_API_URL") is None and (named("WAYBILL_HOST") or named("WAYBILL_PORT"))):
        said = settings()
        from_settings = None if said.api_token is None else said.api_token.get_secret_value()
        return Place(url or said.base_url, token or from_settings, said.data_dir)
    return Place(
        url or named("WAYBILL_API_URL") or ADDRESS,
        token or named("WAYBILL_API_TOKEN") or None,
        Path(named("WAYBILL_DATA_DIR") or "data"),
    )


class PersonsClient(Client):
    """A client that sends the administrator's token of this machine's installation if a call is refused without."""

    def __init__(self, url: str | None, token: str | None) -> None:
        """Take what the command line names. Raises CommandError."""
        where = place(url, token)
        try:
            super().__init__(where.url, lambda: where.token, retries=RETRIES)
        except ValueError as error:
            raise CommandError(f"--url or WAYBILL_API_URL: {error}", BAD_USAGE) from None
        self._has_own_token = token is not None
        self._data_dir = where.data_dir

    def _send(self, *given: Any, **named: Any) -> Any:
        try:
            return super()._send(*given, **named)
        except ApiProblem as problem:
            admin = None if self._has_own_token or problem.status not in REFUSED else admin_token(self._data_dir)
            if admin is None or admin == self._token:
                raise
            self._token = admin
            # The file's token is for its own installation alone.
            self._read_installation = partial(known, self._data_dir / "installation")
            try:
                return super()._send(*given, **named)
            except WrongInstallation:
                raise problem from None


def admin_token(data_dir: Path) -> str | None:
    """Return the administrator's token of an installation; None if there is none that can be read."""
    try:
        return (data_dir / "admin.token").read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
