"""An API that cannot listen says which setting helps."""

import errno
import gc
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import AF_UNIX, socket

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


@pytest.fixture
def path() -> Iterator[Path]:
    """The path of a socket, short enough for one."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder) / "api.sock"


def test_a_socket_has_its_mode_and_is_removed_with_its_listener(path: Path) -> None:
    (listener,) = listening.bind(Settings(host=f"unix:{path}", socket_mode="666"))
    with closing(listener), socket(AF_UNIX) as client:
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        client.connect(str(path))
        with pytest.raises(CannotListen, match=f"another program listens at {path}: end that one"):
            listening.bind(Settings(host=f"unix:{path}"))
        listening.hide(listener)
        listening.hide(listener)
    assert not path.exists()


def test_a_socket_that_a_killed_program_has_left_is_replaced(path: Path) -> None:
    with socket(AF_UNIX) as left:
        left.bind(str(path))
    (listener,) = listening.bind(Settings(host=f"unix:{path}"))
    with closing(listener):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


@pytest.mark.parametrize("kind", ["a folder", "a file", "a link"])
def test_what_is_no_socket_is_left_alone(path: Path, kind: str) -> None:
    if kind == "a folder":
        path.mkdir()
    elif kind == "a file":
        path.touch()
    else:
        path.symlink_to("/nowhere")
    with pytest.raises(CannotListen, match=f"WAYBILL_HOST: {path} is no socket: remove it, or choose another path"):
        listening.bind(Settings(host=f"unix:{path}"))
    assert path.is_symlink() or path.exists()


# Tornado leaves a socket that cannot be bound to the garbage collector; here, and not in some later test.
@pytest.mark.filterwarnings("ignore:unclosed <socket")
def test_a_folder_that_is_missing_is_told(path: Path) -> None:
    with pytest.raises(CannotListen) as caught:
        listening.bind(Settings(host=f"unix:{path.parent}/missing/api.sock"))
    assert str(caught.value).endswith("/missing/api.sock: No such file or directory")
    del caught
    gc.collect()
