"""A handler that is a program: it reads the input as JSON, and prints the result."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from waybill_worker.handlers.context import Context
from waybill_worker.handlers.failed import Failed
from waybill_worker.handlers.loading import CannotLoad
from waybill_worker.handlers.programs.command import VARIABLE, Command
from waybill_worker.handlers.programs.execution import Execution, signal_name
from waybill_worker.runs.runs import Cancelled

RESULT_CAP = 256 * 1024
"""Bytes of standard output that are read; the API takes less."""

SCRIPT = b"#!"
TEXT = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\r\n")


class Program:
    """Runs one command for each task."""

    def __init__(self, name: str, line: str) -> None:
        """Take the name of the type and the command line. Raises CannotLoad."""
        self.name = name
        self.line = line
        self._command = Command(line)
        self._path = _found(str(self._command.program))
        # A handler beside it may change the working directory.
        self._folder = os.getcwd()

    def body(self) -> dict[str, Any]:
        """Return what is declared of its type."""
        return {"handler": self.name, "input_schema": self._command.schema(), "secret": []}

    def __call__(self, context: Context, task_input: Any) -> Any:
        """Run the program to its end, and return what it has printed. Raises Failed, and Cancelled if it is stopped."""
        words = [self._path, *self._command.filled(context, task_input)]
        execution = Execution(words, self._folder, json.dumps(task_input, ensure_ascii=False).encode(), RESULT_CAP)
        context.when_stopped(execution.terminate)
        code = execution.attend(lambda: context.cancelled, _say)
        if context.cancelled:
            raise Cancelled
        if code:
            how = f"exit code {code}" if code > 0 else f"killed by {signal_name(-code)}"
            raise Failed(how, execution.last_words)
        if execution.printed is None:
            raise Failed(f"it printed more than {RESULT_CAP:,} bytes", execution.last_words)
        return _result(execution.printed)


def _say(text: str) -> None:
    sys.stderr.write(text)


def _result(printed: bytes) -> Any:
    """Return what was printed: the value if it is JSON, else the text; None if it is nothing."""
    text = printed.decode(errors="replace")
    if not text.strip():
        return None
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text.removesuffix("\n")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _found(program: str) -> str:
    """Return the path of a program. Raises CannotLoad if there is none, or if it cannot be executed."""
    found = shutil.which(program)
    if found is None and Path(program).is_file():
        if os.sep not in program:
            raise CannotLoad(f"{VARIABLE}: the program {program} is not on the PATH: write ./{program}")
        raise CannotLoad(f"{VARIABLE}: the program {program} cannot be executed: chmod +x {program} allows it")
    if found is None:
        raise CannotLoad(f"{VARIABLE}: there is no program {program}")
    with open(found, "rb") as file:
        begin = file.read(256)
    if begin and TEXT.issuperset(begin) and not begin.startswith(SCRIPT):
        raise CannotLoad(f"{VARIABLE}: the program {found} needs a first line such as #!/bin/sh")
    if begin.startswith(SCRIPT):
        words = begin[len(SCRIPT) :].split(b"\n")[0].split()
        if not words or not Path(os.fsdecode(words[0])).exists():
            raise CannotLoad(f"{VARIABLE}: the program {found} names an interpreter that is not there")
    return os.path.abspath(found)
