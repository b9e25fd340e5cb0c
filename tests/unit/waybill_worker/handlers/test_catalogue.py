"""Which handlers files and modules offer, what they declare, and why they cannot be loaded."""

import os
import pickle
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from waybill_worker.handlers import installed
from waybill_worker.handlers.catalogue import Catalogue, Sources, catalogue
from waybill_worker.handlers.loading import CannotLoad

RESIZE = """
from waybill import handler

@handler(title="Resize", max_attempts=3, min_backoff=2, secret=("token",))
def resize(context, width: int, token: str = ""):
    return width
"""


@pytest.fixture(autouse=True)
def _leave_no_module(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(installed, "entry_points", lambda group: [])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def loaded(folder: Path, named: list[str] | None = None, /, **sources: str) -> Catalogue:
    """Load files of these sources, by their names without `.py`."""
    places = []
    for name, source in sources.items():
        path = folder / f"{name}.py"
        path.write_text(source)
        places.append(str(path))
    return catalogue(Sources(tuple(places)), named)


def refusal(folder: Path, **sources: str) -> str:
    """Return why files cannot be loaded, with their folder as `@`."""
    with pytest.raises(CannotLoad) as caught:
        loaded(folder, None, **sources)
    return str(caught.value).replace(str(folder), "@")


def test_a_file_offers_handlers_and_declares_their_types(tmp_path: Path) -> None:
    found = loaded(tmp_path, own_handlers=RESIZE)
    assert found.handlers.keys() == {"sleep", "resize"}
    assert found.types == {
        "resize": {
            "handler": "resize",
            "title": "Resize",
            "max_attempts": 3,
            "min_backoff": 2,
            "secret": ["token"],
            "input_schema": {
                "type": "object",
                "properties": {"width": {"type": "integer"}, "token": {"type": "string", "default": ""}},
                "required": ["width"],
                "additionalProperties": False,
            },
        }
    }
    context: Any = None
    assert found.handlers["resize"](context, {"width": 3}) == 3
    assert found.sources("resize").places == (str(tmp_path / "own_handlers.py"),)
    assert found.sources("sleep") == Sources()


def test_what_lies_beside_a_file_can_be_imported_and_shadows_nothing(tmp_path: Path) -> None:
    (tmp_path / "queue.py").write_text("raise AssertionError('it shadows')")
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package" / "sizes.py").write_text("WIDTH = 7")
    source = "import queue\nfrom own_package.sizes import WIDTH\nqueue.SimpleQueue" + RESIZE + "    return WIDTH\n"
    found = loaded(tmp_path, own_handlers=source)
    assert "resize" in found.handlers
    assert sys.path[-1] == str(tmp_path)


def test_a_file_is_a_module_of_its_name_unless_that_is_taken(tmp_path: Path) -> None:
    source = (
        "import dataclasses\nfrom waybill import handler\n"
        "@dataclasses.dataclass\nclass Size:\n    width: int\n"
        "@handler\ndef resize(context, size: Size): return size\n"
    )
    found = loaded(tmp_path, own_handlers=source)
    context: Any = None
    size = found.handlers["resize"](context, {"size": {"width": 3}})
    assert pickle.loads(pickle.dumps(size)) == size  # noqa: S301
    assert type(size).__module__ == "own_handlers"
    taken = loaded(tmp_path, json=RESIZE.replace("resize", "shrink"))
    assert "shrink" in taken.handlers
    assert sys.modules["json"].__file__ != str(tmp_path / "json.py")
    assert loaded(tmp_path, None, **{"with-dash.v2": RESIZE.replace("resize", "dashed")}).handlers.keys() >= {"dashed"}


def test_a_module_of_the_working_directory_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package" / "jobs.py").write_text(RESIZE)
    found = catalogue(Sources(("own_package.jobs",)))
    assert "resize" in found.types
    assert found.sources("resize").places == ("own_package.jobs",)


def test_handlers_that_a_file_imports_by_name_are_offered_too_and_once(tmp_path: Path) -> None:
    again = "from own_handlers import resize\nfrom waybill import handler\n@handler\ndef other(context): ...\n"
    found = loaded(tmp_path, own_handlers=RESIZE, own_others=again)
    assert found.types.keys() == {"resize", "other"}


def test_what_fails_when_it_is_looked_at_is_no_handler(tmp_path: Path) -> None:
    proxy = (
        "class Proxy:\n    def __call__(self): ...\n"
        "    @property\n    def __dict__(self): raise RuntimeError('there is no request')\nproxy = Proxy()\n"
    )
    assert "resize" in loaded(tmp_path, own_handlers=proxy + RESIZE).handlers


def test_what_another_decorator_makes_of_a_handler_is_called(tmp_path: Path) -> None:
    source = RESIZE.replace("@handler(", "@doubled\n@handler(").replace(
        "from waybill import handler",
        "import functools\nfrom waybill import handler\ndef doubled(function):\n"
        "    @functools.wraps(function)\n    def work(*given, **named):\n        return 2 * function(*given, **named)\n"
        "    return work\n",
    )
    context: Any = None
    assert loaded(tmp_path, own_handlers=source).handlers["resize"](context, {"width": 3}) == 6


def test_a_pipeline_is_a_type_and_its_stages_are_handlers(tmp_path: Path) -> None:
    source = (
        "from waybill import handler, pipeline\n"
        "@handler(secret=('url',))\ndef fetch(context, url: str): return [url]\n"
        "def count(context, words, /): return len(words)\n"
        "pipeline('report', fetch, count, 'archive', title='A report', max_attempts=2)\n"
    )
    found = loaded(tmp_path, own_handlers=source)
    assert found.handlers.keys() == {"sleep", "fetch", "count"}
    assert found.types.keys() == {"fetch", "report"}
    report = found.types["report"]
    assert (report["stages"], report["title"], report["max_attempts"]) == (["fetch", "count", "archive"], "A report", 2)
    assert (report["input_schema"]["required"], report["secret"]) == (["url"], ["url"])
    assert loaded(tmp_path, ["count"], own_handlers=source).types.keys() == {"report"}
    assert loaded(tmp_path, ["sleep"], own_handlers=source).types == {}


def test_an_entry_point_may_name_a_declared_handler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "own_package.py").write_text(RESIZE)
    monkeypatch.syspath_prepend(str(tmp_path))
    entries = [EntryPoint("shrink", "own_package:resize", "g"), EntryPoint("cwd", "os:getcwd", "g")]
    monkeypatch.setattr(installed, "entry_points", lambda group: entries)
    found = catalogue(Sources())
    getcwd: Any = os.getcwd
    assert found.handlers["cwd"] is getcwd
    assert found.types["resize"]["handler"] == "shrink"
    context: Any = None
    assert found.handlers["shrink"](context, {"width": 5}) == 5


