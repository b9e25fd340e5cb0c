"""Logs take one line a record, whatever is in it."""

import logging
import warnings
from collections.abc import Iterator

import pytest

from waybill.host import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    show = warnings.showwarning
    yield
    logging.captureWarnings(False)
    warnings.showwarning = show
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in logs.QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_a_record_shows_time_level_logger_action_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logging.getLogger("waybill.test").info("task %s kept", 7, extra={"action": "create"})
    time, rest = capsys.readouterr().err.split(" ", 1)
    assert time.endswith("Z")
    assert rest == "INFO waybill.test [create] task 7 kept\n"


def test_control_characters_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logging.getLogger("waybill.test").warning("name: a\r\nb\x1b[31m\x85\u2028\u202e")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.endswith(r"name: a\r\nb\x1b[31m\x85\u2028\u202e" + "\n")


def test_a_traceback_stays_on_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("waybill.test").exception("failed")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert r"failed Traceback (most recent call last):\n" in line
    assert r"ValueError: two\nlines" in line


def test_records_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning")
    logging.getLogger("waybill.test").info("quiet")
    assert capsys.readouterr().err == ""


def test_libraries_stay_quiet_at_level_debug(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug")
    logging.getLogger("peewee").debug("SELECT secret")
    logging.getLogger("waybill.test").debug("seen")
    assert capsys.readouterr().err.endswith("DEBUG waybill.test seen\n")


def test_an_answer_that_was_cut_off_is_told_by_the_client_alone(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug")
    logging.getLogger("urllib3.connection").warning("Failed to parse headers", exc_info=ValueError("cut off"))
    assert capsys.readouterr().err == ""


def test_configured_twice_a_record_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logs.configure("info")
    logging.getLogger("waybill.test").info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_warnings_become_records(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old", UserWarning, stacklevel=1)
    assert "WARNING py.warnings" in capsys.readouterr().err
