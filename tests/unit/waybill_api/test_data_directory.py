"""The data directory at a start: its access rights, its owner and its installation."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from waybill import installation
from waybill.host import ownership
from waybill.installation import NoInstallation
from waybill.settings import Settings
from waybill_api.data_directory import OpenToAll, leave_a_mark, settle
from waybill_api.store.engine.migrations import DatabaseUnusable


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data directory that is there."""
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", lock_wait_seconds=0)  # type: ignore[call-arg]
    settings.make_data_dir()
    return settings


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_directory_gets_an_id_that_its_database_has_too(settings: Settings) -> None:
    found = settle(settings)
    assert installation.read(settings.installation_file) == found
    settings.installation_file.unlink()
    assert settle(settings) == found
    assert installation.read(settings.installation_file) == found, "a file that was lost is made anew"


def test_a_database_that_is_gone_is_missed(settings: Settings) -> None:
    settle(settings)
    settings.tasks_db.unlink()
    with pytest.raises(DatabaseUnusable, match=r"put tasks\.db back"):
        settle(settings)
    settings.installation_file.unlink()
    settings.worker_token_file.touch()
    settings.admin_token_file.touch()
    with pytest.raises(DatabaseUnusable, match=r"put tasks\.db back"):
        settle(settings)
    settings.worker_token_file.unlink()
    settings.admin_token_file.unlink()
    assert settle(settings), "what the line tells to remove is all that has to be removed"


@pytest.mark.parametrize("text", ["", "\xff\n", "no id", "x" * 5_000])
def test_a_file_that_holds_no_id_is_said_so(settings: Settings, text: str) -> None:
    settings.installation_file.write_bytes(text.encode("latin-1"))
    with pytest.raises(NoInstallation, match="remove it"):
        settle(settings)


def test_what_was_open_to_others_is_closed_and_named(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settle(settings)
    settings.spool_dir.mkdir()
    opened = {settings.tasks_db: 0o644, settings.data_dir: 0o755, settings.queue_db: 0o666, settings.spool_dir: 0o777}
    settings.queue_db.touch()
    (settings.data_dir / ".gitignore").touch(0o644)
    for path, mode in opened.items():
        path.chmod(mode)
    caplog.clear()
    settle(settings)
    assert {path: mode_of(path) for path in opened} == {
        settings.tasks_db: 0o600,
        settings.data_dir: 0o700,
        settings.queue_db: 0o600,
        settings.spool_dir: 0o700,
    }
    for path, mode in opened.items():
        assert f"{path} was open to others (mode {mode:04o}), and is not any more" in caplog.text
    assert mode_of(settings.data_dir / ".gitignore") == 0o644, "what is not Waybill's is left alone"


@pytest.mark.parametrize(("mode", "refused"), [(0o777, True), (0o775, False)])
def test_what_another_user_has_opened_to_all_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, mode: int, refused: bool
) -> None:
    settings.data_dir.chmod(mode)

    def not_ours(self: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(self))

    monkeypatch.setattr(Path, "chmod", not_ours)
    if refused:
        with pytest.raises(OpenToAll, match="chmod o-w"):
            settle(settings)
    else:
        assert settle(settings)


def test_what_root_has_made_goes_to_the_owner_of_the_directory(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, tuple[int, int]] = {}

    def chown(path: Any, uid: int, gid: int, **more: Any) -> None:
        given[Path(path).name] = uid, gid

    class Folder:
        """A directory of another user."""

        def stat(self) -> os.stat_result:
            return os.stat_result((0o40700, 1, 1, 2, 4_711, 4_712, 0, 0, 0, 0))

    settle(settings)
    monkeypatch.setattr(os, "chown", chown)
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    ownership.hand_over(Folder(), settings.files())  # type: ignore[arg-type]
    assert given == {}, "a process that is not root changes no owner"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    ownership.hand_over(Folder(), settings.files())  # type: ignore[arg-type]
    assert given == dict.fromkeys(("tasks.db", "installation"), (4_711, 4_712))
    given.clear()
    ownership.make_folder(settings.data_dir / "a" / "b")
    owner = settings.data_dir.stat()
    assert given == dict.fromkeys(("a", "b"), (owner.st_uid, owner.st_gid))


def test_a_directory_that_was_taken_away_leaves_a_mark_in_its_place(settings: Settings) -> None:
    found = settle(settings)
    leave_a_mark(settings, "another-id")
    assert installation.read(settings.installation_file) == found, "what lies there is left alone"
    settings.data_dir.rename(settings.data_dir.with_name("aside"))
    leave_a_mark(settings, found)
    with pytest.raises(DatabaseUnusable, match=r"put tasks\.db back"):
        settle(settings)
