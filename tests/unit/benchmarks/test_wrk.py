"""What wrk's script prints is read, or refused."""

import pytest

from benchmarks import wrk
from throwaway.program import CannotGoOn

OUTPUT = """Running 2s test @ http://127.0.0.1:8000
  1 threads and 32 connections
Requests/sec:   2045.91
created=4100 others=3 broken=0 microseconds=2004000
"""


def test_the_output_is_read() -> None:
    load = wrk.parse(OUTPUT)
    assert (load.created, load.others, load.seconds) == (4100, 3, 2.004)
    assert load.rate == pytest.approx(4100 / 2.004)


def test_answers_other_than_201_spoil_the_load() -> None:
    with pytest.raises(CannotGoOn, match="3 of 4103 calls"):
        wrk.parse(OUTPUT).check()


def test_no_answers_at_all_spoil_the_load() -> None:
    with pytest.raises(CannotGoOn, match="0 of 0 calls"):
        wrk.parse("created=0 others=0 broken=0 microseconds=2004000").check()


def test_broken_connections_spoil_the_load() -> None:
    with pytest.raises(CannotGoOn, match="lost 7 requests"):
        wrk.parse(OUTPUT.replace("broken=0", "broken=7"))


def test_an_output_without_the_line_is_refused() -> None:
    with pytest.raises(CannotGoOn, match="did not say"):
        wrk.parse("unable to connect to 127.0.0.1:1 Connection refused\n")