def test_a_program_is_served_alone_unless_there_are_files_too(tmp_path: Path) -> None:
    alone = catalogue(Sources(command="cat {input.file}", type="show"))
    assert alone.handlers.keys() == {"show"}
    assert alone.types["show"]["handler"] == "show"
    assert alone.types["show"]["input_schema"]["required"] == ["file"]
    assert alone.sources("show") == Sources(command="cat {input.file}", type="show")
    (tmp_path / "own_handlers.py").write_text(RESIZE)
    both = catalogue(Sources((str(tmp_path / "own_handlers.py"),), "cat", "show"))
    assert both.handlers.keys() == {"sleep", "resize", "show"}


def test_which_handlers_need_processes_of_their_own_is_known(tmp_path: Path) -> None:
    source = RESIZE.replace('title="Resize"', "isolate=True, memory=1 << 30")
    found = loaded(tmp_path, own_handlers=source)
    assert found.isolating == {"resize"}
    declaration = found.declaration("resize")
    assert declaration is not None
    assert declaration.memory == 1 << 30


def test_a_schema_that_is_too_large_is_left_to_the_worker(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fields = ", ".join(f"a_rather_long_name_of_field_{number}: int" for number in range(500))
    found = loaded(tmp_path, own_handlers=f"from waybill import handler\n@handler\ndef wide(context, {fields}): ...\n")
    assert found.types["wide"]["input_schema"] is None
    assert "only the worker checks it" in caplog.text


HEAD = "from waybill import handler, pipeline\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x = 1", "@/own_handlers.py has no handler: write @handler"),
        (
            HEAD + "@handler\ndef sleep(context): ...",
            "sleep (@/own_handlers.py, line 2) is named sleep, like the handler",
        ),
        (
            HEAD + "@handler\ndef a(context): ...\n@handler(name='a')\ndef b(context): ...",
            "two handlers are named a: a (@/own_handlers.py, line 2) and b (@/own_handlers.py, line 4)",
        ),
        (
            HEAD + "@handler\ndef a(context): ...\n@handler\ndef a(context, b): ...",
            "two handlers are named a: a (@/own_handlers.py, line 2) and a (@/own_handlers.py, line 4)",
        ),
        (
            HEAD + "@handler\ndef a(context, *words): ...",
            "a (@/own_handlers.py, line 2) cannot be called with what a task gives: its parameter *words",
        ),
        (HEAD + "@handler\ndef Big(context): ...", "Big (@/own_handlers.py, line 2) cannot have the type 'Big'"),
        (HEAD + "@handler(timeout=0)\ndef a(context): ...", "a (@/own_handlers.py, line 2): timeout: Input should be"),
        (
            HEAD + "@handler(min_backoff=9, max_backoff=1)\ndef a(context): ...",
            "a (@/own_handlers.py, line 2): Value error, min_backoff must not exceed max_backoff",
        ),
        (HEAD + "pipeline('report')", "the pipeline report of @/own_handlers.py: stages: "),
        (HEAD + "pipeline('report', 'a', 'a')", "the pipeline report of @/own_handlers.py: stages: "),
        (
            HEAD + "@handler\ndef a(context): ...\npipeline('a', a)",
            "two types are named a, the second by the pipeline a of @/own_handlers.py",
        ),
    ],
)
def test_why_handlers_cannot_be_loaded_is_one_line(tmp_path: Path, source: str, reason: str) -> None:
    said = refusal(tmp_path, own_handlers=source)
    assert said.startswith(reason)
    assert "\n" not in said


