"""Bars in a terminal: one for each running task as far as there is room, one for all, and a line for each end."""

import io
from typing import Any

import pytest
from rich.console import Console

from waybill.cli import bars
from waybill.client.following import Seen


def task(number: int, status: int, **more: Any) -> Seen:
    names = {1: "NEW", 2: "PROCESSING", 3: "COMPLETED", 4: "ERROR"}
    said = {"name": f"n {number}", "status": status, "status_name": names[status], "task_id": f"id-{number}"}
    nothing = {"stage": None, "progress": None, "error": None, "result": None}
    return Seen(f"id-{number}", said | nothing | more)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what is written to a terminal of eight lines."""
    written = io.StringIO()

    def console(**_: object) -> Console:
        return Console(file=written, force_terminal=True, width=100, height=8, color_system=None, highlight=False)

    monkeypatch.setattr(bars, "Console", console)
    return written


def test_tasks_are_drawn_as_far_as_there_is_room(screen: io.StringIO) -> None:
    with bars.Bars(6) as shown:
        for number in range(6):
            shown.show(task(number, 2, progress=0.5, stage="count"))
        first = shown._progress.tasks
        assert [one.fields["name"] for one in first] == ["all", "n 0", "n 1", "n 2", "n 3"]
        assert first[1].completed == 0.5
        shown.show(task(1, 3, result={"a": 1}))
        shown.show(task(5, 4, error={"code": "failed", "message": "no\x1b[31m"}))
        assert [one.fields["name"] for one in shown._progress.tasks] == ["all", "n 0", "n 2", "n 3", "n 4"]
        assert shown._progress.tasks[0].fields["outcome"] == "2 of 6, 1 failed"
    text = screen.getvalue()
    assert 'COMPLETED id-1 n 1  {"a": 1}' in text
    assert r"ERROR id-5 n 5  failed: no\x1b[31m" in text


def test_a_task_without_progress_has_a_bar_that_only_moves_and_one_task_no_bar_for_all(screen: io.StringIO) -> None:
    with bars.Bars(1) as shown:
        shown.show(task(0, 1))
        assert [bar.total for bar in shown._progress.tasks] == [1.0]
        shown.show(task(0, 2))
        assert [bar.total for bar in shown._progress.tasks] == [None]
        shown.show(Seen("id-0", None))
        assert shown._progress.tasks == []
    assert "GONE id-0" in screen.getvalue()
