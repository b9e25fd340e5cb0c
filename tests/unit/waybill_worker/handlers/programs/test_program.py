"""A program gets the input of a task, and what it prints is the result."""

import os
import signal
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.unit.waybill_worker.scripted import until
from waybill.queue.message import Message
from waybill_worker.handlers.context import Context
from waybill_worker.handlers.failed import Failed
from waybill_worker.handlers.loading import CannotLoad
from waybill_worker.handlers.programs import execution
from waybill_worker.handlers.programs.program import RESULT_CAP, Program
from waybill_worker.runs.runs import Cancelled, Run


def run_of(task_input: Any = None) -> Run:
    run = Run(Message("a-task", 1), "claim", "w-1", 0.0)
    run.begin({"attempt": 1, "name": "n", "input": task_input}, 0.0)
    return run


def result(script: str, task_input: Any = None, *arguments: str) -> Any:
    """Return what a script of a shell leaves."""
    return execute(run_of(task_input), script, *arguments)


def execute(run: Run, script: str, *arguments: str) -> Any:
    program = Program("script", f"/bin/sh -c '{script}' {' '.join(arguments)}")
    return program(Context(run, lambda parcel: None), (run.task or {})["input"])


def failure(script: str) -> tuple[str, str | None]:
    with pytest.raises(Failed) as caught:
        result(script)
    return str(caught.value), caught.value.detail


def test_the_input_is_on_its_standard_input() -> None:
    assert result("cat", {"a": ["ж", 1]}) == {"a": ["ж", 1]}
    assert result("cat", "x" * 200_000) == "x" * 200_000
    assert result("true", "x" * 200_000) is None


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("[1, 2]", [1, 2]),
        ("5", 5),
        ("null", None),
        ("", None),
        ("two words", "two words"),
        ("NaN", "NaN"),
        ("[[", "[["),
        ("a\\n\\nb\\n", "a\n\nb"),
    ],
)
def test_what_it_prints_is_json_or_else_text(printed: str, expected: Any) -> None:
    assert result(f'printf "{printed}"') == expected


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert result('printf "a\\377b"') == "a\ufffdb"


def test_its_exit_code_decides_and_its_last_lines_tell_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert failure("echo out; echo no such file >&2; exit 3") == ("exit code 3", "no such file")
    assert failure("kill -9 $$") == ("killed by SIGKILL", None)
    assert result("echo a warning >&2; echo 5") == 5
    assert capsys.readouterr().err == "no such file\na warning\n"
    _, detail = failure("seq 100000 >&2; exit 1")
    assert detail is not None
    assert len(detail) <= execution.LAST_WORDS_CAP
    assert detail.endswith("\n99999\n100000")


def test_too_long_a_result_is_an_error_and_blocks_nothing() -> None:
    assert failure("seq 1000000")[0] == f"it printed more than {RESULT_CAP:,} bytes"


def test_what_it_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    """Also where that holds its output open."""
    assert result(f"sleep 600 & echo $! > {tmp_path}/pid; echo done") == "done"
    pid = int((tmp_path / "pid").read_text())
    until(partial(_has_ended, pid))


def test_it_is_told_to_end_once_its_run_is_stopped_and_then_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(execution, "LOOK_SECONDS", 0.05)
    pid = tmp_path / "pid"
    for script in (
        f"sleep 600 & echo $! > {pid}; wait",
        f'trap "" TERM; exec >&- 2>&-; sleep 600 & echo $! > {pid}; while :; do wait; done',
    ):
        pid.unlink(missing_ok=True)
        run = run_of()
        ends: list[BaseException] = []

        def work(run: Run = run, script: str = script, ends: list[BaseException] = ends) -> None:
            try:
                execute(run, script)
            except Cancelled as error:
                ends.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        until(lambda: pid.exists() and pid.read_text())
        below = int(pid.read_text())
        run.lose()
        thread.join(20)
        assert len(ends) == 1
        until(partial(_has_ended, below))


def test_a_run_that_is_stopped_before_starts_nothing_that_stays() -> None:
    run = run_of()
    run.lose()
    with pytest.raises(Cancelled):
        execute(run, "sleep 600")


def _has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_program_that_cannot_be_executed_is_refused_before_any_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scripts = {"plain.sh": "echo 1", "lost.sh": "#!/no/such/sh\n", "good.sh": "#!/bin/sh\necho $1"}
    for name, text in scripts.items():
        Path(name).write_text(text)
        Path(name).chmod(0o700)
    Path("closed.sh").write_text("#!/bin/sh\n")
    Path("closed.sh").chmod(0o600)

    def reason(line: str) -> str:
        with pytest.raises(CannotLoad) as caught:
            Program("script", line)
        return str(caught.value).removeprefix("WAYBILL_EXEC: ")

    assert reason("no-such-program {input.a}") == "there is no program no-such-program"
    assert reason("/no/such/program") == "there is no program /no/such/program"
    assert reason("good.sh") == "the program good.sh is not on the PATH: write ./good.sh"
    if os.geteuid():
        assert reason("./closed.sh").startswith("the program ./closed.sh cannot be executed")
    if not os.access("plain.sh", os.X_OK):
        # The folder for temporary files is mounted without execution.
        assert reason("./plain.sh").startswith("the program ./plain.sh cannot be executed")
        return
    assert reason("./plain.sh").endswith("needs a first line such as #!/bin/sh")
    assert reason("./lost.sh").endswith("names an interpreter that is not there")
    program = Program("script", "./good.sh {input.a}")
    monkeypatch.chdir("/")
    context = Context(run_of(), lambda parcel: None)
    assert program(context, {"a": "b c"}) == "b c"


def test_a_signal_without_a_name_is_told_by_its_number() -> None:
    assert execution.signal_name(signal.SIGTERM) == "SIGTERM"
    assert execution.signal_name(200) == "signal 200"
