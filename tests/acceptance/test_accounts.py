"""Accounts: made at the command line, and none that everybody could use where everybody comes by."""

import json
import re
from collections.abc import Callable

from tests.acceptance.instance import Instance


def test_an_account_is_made_at_the_command_line_with_and_without_an_api(instance: Instance) -> None:
    made = instance.manage("users", "add", "ada", "--role", "admin", standard_input="correct horse battery\n")
    assert (made.returncode, made.stderr) == (0, "")
    assert instance.manage("users").stdout.startswith("ada\tadmin\t")
    instance.start_api()
    again = instance.manage("createuser", "ada", standard_input="correct horse battery\n")
    assert again.returncode == 1
    assert len(again.stderr.splitlines()) == 1, again.stderr
    made = instance.manage("createuser", "bob", standard_input="correct horse battery\n")
    assert (made.returncode, made.stderr) == (0, "")
    listed = [json.loads(line) for line in instance.manage("users", "--json").stdout.splitlines()]
    assert [(one["name"], one["role"]) for one in listed] == [("ada", "admin"), ("bob", "operator")]
    for name, password in (
        ("carol", "carolcarol\n"),
        ("Carol!", ""),
    ):
        refused = instance.manage("createuser", name, standard_input=password)
        assert refused.returncode == 2
        assert len(refused.stderr.splitlines()) == 1, refused.stderr


def test_off_loopback_it_does_not_start_while_everybody_knows_the_password(install: Callable[..., Instance]) -> None:
    instance = install()
    first = instance.start_api()
    assert first.stop() == 0
    assert re.search(r"log in at http://.*/admin/ as user with the password password", first.read())
    open_to_all = {"host": "0.0.0.0", "allow_anonymous_off_loopback": "1"}  # noqa: S104
    refused = instance.start("refused", "python", "-m", "waybill_api", **open_to_all)
    assert refused.ended() == 2
    (line,) = refused.read().splitlines()
    assert "WAYBILL_ALLOW_DEMO_LOGIN=1" in line
    instance.start_api(**open_to_all, allow_demo_login="1")


def test_off_loopback_a_fresh_database_gets_no_login(install: Callable[..., Instance]) -> None:
    instance = install(host="0.0.0.0", allow_anonymous_off_loopback="1")  # noqa: S104
    instance.start_api()
    assert instance.session.get(f"{instance.url}/accounts", headers=instance.admin(), timeout=30).json() == []
    loaded = instance.manage("loaddata", "initial")
    assert loaded.returncode == 0, loaded.stderr
    assert "left out user" in loaded.stdout
    assert instance.session.get(f"{instance.url}/accounts", headers=instance.admin(), timeout=30).json() == []
