"""Accounts over HTTP, and the audit log of what people do."""

import pytest

from services.api.admin.accounts import Accounts
from services.api.admin.passwords import Cost, Passwords
from services.api.admin.sessions import Sessions
from services.api.store.store import Store
from shared.domain.account import Role
from shared.domain.errors import Invalid
from tests.integration.admin.people import PASSWORD, admitted, log_in
from tests.integration.talking import ADMIN, Fetch

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


def test_a_password_that_everybody_knows_is_marked_and_refused_where_it_may_not_be(
    fetch: Fetch, store: Store, accounts: Accounts
) -> None:
    assert fetch("POST", "/accounts", ADA | {"password": "password"}, token=ADMIN).json()["is_demo"] is True
    passwords = Passwords(Cost(n=16))
    strict = Accounts(store, Sessions(store), passwords, allows_well_known=False)
    with pytest.raises(Invalid):
        fetch.run(strict.create("bob", Role.VIEWER, "password"))
    passwords.close()
    person = admitted(fetch, store, accounts, Role.ADMIN)
    assert b"still has its first password" in person("GET", "/admin/").body
    fetch("PATCH", "/accounts/ada", {"password": "another password"}, token=ADMIN)
    assert b"still has its first password" not in person("GET", "/admin/").body


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


def test_the_audit_log_holds_the_administrators_token_but_no_reports_and_nothing_anonymous(fetch: Fetch) -> None:
    fetch.created()
    fetch("POST", "/task-types/sleep/pause", token=ADMIN)
    fetch("GET", "/accounts", token=ADMIN)
    assert [(one["who"], one["action"]) for one in fetch("GET", "/audit", token=ADMIN).json()] == [
        ("(admin.token)", "pause_task_type")
    ]


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
