"""The loop benchmark detects what blocks the loop."""

import sys

import pytest

from tests.acceptance.instance import Instance


@pytest.mark.parametrize("words", ["/healthz"])
def test_the_loop_is_watched_while_calls_are_made_and_nothing_is_left_behind(instance: Instance, words: str) -> None:
    places = ["--types", "2", "--large", "100", "--folder", str(instance.temporary)]
    bench = instance.start("loop", sys.executable, "-m", "benchmarks.loop", "--only", words, "--all", *places)
    assert bench.ended(120) == 0, bench.read()
    line = next(line for line in bench.read().splitlines() if line.startswith("GET /healthz"))
    assert line.split()[2] == "200"
    assert line.split()[-1] in ("holds", "misses")
    assert not list(instance.temporary.iterdir())
