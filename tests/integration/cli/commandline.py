"""Running commands as a shell does, without a process."""

import json
from typing import Any, NamedTuple

import pytest

from waybill.cli.main import main


class Done(NamedTuple):
    """What a command has done."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[list[str]]:
        """The cells of the lines."""
        return [line.split("\t") for line in self.out.splitlines()]

    @property
    def objects(self) -> list[Any]:
        """The objects of the lines of JSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def complaint(self) -> str:
        """The one line on standard error, beside nothing on the output."""
        (line,) = self.err.splitlines()
        assert self.out == ""
        return line


class CommandLine:
    """Calls `main` with arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words: str) -> Done:
        """Run a command; what a shell would show of an exception is an exception here."""
        self._monkeypatch.setattr("sys.argv", ["waybill", *words])
        self._capsys.readouterr()
        try:
            code = main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = self._capsys.readouterr()
        return Done(code, out, err)
