"""Where the command line looks for the API and its tokens, and what it makes of the flags of services."""

import os
from pathlib import Path

import pytest

from waybill.cli.command_error import CommandError
from waybill.cli.commands import services
from waybill.cli.offered import offered
from waybill.cli.place import PersonsClient, admin_token, place


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_arguments_go_before_the_environment_and_that_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert place(None, None) == ("http://127.0.0.1:8000", None, Path("data"))
    monkeypatch.setenv("WAYBILL_API_URL", "http://named")
    monkeypatch.setenv("WAYBILL_API_TOKEN", "hush")
    monkeypatch.setenv("WAYBILL_DATA_DIR", "/there")
    assert place(None, None) == ("http://named", "hush", Path("/there"))
    assert place("http://given", "mine")[:2] == ("http://given", "mine")


def test_host_and_port_of_the_settings_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_PORT", "9000")
    assert place(None, None).url == "http://127.0.0.1:9000"
    monkeypatch.setenv("WAYBILL_PORT", "many")
    with pytest.raises(CommandError, match="WAYBILL_PORT"):
        place(None, None)


def test_a_file_with_settings_counts() -> None:
    Path(".env").write_text("WAYBILL_API_URL=http://written\nWAYBILL_API_TOKEN=a-long-token-of-the-file-17\n")
    assert place(None, None)[:2] == ("http://written", "a-long-token-of-the-file-17")
    assert place("http://given", None).url == "http://given"


def test_what_is_no_address_is_told() -> None:
    with pytest.raises(CommandError, match="--url or WAYBILL_API_URL: not an address"):
        PersonsClient("nonsense", None)


def test_an_admin_token_is_read_if_it_can_be(tmp_path: Path) -> None:
    assert admin_token(tmp_path) is None
    (tmp_path / "admin.token").write_text("hush\n")
    assert admin_token(tmp_path) == "hush"
    (tmp_path / "admin.token").write_bytes(b"\xff\n")
    assert admin_token(tmp_path) is None


def test_flags_of_a_worker_become_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[str] = []
    monkeypatch.setattr(services, "become", became.append)
    for name in ("HANDLERS", "RELOAD", "EXEC", "EXEC_TYPE"):
        monkeypatch.setenv(f"WAYBILL_{name}", "before")
    services.worker(handlers=["a.py", "b.jobs"], reload=True)
    assert os.environ["WAYBILL_HANDLERS"] == "a.py,b.jobs"
    assert os.environ["WAYBILL_RELOAD"] == "1"
    assert os.environ["WAYBILL_EXEC"] == "before"
    services.worker(exec="cat {input}", type="cat")
    assert (os.environ["WAYBILL_EXEC"], os.environ["WAYBILL_EXEC_TYPE"]) == ("cat {input}", "cat")
    assert became == ["worker"] * 2


@pytest.mark.parametrize(
    ("flags", "said"),
    [({"exec": "cat"}, "--exec and --type"), ({"type": "cat"}, "--exec and --type"), ({"handlers": ["a,b"]}, "commas")],
)
def test_flags_that_do_not_fit_are_told(
    flags: dict[str, str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "become", lambda _: pytest.fail("it started"))
    assert services.worker(**flags) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_what_no_service_offers_is_told() -> None:
    with pytest.raises(CommandError, match="not installed"):
        offered("dance")
