"""Accounts over HTTP, and the audit log of what people do."""

import sqlite3

import pytest

from tests.integration.admin.people import PASSWORD, admitted, log_in
from tests.integration.talking import ADMIN, REPORTER, Fetch
from waybill.domain.account import Role
from waybill.domain.errors import Invalid
from waybill_api.identity.accounts import Accounts
from waybill_api.identity.passwords import Cost, Passwords
from waybill_api.identity.sessions import Sessions
from waybill_api.store.store import Store
from waybill_api.store.tables import audit

ADA = {"name": "ada", "role": "operator", "password": PASSWORD}


def test_an_account_is_created_listed_changed_and_deleted(fetch: Fetch) -> None:
    answer = fetch("POST", "/accounts", ADA | {"role": "admin"}, token=ADMIN)
    assert (answer.status, answer.headers["Location"]) == (201, "/accounts/ada")
    assert PASSWORD.encode() not in answer.body
    assert fetch("POST", "/accounts", ADA, token=ADMIN).code == "account_exists"
    fetch("POST", "/accounts", ADA | {"name": "bob"}, token=ADMIN)
    listed = fetch("GET", "/accounts", token=ADMIN).json()
    assert [(one["name"], one["role"], one["is_demo"]) for one in listed] == [
        ("ada", "admin", False),
        ("bob", "operator", False),
    ]
    assert fetch("PATCH", "/accounts/bob", {"role": "viewer"}, token=ADMIN).json()["role"] == "viewer"
    assert fetch("PATCH", "/accounts/bob", {"password": "a new password"}, token=ADMIN).status == 200
    assert log_in(fetch, "bob", PASSWORD).status == 401
    assert log_in(fetch, "bob", "a new password").status == 303
    assert fetch("DELETE", "/accounts/bob", token=ADMIN).status == 204
    assert fetch("DELETE", "/accounts/bob", token=ADMIN).code == "account_not_found"
    assert fetch("PATCH", "/accounts/bob", {"password": "a new password"}, token=ADMIN).code == "account_not_found"


def test_the_last_administrator_stays_one(fetch: Fetch) -> None:
    fetch("POST", "/accounts", ADA | {"role": "admin"}, token=ADMIN)
    assert fetch("DELETE", "/accounts/ada", token=ADMIN).code == "last_admin"
    assert fetch("PATCH", "/accounts/ada", {"role": "viewer"}, token=ADMIN).code == "last_admin"
    fetch("POST", "/accounts", ADA | {"name": "bob", "role": "admin"}, token=ADMIN)
    assert fetch("DELETE", "/accounts/ada", token=ADMIN).status == 204


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/name", "/role", "/password"}),
        (ADA | {"name": "Ada"}, {"/name"}),
        (ADA | {"name": "a b"}, {"/name"}),
        (ADA | {"name": "(admin.token)"}, {"/name"}),
        (ADA | {"role": "root"}, {"/role"}),
        (ADA | {"password": "short"}, {"/password"}),
        (ADA | {"password": "x" * 1_025}, {"/password"}),
        (ADA | {"password": 12_345_678}, {"/password"}),
        (ADA | {"is_demo": True}, {"/is_demo"}),
    ],
)
def test_a_bad_account_is_told_field_by_field(fetch: Fetch, body: dict[str, object], pointers: set[str]) -> None:
    answer = fetch("POST", "/accounts", body, token=ADMIN)
    assert (answer.status, answer.pointers) == (422, pointers)
    assert PASSWORD.encode() not in answer.body


DEMO = {"name": "user", "role": "operator", "password": "password"}


def test_the_login_of_the_documentation_is_marked_and_refused_where_it_may_not_be(
    fetch: Fetch, store: Store, accounts: Accounts
) -> None:
    assert fetch("POST", "/accounts", DEMO, token=ADMIN).json()["is_demo"] is True
    passwords = Passwords(Cost(n=16))
    strict = Accounts(store, Sessions(store), passwords, allows_well_known=False)
    with pytest.raises(Invalid):
        fetch.run(strict.change("user", password="password"))
    passwords.close()
    person = admitted(fetch, store, accounts, Role.ADMIN)
    assert b"still has its first password" in person("GET", "/admin/").body
    fetch("PATCH", "/accounts/user", {"password": "another password"}, token=ADMIN)
    assert b"still has its first password" not in person("GET", "/admin/").body
    assert fetch("PATCH", "/accounts/user", {"password": "password"}, token=ADMIN).json()["is_demo"] is True


