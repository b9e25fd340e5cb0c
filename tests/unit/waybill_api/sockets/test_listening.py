"""An API that cannot listen says which setting helps."""

import errno
import gc
from contextlib import closing

import pytest
from tornado.netutil import bind_sockets

from throwaway.port import free_port
from waybill.settings import Settings
from waybill_api.sockets import listening
from waybill_api.sockets.listening import CannotListen


# Tornado leaves a socket that cannot be bound to the garbage collector; here, and not in some later test.
@pytest.mark.filterwarnings("ignore:unclosed <socket")
def test_a_port_in_use_is_named_with_the_setting_that_chooses_another() -> None:
    port = free_port()
    (taken,) = bind_sockets(port, "127.0.0.1")
    with closing(taken), pytest.raises(CannotListen) as caught:
        listening.bind(Settings(host="127.0.0.1", port=port))
    assert str(caught.value) == (
        f"port {port} of 127.0.0.1 is in use by another program: "
        f"end that one, or choose another port, such as WAYBILL_PORT={port + 1}"
    )
    del caught
    gc.collect()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EACCES, "Permission denied"), "choose a WAYBILL_PORT above 1023"),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), "WAYBILL_HOST=127.0.0.1 is no address"),
        (OSError(errno.ENOBUFS, "No buffer space"), "WAYBILL_HOST=127.0.0.1, WAYBILL_PORT=8000: No buffer space"),
    ],
    ids=["a privileged port", "another machine's address", "anything else"],
)
def test_every_reason_names_its_setting(monkeypatch: pytest.MonkeyPatch, error: OSError, words: str) -> None:
    def refuse(port: int, host: str) -> None:
        raise error

    monkeypatch.setattr(listening, "bind_sockets", refuse)
    with pytest.raises(CannotListen, match=words):
        listening.bind(Settings(host="127.0.0.1", port=8000))
