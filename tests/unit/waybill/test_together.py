"""Two services are kept running together, and end together."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from queue import SimpleQueue

import pytest

from waybill import together
from waybill.together import HEALTHY_SECONDS, LONGEST_PAUSE, Service, Supervisor

PATIENCE = 60.0
SLEEP = [sys.executable, "-Sc", "import time; print('ready', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-Sc",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)",
]


@pytest.fixture(autouse=True)
def undisturbed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the signal handlers back, and do not wait for long."""
    monkeypatch.setattr(together, "FIRST_PAUSE", 0.01)
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    former = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, former, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is printed; a service that says `ready` has us interrupted once all are."""
    lines: list[str] = []
    monkeypatch.setattr(together, "say", lambda name, line: lines.append(f"{name} | {line.decode().strip()}"))
    return lines


def when_ready(said: list[str], count: int, *numbers: signal.Signals) -> None:
    """Send this process signals once `count` services are ready."""

    def wait() -> None:
        turn = threading.Event()
        while sum(line.endswith(" | ready") for line in said) < count:
            turn.wait(0.01)
        for number in numbers:
            os.kill(os.getpid(), number)
            turn.wait(0.1)

    threading.Thread(target=wait, daemon=True).start()


def supervise(patience: float = PATIENCE, **commands: Sequence[str]) -> int:
    return Supervisor(commands, dict(os.environ), patience).run()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_one_signal_ends_both_the_last_one_first(said: list[str], number: signal.Signals) -> None:
    when_ready(said, 2, number)
    assert supervise(api=SLEEP, worker=SLEEP) == 0
    assert sorted(said[:2]) == ["api | ready", "worker | ready"]
    assert said[2:] == ["waybill | worker has stopped (Terminated)", "waybill | api has stopped (Terminated)"]


def test_what_dies_is_started_again_ever_later_and_the_other_goes_on(said: list[str]) -> None:
    when_ready(said, 5, signal.SIGTERM)
    assert supervise(api=SLEEP, worker=[sys.executable, "-Sc", "print('ready'); raise SystemExit(70)"]) == 0
    again = [line for line in said if "again" in line]
    assert again[:3] == [
        f"waybill | worker has ended (exit code 70); it is started again in {pause} s" for pause in (0.01, 0.02, 0.04)
    ]
    assert said.count("api | ready") == 1


def test_after_a_while_the_pauses_begin_anew_and_none_is_too_long() -> None:
    service = Service("api", [], SimpleQueue())
    service._begun_at = time.monotonic()
    assert [service.start_again() for _ in range(3)] == [0.01, 0.02, 0.04]
    service._begun_at -= HEALTHY_SECONDS
    assert service.start_again() == 0.01
    service._begun_at = time.monotonic()
    assert [service.start_again() for _ in range(20)][-1] == LONGEST_PAUSE


def test_a_service_that_cannot_start_ends_both(said: list[str]) -> None:
    assert supervise(api=SLEEP, worker=[sys.executable, "-Sc", "raise SystemExit(2)"]) == 2
    assert "waybill | worker cannot start, so that nothing else goes on" in said
    assert "waybill | api has stopped (Terminated)" in said


def test_a_program_that_is_not_there_is_tried_again(said: list[str]) -> None:
    when_ready(said, 1, signal.SIGTERM)
    assert supervise(api=SLEEP, worker=["/nowhere/worker"]) == 0
    assert "waybill | worker cannot be started: No such file or directory; next try in 0.01 s" in said


def test_what_does_not_end_is_killed(said: list[str]) -> None:
    when_ready(said, 2, signal.SIGTERM, signal.SIGTERM)
    assert supervise(0.2, api=SLEEP, worker=STUBBORN) == 1
    assert "waybill | worker has stopped (Killed)" in said


def test_an_impatient_interrupt_asks_all_at_once(said: list[str]) -> None:
    when_ready(said, 2, signal.SIGINT, signal.SIGINT)
    assert supervise(0.5, api=SLEEP, worker=STUBBORN) == 1
    assert said[2:] == ["waybill | api has stopped (Terminated)", "waybill | worker has stopped (Killed)"]
