"""The address at which the API listens, and why it cannot."""

import ctypes
import errno
import struct
import sys
from contextlib import suppress
from socket import SOL_SOCKET, gaierror, socket

from tornado.netutil import bind_sockets

from shared.settings import Settings

SO_ATTACH_FILTER = 26
"""From Linux's `asm-generic/socket.h`; the `socket` module lacks it."""

DROP_SYN = b"".join(
    struct.pack("=HBBI", *instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # load the byte with the flags of the TCP header
        (0x45, 0, 1, 0x02),  # if SYN is set, go on, else skip one
        (0x06, 0, 0, 0),  # drop
        (0x06, 0, 0, 0xFFFFFFFF),  # keep
    )
)
"""A program of the classic packet filter; see the kernel's `Documentation/networking/filter.rst`."""


class CannotListen(Exception):
    """The API cannot listen at its address; the message is one line that names the setting to change."""


def bind(settings: Settings) -> list[socket]:
    """Return sockets that listen at the host and port of the settings. Raises CannotListen."""
    try:
        return bind_sockets(settings.port, settings.host)
    except OSError as error:
        raise CannotListen(_reason(settings, error)) from None


def deafen(listener: socket) -> None:
    """Have the kernel ignore new connections to a listener that is about to close; what has connected can be accepted.

    A connection that is completed between the last accept and the close would be reset. One that is ignored is tried
    again by its client's kernel after a second (RFC 6298, 2.1). Only Linux can do this.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(DROP_SYN, len(DROP_SYN))
    with suppress(OSError):
        listener.setsockopt(
            SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(DROP_SYN) // 8, ctypes.addressof(program))
        )


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
