"""The address at which the API listens, and the reasons why it cannot."""

import errno
import stat
from pathlib import Path
from socket import AF_UNIX, gaierror, socket

from tornado.netutil import bind_sockets, bind_unix_socket

from waybill.settings import Settings

PATIENCE = 1.0
"""Seconds in which a server at a socket takes a connection, if there is one; a live one may be busy, and is not
replaced."""


class CannotListen(Exception):
    """The API cannot listen at its address; the message is one line that names the setting to change."""


def bind(settings: Settings) -> list[socket]:
    """Return sockets that listen at the host and port of the settings. Raises CannotListen."""
    path = settings.socket_path
    try:
        if path is not None:
            return [_bind_path(path, int(settings.socket_mode, 8))]
        return bind_sockets(settings.port, settings.host)
    except OSError as error:
        raise CannotListen(_reason(settings, error) if path is None else _reason_of_path(path, error)) from None


def hide(listener: socket) -> None:
    """Remove the file of a UNIX socket, so that no further client finds it; other sockets stay as they are."""
    if listener.family == AF_UNIX:
        Path(listener.getsockname()).unlink(missing_ok=True)


def _bind_path(path: Path, mode: int) -> socket:
    """Return a socket that listens at a path; replace the file that a killed program has left there."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        pass
    else:
        if not stat.S_ISSOCK(kind):
            raise CannotListen(f"WAYBILL_HOST: {path} is no socket: remove it, or choose another path")
        if _is_alive(path):
            raise CannotListen(f"WAYBILL_HOST: another program listens at {path}: end that one, or choose another path")
    return bind_unix_socket(str(path), mode)


def _is_alive(path: Path) -> bool:
    with socket(AF_UNIX) as client:
        client.settimeout(PATIENCE)
        try:
            client.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
        return True


def _reason_of_path(path: Path, error: OSError) -> str:
    return f"cannot listen at WAYBILL_HOST=unix:{path}: {error.strerror or error}"


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
