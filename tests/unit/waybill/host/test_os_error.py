"""The message about a file that cannot be used is one line with the remedy."""

import errno
import os
from pathlib import Path

import pytest

from waybill.host.os_error import needs_a_person, told
from waybill.host.ownership import check_access


@pytest.mark.parametrize(
    ("number", "helps", "person"),
    [
        (errno.EACCES, "with chown", True),
        (errno.EISDIR, "move what lies there away", True),
        (errno.ELOOP, "move what lies there away", True),
        (errno.EEXIST, "move what lies there away", True),
        (errno.EROFS, "mount its file system so that it can be written", True),
        (errno.ENOSPC, "make room on its disk", False),
        (errno.EIO, "", False),
    ],
)
def test_an_error_is_one_line_that_names_the_file_and_what_helps(
    tmp_path: Path, number: int, helps: str, person: bool
) -> None:
    error = OSError(number, os.strerror(number), str(tmp_path / "file"))
    (line,) = told(error).splitlines()
    assert line.startswith(f"{tmp_path / 'file'} cannot be used: {os.strerror(number)}")
    assert line.endswith(helps)
    assert needs_a_person(error) is person


def test_an_error_without_a_file_is_told_too() -> None:
    assert told(OSError("something")) == "something"


def test_a_file_of_another_user_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != "theirs")
    check_access((tmp_path / "gone", tmp_path))
    with pytest.raises(PermissionError) as refused:
        check_access((tmp_path, tmp_path / "theirs"))
    assert str(tmp_path / "theirs") in told(refused.value)
