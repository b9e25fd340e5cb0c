"""The address at which the API listens, and the reasons why it cannot."""

import errno
from socket import gaierror, socket

from tornado.netutil import bind_sockets

from waybill.settings import Settings


class CannotListen(Exception):
    """The API cannot listen at its address; the message is one line that names the setting to change."""


def bind(settings: Settings) -> list[socket]:
    """Return sockets that listen at the host and port of the settings. Raises CannotListen."""
    try:
        return bind_sockets(settings.port, settings.host)
    except OSError as error:
        raise CannotListen(_reason(settings, error)) from None


def _reason(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = settings.port + 1 if settings.port < 65_535 else settings.port - 1
        return (
            f"port {settings.port} of {settings.host} is in use by another program: "
            f"end that one, or choose another port, such as WAYBILL_PORT={other}"
        )
    if error.errno == errno.EACCES:
        return f"this user may not listen on port {settings.port}: choose a WAYBILL_PORT above 1023"
    if isinstance(error, gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"WAYBILL_HOST={settings.host} is no address of this machine"
    return f"cannot listen at WAYBILL_HOST={settings.host}, WAYBILL_PORT={settings.port}: {error.strerror or error}"
