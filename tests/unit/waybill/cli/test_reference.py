"""The reference in the documentation is the program's own, and the program starts without what it may not need."""

import subprocess
import sys
from typing import get_args

from throwaway.clone import ROOT
from waybill.cli import reference
from waybill.cli.commands.users import Role
from waybill.wire.accounts import RoleName


def test_the_page_is_what_the_program_says() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    assert page == reference.reference(), "run make docs"


def test_every_option_has_a_help() -> None:
    for line in reference.reference().splitlines():
        if line.startswith("| `"):
            assert len(line.split("|")) == 4, line
            assert line.split("|")[2].strip(), line


def test_roles_are_those_of_accounts() -> None:
    assert get_args(get_args(Role)[0]) == get_args(RoleName)


def test_help_and_usage_errors_load_no_library_but_typer() -> None:
    script = f"""
import sys
sys.path[:0] = {sys.path!r}
from waybill.cli.main import main
heavy = {{"requests", "rich", "pydantic_settings", "tornado", "huey", "peewee", "honcho", "waybill_api"}}
for words in (["--help"], ["submit", "--help"], ["loaddata"], ["dance"], ["submit", "nap", "no json"]):
    sys.argv = ["waybill", *words]
    try:
        main()
    except SystemExit:
        pass
    allowed = {{"requests"}} if words[-1] == "no json" else set()
    print("loaded", sorted((heavy & {{name.partition(".")[0] for name in sys.modules}}) - allowed))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    told = [line for line in done.stdout.splitlines() if line.startswith("loaded ")]
    assert told == ["loaded []"] * 5, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 3
