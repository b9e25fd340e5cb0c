"""The doorbell wakes its owner, and ringing never hurts anybody."""

import os
import stat
import threading
from functools import partial
from pathlib import Path

import pytest

from waybill.host.doorbell import Doorbell, call, ring_all


def test_a_ring_wakes_the_owner_once(tmp_path: Path) -> None:
    bell = Doorbell(tmp_path / "bells" / "w")
    ring_all(tmp_path / "bells")
    ring_all(tmp_path / "bells")
    assert bell.wait(5)
    assert not bell.wait(0)
    bell.close()


def test_a_call_is_heard_by_the_one_that_is_meant(tmp_path: Path) -> None:
    called: list[str] = []
    bells = [Doorbell(tmp_path / "bells" / name, partial(called.append, name)) for name in "vw"]
    ring_all(tmp_path / "bells")
    call(tmp_path / "bells", "w")
    call(tmp_path / "bells", "w")
    assert [bell.wait(5) for bell in bells] == [True, True]
    assert called == ["w"]
    assert not bells[1].wait(0)
    for bell in bells:
        bell.close()


@pytest.mark.parametrize("name", ["", ".", "..", "nobody", "../outside", "a/../../outside", "nul\0", "x" * 300])
def test_a_call_reaches_nothing_outside_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "bells" / "a").mkdir(parents=True)
    called: list[None] = []
    outside = Doorbell(tmp_path / "outside", lambda: called.append(None))
    call(tmp_path / "bells", name)
    assert not outside.wait(0)
    outside.close()


def test_a_thread_of_the_owner_can_ring(tmp_path: Path) -> None:
    bell = Doorbell(tmp_path / "w")
    thread = threading.Thread(target=bell.ring)
    thread.start()
    assert bell.wait(5)
    thread.join()
    bell.close()


def test_only_the_owner_may_use_it_and_it_goes_with_its_owner(tmp_path: Path) -> None:
    bell = Doorbell(tmp_path / "w")
    mode = (tmp_path / "w").stat().st_mode
    assert stat.S_ISFIFO(mode)
    assert stat.S_IMODE(mode) == 0o600
    bell.close()
    assert not (tmp_path / "w").exists()


def test_ringing_never_blocks_however_often(tmp_path: Path) -> None:
    bell = Doorbell(tmp_path / "w")
    for _ in range(70_000):
        bell.ring()
    ring_all(tmp_path)
    assert bell.wait(0)
    assert not bell.wait(0)
    bell.close()


def test_ringing_passes_over_what_is_no_listening_doorbell(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "deserted")
    (tmp_path / "file").write_text("untouched")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    bell = Doorbell(tmp_path / "z")
    ring_all(tmp_path)
    ring_all(tmp_path / "missing")
    assert bell.wait(5)
    assert (tmp_path / "file").read_text() == "untouched"
    bell.close()
