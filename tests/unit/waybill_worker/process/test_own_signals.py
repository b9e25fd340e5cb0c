"""Which calls would stop a worker."""

import os
import signal

import pytest

from waybill_worker.process.own_signals import reaches


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGSTOP, signal.SIGTSTP])
@pytest.mark.parametrize(
    "target", [os.getpid(), 0, -1, -os.getpgrp()], ids=["itself", "group", "everybody", "group by id"]
)
def test_to_itself_its_group_or_everybody(target: int, number: signal.Signals) -> None:
    assert reaches("os.kill", (target, number), os.getpid())


@pytest.mark.parametrize("group", [0, os.getpgrp()], ids=["0", "id"])
def test_to_its_group_by_name(group: int) -> None:
    assert reaches("os.killpg", (group, signal.SIGTERM), os.getpid())


@pytest.mark.parametrize(
    ("event", "target", "number"),
    [
        ("os.kill", os.getpid(), 0),
        ("os.kill", os.getpid(), signal.SIGKILL),
        ("os.kill", os.getppid(), signal.SIGTERM),
        ("os.kill", -os.getppid(), signal.SIGUSR1),
        ("os.killpg", 2**22, signal.SIGTERM),
    ],
    ids=["nothing", "a kill", "a parent", "a group, by another signal", "a group that is not there"],
)
def test_no_other_call(event: str, target: int, number: int) -> None:
    assert not reaches(event, (target, number), os.getpid())


def test_a_thread_of_its_own_but_not_one_of_a_child() -> None:
    assert reaches("signal.pthread_kill", (1, signal.SIGTERM), os.getpid())
    assert not reaches("signal.pthread_kill", (1, signal.SIGTERM), os.getppid())
