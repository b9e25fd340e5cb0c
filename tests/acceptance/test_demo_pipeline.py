"""The demonstration of pipelines tells right from wrong, and leaves nothing behind."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.acceptance.instance import Instance, Service, wait_until
from throwaway import cluster

COMMAND = (sys.executable, "-m", "demo.pipeline", "--tasks", "100", "--services", "4")


def children_of(service: Service) -> list[str]:
    return Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text().split()


def leaves_nothing(instance: Instance, demo: Service) -> bool:
    return not [*instance.temporary.iterdir(), *Path(cluster.TOP).glob(f"waybill-demo-{demo.pid}-*")]


def test_only_waybill_is_right_in_the_end(instance: Instance) -> None:
    demo = instance.start("demo", *COMMAND)
    assert demo.ended(120) == 0, demo.read()
    said = demo.read()
    rows = {line[:23].strip(): line[23:].split() for line in said.splitlines()}
    for row in ("wrong final statuses", "metadata keys lost", "statuses that went back"):
        assert rows[row][0] == "0", said
        assert rows[row][1] != "0", said
    assert float(rows["row updates per report"][0]) <= 0.5, said
    assert rows["row updates per report"][1] == "1.00", said
    lacking = cluster.missing()
    assert ("naive, PostgreSQL" in said) == (lacking is None)
    assert lacking is None or lacking in said
    assert leaves_nothing(instance, demo)


@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_it_can_be_stopped_and_leaves_nothing_behind(instance: Instance, number: signal.Signals) -> None:
    demo = instance.start("demo", *COMMAND)
    wait_until(lambda: len(children_of(demo)) > 5, "some of its processes")
    children = children_of(demo)
    assert demo.stop(number) == 130, demo.read()
    assert "Traceback" not in demo.read()
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(int(child), 0)
    assert leaves_nothing(instance, demo)


def test_the_cost_of_updates_is_measured_where_postgresql_is(instance: Instance) -> None:
    demo = instance.start("updates", sys.executable, "-m", "demo.pipeline.updates", "--tasks", "20", "--services", "2")
    lacking = cluster.missing()
    assert demo.ended(120) == (0 if lacking is None else 1), demo.read()
    assert ("the key alone" if lacking is None else lacking) in demo.read()
    assert leaves_nothing(instance, demo)
