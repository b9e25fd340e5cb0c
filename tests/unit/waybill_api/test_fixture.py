"""Fixtures are read strictly, and what is wrong with one is said in one line."""

from pathlib import Path

import pytest

from waybill_api.fixtures.fixture import FixtureError, read


def test_the_initial_types_add_to_the_built_in_one_and_include_a_tracked_one() -> None:
    types = {one.name: one for one in read("initial").task_types}
    assert "sleep" not in types
    assert types["delivery"].handler is None
    assert types["nap"].processing_time is not None


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "types.json"
    path.write_text('[{"name": "brew", "handler": "sleep", "min_backoff": 2}]')
    (brew,) = read(str(path)).task_types
    assert (brew.name, brew.handler, brew.min_backoff) == ("brew", "sleep", 2)


@pytest.mark.parametrize("name", ["unheard-of", "../fixtures/initial", "nowhere.json", "\0.json", "/"])
def test_a_fixture_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(FixtureError) as raised:
        read(name)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[", "not JSON"),
        (b'"\xff"', "not UTF-8"),
        (b"[" * 100_000, "within each other"),
        (b"{}", "expected a list"),
        (b"[1]", "/0: "),
        (b'[{"title": "no name"}]', "/0/name: "),
        (b'[{"name": "a"}, {"name": "b", "colour": 1}]', "/1/colour: "),
        (b'[{"name": "a", "processing_time": true}]', "/0/processing_time: "),
        (b'[{"name": "a"}, {"name": "a"}]', "more than once: a"),
    ],
)
def test_a_bad_fixture_is_told_with_its_place(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "types.json"
    path.write_bytes(content)
    with pytest.raises(FixtureError) as raised:
        read(str(path))
    assert said in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