def test_a_handler_of_a_file_is_used_and_one_that_is_installed_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(installed, "entry_points", lambda group: [EntryPoint("resize", "os:getcwd", "g")])
    found = loaded(tmp_path, own_handlers=RESIZE)
    assert found.types["resize"]["title"] == "Resize"
    assert found.sources("resize").places == (str(tmp_path / "own_handlers.py"),)
    (line,) = caplog.messages
    assert line.startswith(f"Two handlers are named resize: resize ({tmp_path}/own_handlers.py, line ")


@pytest.mark.parametrize(
    ("source", "line", "last"),
    [
        ("\nraise ValueError('no\\nluck')", "ValueError: no luck (@/own_handlers.py, line 2)", "ValueError: no\nluck"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt:  (@/own_handlers.py, line 1)", "KeyboardInterrupt"),
        ("import sys\nsys.exit(3)", "SystemExit: 3 (@/own_handlers.py, line 2)", "SystemExit: 3"),
        ("def (", "SyntaxError: invalid syntax (own_handlers.py, line 1)", "SyntaxError: invalid syntax"),
        (
            "import no_such_module",
            "ModuleNotFoundError: No module named 'no_such_module' (@/own_ha",
            "'no_such_module'",
        ),
        (HEAD + "@handler(secret='a')\ndef f(context): ...", "TypeError: secret is a tuple of names", '("password",)'),
        (HEAD + "handler('a')", "TypeError: @handler stands above a function, not above str", "above str"),
        (HEAD + "@handler(memory=5)\ndef f(context): ...", "ValueError: memory needs isolate=True", "bounded"),
        (HEAD + "@handler(isolate=True, memory=0)\ndef f(context): ...", "ValueError: memory is a number", "not 0"),
        (HEAD + "pipeline('a', 5)", "TypeError: a stage is a function or the name of a handler", "not int"),
    ],
)
def test_a_file_that_fails_says_so_in_one_line_and_shows_its_own_frames(
    tmp_path: Path, source: str, line: str, last: str
) -> None:
    said = refusal(tmp_path, own_handlers=source)
    first, _, trace = said.partition("\n")
    assert first.startswith(f"the file of handlers @/own_handlers.py cannot be imported: {line}")
    assert trace.endswith(last)
    assert "importlib" not in trace
    assert "loading.py" not in trace
    assert "own_handlers" not in sys.modules


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(CannotLoad, match=r"^the file of handlers /no/such\.py is not there$"):
        catalogue(Sources(("/no/such.py",)))
    with pytest.raises(CannotLoad, match=r"^the module of handlers no\.such cannot be imported: ModuleNotFoundError"):
        catalogue(Sources(("no.such",)))