@pytest.mark.parametrize("password", ["12345678", "aaaaaaaaaaaa", "password", "adaadaada", "qwertyuiop"])
def test_a_password_that_can_be_guessed_is_refused_with_a_sentence(fetch: Fetch, password: str) -> None:
    answer = fetch("POST", "/accounts", ADA | {"password": password}, token=ADMIN)
    assert (answer.status, answer.pointers) == (422, {"/password"})
    assert "too easy to guess" in answer.json()["errors"][0]["detail"]
    assert fetch("POST", "/accounts", ADA, token=ADMIN).status == 201
    answer = fetch("PATCH", "/accounts/ada", {"password": password}, token=ADMIN)
    assert (answer.status, answer.pointers) == (422, {"/password"})
    assert log_in(fetch, "ada", PASSWORD).status == 303


def test_what_people_do_is_in_the_audit_log(fetch: Fetch, store: Store, accounts: Accounts) -> None:
    person = admitted(fetch, store, accounts, Role.ADMIN, "ada")
    task_id = person("POST", "/tasks", {"name": "x", "processing_time": 5}).json()["task_id"]
    person("POST", f"/tasks/{task_id}/cancel")
    person("POST", f"/tasks/{task_id}/cancel")
    person("POST", f"/tasks/{task_id}/retry")
    person("POST", f"/tasks/{task_id}/cancel")
    person("DELETE", f"/tasks/{task_id}")
    person("PATCH", "/task-types/sleep", {"priority": 1})
    person("POST", "/accounts", ADA | {"name": "bob"})
    log_in(fetch, "ada", "wrong password")
    log_in(fetch, "ada", PASSWORD)
    person.log_out()
    assert person("GET", "/audit").status == 401
    deeds = list(reversed(fetch("GET", "/audit", token=ADMIN).json()))
    assert [(one["action"], one["outcome"]) for one in deeds] == [
        ("create_task", "done"),
        ("cancel_task", "done"),
        ("cancel_task", "task_is_final"),
        ("retry_task", "done"),
        ("cancel_task", "done"),
        ("delete_task", "done"),
        ("change_task_type", "done"),
        ("create_account", "done"),
        ("log_in", "failed"),
        ("log_in", "done"),
        ("log_out", "done"),
    ]
    assert {one["who"] for one in deeds} == {"ada"}
    assert {one["address"] for one in deeds} == {"127.0.0.1"}
    assert deeds[0]["target"] == f"/tasks/{task_id}"
    assert deeds[0]["details"] == {"body": {"name": "x", "processing_time": 5}}
    assert deeds[6]["details"] == {"body": {"priority": 1}}
    assert PASSWORD not in str(deeds)


def by_token(fetch: Fetch) -> list[tuple[str, str, str]]:
    """Return what has been done with the administrator's token, oldest first."""
    deeds = list(reversed(fetch("GET", "/audit", token=ADMIN).json()))
    assert {(one["who"], one["address"]) for one in deeds} <= {("(admin.token)", "127.0.0.1")}
    return [(one["action"], one["target"], one["outcome"]) for one in deeds]


def test_the_audit_log_holds_what_is_done_with_the_administrators_token(fetch: Fetch) -> None:
    task_id = fetch("POST", "/tasks", {"name": "x", "processing_time": 5}, token=ADMIN).json()["task_id"]
    one = f"/tasks/{task_id}"
    fetch("POST", f"{one}/cancel", token=ADMIN)
    fetch("POST", f"{one}/cancel", token=ADMIN)
    fetch("POST", f"{one}/retry", token=ADMIN)
    fetch("DELETE", one, token=ADMIN)
    fetch("POST", "/tasks", {"name": ""}, token=ADMIN)
    fetch("POST", "/task-types/sleep/pause", token=ADMIN)
    assert by_token(fetch) == [
        ("create_task", one, "done"),
        ("cancel_task", f"{one}/cancel", "done"),
        ("cancel_task", f"{one}/cancel", "task_is_final"),
        ("retry_task", f"{one}/retry", "done"),
        ("delete_task", one, "task_is_not_final"),
        ("create_task", "/tasks", "invalid"),
        ("pause_task_type", "/task-types/sleep/pause", "done"),
    ]


