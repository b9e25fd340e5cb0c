"""What `submit` makes of its arguments."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from waybill.cli.command_error import BAD_USAGE, CommandError
from waybill.cli.commands.submit import read_input, read_metadata


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (None, None),
        ('{"width": 3}', {"width": 3}),
        ("[1, 2.5, true, null]", [1, 2.5, True, None]),
        ('"Кот"', "Кот"),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_an_input_is_json(given: str | None, value: Any) -> None:
    assert read_input(given) == value


def test_an_input_comes_from_a_file_or_the_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "input.json").write_text('{"a": 1}')
    assert read_input(f"@{tmp_path}/input.json") == {"a": 1}
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"[1]")))
    assert read_input("-") == [1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("hello", "INPUT is no JSON: Expecting value in line 1, column 1"),
        ("", "INPUT is no JSON"),
        ('{"a":\n', "in line 2, column 1"),
        ("NaN", "NaN is no number of JSON"),
        ('{"a": 1, "a": 2}', "the key 'a' is given twice"),
        ("[" * 100_000, "lie within each other"),
        ("\udcff", "INPUT is no JSON"),
        ("@/nowhere/input.json", "/nowhere/input.json cannot be read: No such file or directory"),
        ("1" * 5_000, "INPUT is no JSON"),
    ],
)
def test_what_is_no_json_is_told_in_one_line(given: str, said: str) -> None:
    with pytest.raises(CommandError) as raised:
        read_input(given)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300
    assert raised.value.status == BAD_USAGE


def test_metadata_is_json_where_it_can_be() -> None:
    assert read_metadata(["user=ada", "n=3", "tags=[1]", "empty=", "sum=1=1", "x=NaN"]) == {
        "user": "ada",
        "n": 3,
        "tags": [1],
        "empty": "",
        "sum": "1=1",
        "x": "NaN",
    }
    assert read_metadata([]) is None
    for wrong in ("user", "=ada"):
        with pytest.raises(CommandError, match="KEY=VALUE"):
            read_metadata([wrong])
