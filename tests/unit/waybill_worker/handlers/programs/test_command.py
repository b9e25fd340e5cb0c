"""A command line is split once, and each task fills its places."""

from typing import Any

import pytest

from waybill.queue.message import Message
from waybill_worker.handlers.context import Context
from waybill_worker.handlers.failed import Failed
from waybill_worker.handlers.loading import CannotLoad
from waybill_worker.handlers.programs.command import Command
from waybill_worker.runs.runs import Run


def filled(line: str, task_input: Any = None, name: str = "a name") -> list[str]:
    """Return the arguments that a task gives a command."""
    run = Run(Message("a-task", 3), "claim", "w-1", 0.0)
    run.begin({"attempt": 2, "name": name}, 0.0)
    return Command(line).filled(Context(run, lambda parcel: None), task_input)


def test_each_word_is_one_argument_whatever_fills_it() -> None:
    given = {"file": "a b; rm -rf $HOME `x`\n", "size": {"width": 3}}
    assert filled("convert {input.file} -resize '{input.size.width}x>' out", given) == [
        "a b; rm -rf $HOME `x`\n",
        "-resize",
        "3x>",
        "out",
    ]
    assert filled("echo '' \"two words\"") == ["", "two words"]


def test_the_task_itself_has_places() -> None:
    assert filled("echo {task_id} {run} {attempt} {name}-{run}") == ["a-task", "3", "2", "a name-3"]
    assert filled("echo {input}", {"a": ["ж", 1.5]}) == ['{"a": ["ж", 1.5]}']


def test_a_doubled_brace_is_a_brace() -> None:
    assert filled("awk '{{print}}' '{{{input.a}}}' }", {"a": "x"}) == ["{print}", "{x}", "}"]


@pytest.mark.parametrize(
    ("value", "text"), [("", ""), (5, "5"), (1.5, "1.5"), (True, "true"), (False, "false"), ("ж", "ж")]
)
def test_scalars_are_written_as_json_has_them(value: Any, text: str) -> None:
    assert filled("echo =={input.a}", {"a": value}) == [f"=={text}"]


@pytest.mark.parametrize(
    ("task_input", "reason"),
    [
        ({}, "the input does not fit: {input.a.b} is missing"),
        ({"a": 5}, "the input does not fit: {input.a.b} is missing"),
        (None, "the input does not fit: {input.a.b} is missing"),
        ({"a": {"b": None}}, "the input does not fit: {input.a.b} is no text, number or boolean"),
        ({"a": {"b": [1]}}, "the input does not fit: {input.a.b} is no text, number or boolean"),
        ({"a": {"b": "x\0"}}, "the input does not fit: {input.a.b} holds the character NUL"),
        ({"a": {"b": "-rf"}}, "{input.a.b} would become an option: write -- before it in the command"),
        ({"a": {"b": -5}}, "{input.a.b} would become an option: write -- before it in the command"),
    ],
)
def test_why_an_input_does_not_fit_is_said(task_input: Any, reason: str) -> None:
    with pytest.raises(Failed) as caught:
        filled("rm {input.a.b}", task_input)
    assert str(caught.value) == reason


def test_only_what_a_task_fills_in_cannot_be_an_option() -> None:
    given = {"a": "-rf", "empty": ""}
    assert filled("rm -- {input.a}", given) == ["--", "-rf"]
    assert filled("rm -{input.a} x{input.a}", given) == ["--rf", "x-rf"]
    with pytest.raises(Failed):
        filled("rm {input.empty}-x", given)
    with pytest.raises(Failed):
        filled("echo {name}", name="-n")
    with pytest.raises(Failed):
        filled("rm {input.a} -- x", given)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "WAYBILL_EXEC names no program"),
        ("echo 'a", "WAYBILL_EXEC cannot be split into words: No closing quotation"),
        ("echo {inptu.a}", "WAYBILL_EXEC has an unknown placeholder {inptu.a}: there are {input}"),
        ("echo {input.}", "WAYBILL_EXEC has an unknown placeholder {input.}"),
        ("echo {}", "WAYBILL_EXEC has an unknown placeholder {}"),
        ("echo {input.a", "WAYBILL_EXEC has a brace that is not closed in {input.a"),
        ("{input.a} b", "WAYBILL_EXEC names the program {input.a}, which no task may choose"),
        ("./{name} b", "WAYBILL_EXEC names the program ./{name}, which no task may choose"),
        ("echo {input.a} {input.a.b}", "WAYBILL_EXEC takes {input.a.b} once as a value and once as an object"),
        ("echo {input.a.b} {input.a}", "WAYBILL_EXEC takes {input.a} once as a value and once as an object"),
    ],
)
def test_why_a_command_cannot_be_used_is_one_line(line: str, reason: str) -> None:
    with pytest.raises(CannotLoad) as caught:
        Command(line)
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)


def test_the_schema_of_its_input_has_its_places() -> None:
    value = {"type": ["string", "number", "boolean"]}
    assert Command("echo {name} {input}").schema() is None
    assert Command("echo {input.a} {input.b.c} {input.b.d} {input.a}").schema() == {
        "type": "object",
        "properties": {
            "a": value,
            "b": {"type": "object", "properties": {"c": value, "d": value}, "required": ["c", "d"]},
        },
        "required": ["a", "b"],
    }