def test_the_audit_log_holds_what_is_done_to_many_tasks_and_how_many(fetch: Fetch) -> None:
    ids = [fetch.created() for _ in range(3)]
    asked: list[dict[str, object]] = [
        {"action": "cancel", "q": "type:sleep"},
        {"action": "retry", "task_ids": ids[:2]},
        {"action": "delete", "q": "type:sleep"},
        {"action": "cancel", "q": ""},
    ]
    for body in asked:
        fetch("POST", "/tasks/bulk", body | {"dry_run": True}, token=ADMIN)
        fetch("POST", "/tasks/bulk", body, token=ADMIN)
    assert by_token(fetch) == [
        ("change_tasks", "/tasks/bulk", one) for one in ("done", "done", "done", *["invalid"] * 2)
    ]
    deeds = list(reversed(fetch("GET", "/audit", token=ADMIN).json()))
    assert [one["details"] for one in deeds[:3]] == [
        {"body": body, "applied": applied} for body, applied in zip(asked, (3, 2, 1), strict=False)
    ]


def test_the_audit_log_holds_no_reports_no_reading_and_nothing_of_others(fetch: Fetch) -> None:
    task_id = fetch.created()
    for token in (None, "wrong", REPORTER):
        fetch("POST", f"/tasks/{task_id}/cancel", token=token)
        fetch("POST", f"/tasks/{task_id}/retry", token=token)
        fetch("DELETE", f"/tasks/{task_id}", token=token)
        fetch("POST", "/tasks/bulk", {"action": "delete", "task_ids": [task_id]}, token=token)
    fetch("PATCH", f"/tasks/{task_id}", {"status": 2}, token=ADMIN)
    fetch("POST", "/reports", {"reports": [{"task_id": task_id, "status": 2}]}, token=ADMIN)
    beat = {"runs": [], "routes": [], "slots": 1, "host": "h", "pid": 1, "version": "1"}
    assert fetch("POST", "/workers/w-1/heartbeat", beat, token=ADMIN).status == 200
    fetch("GET", "/accounts", token=ADMIN)
    fetch("GET", "/tasks", token=ADMIN)
    assert by_token(fetch) == []


def test_the_audit_log_is_read_page_by_page_and_holds_no_large_bodies(
    fetch: Fetch, store: Store, accounts: Accounts
) -> None:
    person = admitted(fetch, store, accounts, Role.ADMIN)
    for number in range(5):
        person("POST", "/tasks", {"name": f"task {number}", "processing_time": 5, "input": "x" * 10_000})
    first = person("GET", "/audit?limit=3").json()
    rest = person("GET", f"/audit?limit=3&before={first[-1]['audit_id']}").json()
    assert [one["audit_id"] for one in first + rest] == [5, 4, 3, 2, 1]
    assert set(first[0]["details"]) == {"size"}


def test_what_was_done_is_answered_as_done_though_the_audit_log_cannot_be_written(
    fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Between a create and its line in the audit log the disk may become full: a client must not create again."""

    def full(*given: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(audit, "insert", full)
    answer = fetch("POST", "/tasks", {"name": "n", "processing_time": 1}, token=ADMIN)
    assert answer.status == 201
    assert fetch("POST", f"/tasks/{answer.json()['task_id']}/retry", token=ADMIN).code == "task_is_not_final"
    assert [one.getMessage() for one in caplog.records if "audit log" in one.getMessage()] == [
        "POST /tasks (done) is missing in the audit log",
        f"POST /tasks/{answer.json()['task_id']}/retry (task_is_not_final) is missing in the audit log",
    ]
