"""The demonstration shows what it promises and leaves nothing behind."""

import signal
import sys

import pytest

from tests.acceptance.instance import Instance, wait_until


@pytest.mark.slow
def test_the_demo_ends_well_and_leaves_nothing_behind(instance: Instance) -> None:
    demo = instance.start("demo", sys.executable, "-m", "demo")
    assert demo.ended() == 0, demo.read()
    assert "ERROR failed" in demo.read()
    assert not list(instance.temporary.iterdir())


def test_the_demo_can_be_interrupted_and_leaves_nothing_behind(instance: Instance) -> None:
    demo = instance.start("demo", sys.executable, "-m", "demo")
    wait_until(lambda: "COMPLETED" in demo.read(), "a task that has ended")
    assert demo.stop(signal.SIGINT) == 130
    assert "Traceback" not in demo.read()
    assert not list(instance.temporary.iterdir())
