"""Tokens and hosts."""

import stat
from pathlib import Path

import pytest

from waybill_api.identity.access import Access, BadToken, Scope, is_loopback, tokens_in
from waybill_api.problems import Refusal


def code_of(access: Access, scope: Scope, method: str = "GET", **headers: str) -> str:
    try:
        access.check(scope, method, {name.replace("_", "-"): value for name, value in headers.items()})
    except Refusal as refusal:
        return refusal.kind.code
    return ""


def test_tokens_are_made_once_for_their_owner_only(tmp_path: Path) -> None:
    worker, admin = tmp_path / "worker.token", tmp_path / "admin.token"
    made = tokens_in(worker, admin, None)
    assert set(made) == {Scope.REPORTER, Scope.ADMIN}
    assert len(set(made.values())) == 2
    assert all(len(token) >= 43 for token in made.values())
    assert tokens_in(worker, admin, "client") == made | {Scope.CLIENT: "client"}
    for path in (worker, admin):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["admin.token", "worker.token"]


def test_a_token_file_without_a_token_is_named_with_what_helps(tmp_path: Path) -> None:
    for said in (b"\xff\xfe", b"two words", b"a\x00b"):
        (tmp_path / "worker.token").write_bytes(said)
        with pytest.raises(BadToken, match="remove it") as refused:
            tokens_in(tmp_path / "worker.token", tmp_path / "admin.token", None)
        assert str(tmp_path / "worker.token") in str(refused.value)


def test_an_empty_token_file_is_filled_and_an_open_one_closed(tmp_path: Path) -> None:
    worker, admin = tmp_path / "worker.token", tmp_path / "admin.token"
    worker.write_text("\n")
    admin.write_text("chosen\n")
    admin.chmod(0o644)
    made = tokens_in(worker, admin, None)
    assert made[Scope.REPORTER]
    assert made[Scope.ADMIN] == "chosen"
    assert stat.S_IMODE(admin.stat().st_mode) == 0o600


def test_a_token_that_serves_two_roles_gives_the_higher_one() -> None:
    access = Access({Scope.CLIENT: "same", Scope.REPORTER: "same", Scope.ADMIN: "admin"})
    assert code_of(access, Scope.REPORTER, Authorization="Bearer same") == ""
    assert code_of(access, Scope.ADMIN, Authorization="Bearer same") == "forbidden"


def test_a_token_with_half_a_surrogate_is_just_wrong() -> None:
    access = Access({Scope.CLIENT: "token", Scope.REPORTER: "r", Scope.ADMIN: "a"})
    assert code_of(access, Scope.CLIENT, Authorization="Bearer \udcff") == "unauthenticated"


def test_configured_hosts_are_served_whatever_the_port() -> None:
    access = Access({Scope.ADMIN: "a"}, hosts=["Waybill.example", "[fd00::1]"])
    for host in ("waybill.example", "waybill.example:8000", "[fd00::1]:8000", "localhost"):
        assert code_of(access, Scope.CLIENT, Host=host) == ""
    assert code_of(access, Scope.CLIENT, Host="other.example") == "misdirected"
    assert code_of(Access({}, hosts=["*"]), Scope.CLIENT, Host="other.example") == ""


def test_a_configured_host_may_be_an_origin_behind_a_proxy() -> None:
    access = Access({Scope.ADMIN: "a"}, hosts=["waybill.example", "api"])
    assert code_of(access, Scope.CLIENT, "POST", Host="api:8000", Origin="https://waybill.example") == ""
    assert code_of(access, Scope.CLIENT, "POST", Host="api:8000", Origin="http://localhost:3000") == "cross_site"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.1", "::", "10.0.0.1", "example.org", ""])
def test_all_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)
