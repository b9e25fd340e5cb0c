"""The doorbell wakes its owner, and ringing never hurts anybody."""

import os
import stat
import threading
from pathlib import Path

from shared.doorbell import Doorbell, ring_all


def test_a_ring_wakes_the_owner_once(tmp_path: Path) -> None:
    bell = Doorbell(tmp_path / "bells" / "w")
    ring_all(tmp_path / "bells")
    ring_all(tmp_path / "bells")
    assert bell.wait(5)
    assert not bell.wait(0)
    bell.close()


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
