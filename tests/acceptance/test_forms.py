"""Forms in a real browser: exact, safe to submit twice, and without undoing changes by another user."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.browser import Visit
from tests.acceptance.instance import Instance
from waybill_api.admin.texts import isolated, visible

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("admin")]

TYPES = "/admin/tasks/tasktype/"
EXACT = {"min_backoff": 0.1 + 0.2, "max_backoff": 43210.987, "timeout": 604_800, "processing_time": 12}


@pytest.fixture
def visit(browser: "Browser", instance: Instance) -> Iterator[Visit]:
    """Return a visit by an administrator to an API that has just started."""
    instance.start_api()
    with browser.new_context(locale="en-GB") as context:
        visit = Visit(context.new_page(), instance.url)
        visit.log_in(TYPES)
        visit.page.wait_for_url(f"**{TYPES}")
        yield visit


def patch(instance: Instance, path: str, body: dict[str, Any]) -> None:
    """Change something as another user."""
    instance.session.patch(f"{instance.url}{path}", json=body, headers=instance.admin(), timeout=30).raise_for_status()


def lose_first_answer(visit: Visit, path: str) -> list[str | None]:
    """Have the first POST to a path be carried out and its answer be lost; return the keys that come."""
    keys: list[str | None] = []

    def handle(route: "Route") -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        answer = route.fetch()
        if len(keys) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    visit.page.route(f"{visit.url}{path}", handle)
    return keys


def press(visit: Visit, name: str) -> None:
    visit.page.get_by_role("button", name=name, exact=True).click()


def test_two_people_change_a_type_and_neither_takes_back_what_the_other_did(visit: Visit, instance: Instance) -> None:
    page = visit.page
    instance.post("/task-types", {"name": "add", "handler": "sleep", **EXACT}).raise_for_status()
    visit.open(TYPES)
    page.get_by_role("link", name="add", exact=True).click()
    page.wait_for_url(f"**{TYPES}add/")
    page.get_by_label("Title").fill("Mine")
    with page.expect_request(lambda request: request.method == "PATCH") as sent:
        press(visit, "Save")
    assert sent.value.post_data_json == {"title": "Mine"}, "what was touched, and nothing else"
    page.get_by_text("add is saved.").wait_for()
    saved = instance.get("/task-types/add")
    assert {field: saved[field] for field in EXACT} == EXACT, "a number that was not edited"
    assert saved["title"] == "Mine"

    visit.open(f"{TYPES}add/")
    page.get_by_label("Priority").fill("7")
    page.get_by_label("Title").fill("Mine still")
    patch(instance, "/task-types/add", {"title": "Theirs", "max_attempts": 5, "min_backoff": 0.7})
    press(visit, "Save")
    complaint = page.locator("[data-complaint]")
    complaint.get_by_text("Somebody else has changed it meanwhile.").wait_for()
    told = complaint.inner_text()
    for line in ("Title is now: Theirs", "Attempts is now: 5", "Shortest back-off, s is now: 0.7"):
        assert line in told
    assert page.get_by_label("Attempts").input_value() == "5", "what was not touched is taken over"
    assert page.get_by_label("Title").input_value() == "Mine still", "what was touched stays"
    assert instance.get("/task-types/add")["priority"] == 0
    press(visit, "Save")
    page.get_by_text("add is saved.").wait_for()
    saved = instance.get("/task-types/add")
    assert (saved["title"], saved["priority"], saved["max_attempts"], saved["min_backoff"]) == ("Mine still", 7, 5, 0.7)

    visit.open(f"{TYPES}add/")
    page.get_by_label("Time limit of a run, s").press_sequentially("5e")
    press(visit, "Save")
    page.locator("[name=timeout][aria-invalid=true]").wait_for()
    assert instance.get("/task-types/add")["timeout"] == EXACT["timeout"], "an invalid number is not taken as empty"

    visit.open(f"{TYPES}add/")
    patch(instance, "/task-types/add", {"handler": "echo"})
    press(visit, "Delete")
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    page.get_by_text("Somebody else has changed it since").wait_for()
    assert instance.get("/task-types/add")["handler"] == "echo"


SCHEMA = {
    "type": "object",
    "properties": {
        "width": {"type": "integer", "minimum": 1, "title": "Width"},
        "scale": {"type": "number", "default": 0.5},
        "format": {"$ref": "#/$defs/format", "default": "png"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "For the printer"},
        "sharp": {"type": "boolean"},
        "password": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["width", "sharp"],
    "additionalProperties": False,
    "$defs": {"format": {"enum": ["png", "jpeg", 3]}},
}


def test_the_input_of_a_new_task_has_a_field_for_each_simple_property(visit: Visit, instance: Instance) -> None:
    page = visit.page
    code = {"handler": "resize", "input_schema": SCHEMA, "secret": ["password"], "max_attempts": 3}
    declared = f"{instance.url}/task-types/resize/declaration"
    instance.session.put(declared, json=code, headers=instance.admin(), timeout=30).raise_for_status()
    patch(instance, "/task-types/resize", {"max_attempts": 5})
    visit.open(f"{TYPES}resize/")
    page.get_by_text("code: 3").wait_for()
    page.get_by_text("No live worker serves it: its tasks wait.").wait_for()
    page.get_by_label("Secret fields of the input").fill("password\nnote")
    press(visit, "Save")
    page.get_by_text("resize is saved.").wait_for()
    page.locator("tr[data-name=resize]").get_by_text("no worker").wait_for()
    assert instance.get("/task-types/resize")["edited"] == ["max_attempts", "secret"]

    visit.open("/admin/tasks/task/add/")
    page.get_by_label("Input, JSON").wait_for()
    page.locator("[name=type]").select_option("resize")
    width = page.locator("[name='input/width']")
    width.wait_for()
    assert page.get_by_label("scale").input_value() == "0.5"
    assert page.get_by_label("password").get_attribute("type") == "password"
    page.locator("[name=name]").fill("picture")
    width.fill("0")
    page.get_by_label("tags").fill('["a", 7]')
    press(visit, "Create")
    page.get_by_text("is required").wait_for()
    wrong = page.locator("[aria-invalid=true]").evaluate_all("all => all.map((one) => one.name)")
    assert wrong == ["input/width", "input/sharp", "input/tags"]
    width.fill("12345678901234567890")
    page.get_by_label("sharp").select_option("true")
    page.get_by_label("password").fill("geheim")
    page.get_by_label("tags").fill('["a"]')
    press(visit, "Create")
    page.wait_for_url("**/admin/tasks/task/*/")
    (task,) = instance.get("/tasks?type=resize")
    given = {"width": 12345678901234567890, "scale": 0.5, "format": "png", "sharp": True, "tags": ["a"]}
    assert task["input"] == given | {"password": "***"}

    page.get_by_role("link", name="Duplicate").click()
    width.wait_for()
    assert (width.input_value(), page.get_by_label("password").input_value()) == ("12345678901234567890", "")
    page.locator("[name=type]").select_option("sleep")
    page.get_by_label("Input, JSON").wait_for()
    assert visit.errors == [
        "error: Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"
    ]


def test_what_is_pressed_again_after_a_lost_answer_is_made_once(visit: Visit, instance: Instance) -> None:
    page = visit.page
    keys = lose_first_answer(visit, "/tasks")
    visit.open("/admin/tasks/task/add/")
    page.locator("[name=name]").fill("once")
    page.get_by_label("Processing time, s").fill("5")
    for _ in range(2):
        press(visit, "Create")
        page.get_by_text("once is created.").or_(page.get_by_text("The server cannot be reached.")).first.wait_for()
    page.get_by_text("once is created.").wait_for()
    assert len(instance.get("/tasks")) == 1
    visit.open("/admin/tasks/task/add/")
    page.locator("[name=name]").fill("once")
    page.get_by_label("Processing time, s").fill("5")
    press(visit, "Create")
    page.get_by_text("once is created.").wait_for()
    assert len(instance.get("/tasks")) == 2, "the same once more is another task"
    assert keys[0] == keys[1] != keys[2]

    lose_first_answer(visit, "/task-types")
    visit.open(f"{TYPES}add/")
    page.get_by_label("Name").fill("brew")
    page.get_by_label("Longest back-off, s").fill("43210.987")
    press(visit, "Create")
    page.get_by_text("The server cannot be reached.").wait_for()
    press(visit, "Create")
    page.get_by_text("brew is created.").wait_for()
    assert instance.get("/task-types/brew")["max_backoff"] == 43210.987
    visit.open(f"{TYPES}add/")
    page.get_by_label("Name").fill("brew")
    press(visit, "Create")
    page.get_by_text("A task type of this name exists already.").wait_for()

    lose_first_answer(visit, "/accounts")
    visit.open("/admin/accounts/")
    page.locator("#account [name=name]").fill("ada")
    page.locator("#account [name=password]").fill("correct horse battery")
    press(visit, "Create")
    page.get_by_text("The server cannot be reached.").wait_for()
    press(visit, "Create")
    page.get_by_text("ada exists already; it may have been made by your first try.").wait_for()


def test_two_people_change_an_account(visit: Visit, instance: Instance) -> None:
    page = visit.page
    body = {"name": "ada", "role": "viewer", "password": "correct horse battery"}
    instance.session.post(f"{instance.url}/accounts", json=body, headers=instance.admin(), timeout=30)
    visit.open("/admin/accounts/")
    row = page.locator("tr[data-name=ada]")
    patch(instance, "/accounts/ada", {"role": "admin"})
    row.locator("select").select_option("operator")
    page.get_by_text("Role is now: admin").wait_for()
    assert row.locator("select").input_value() == "admin"
    row.locator("select").select_option("operator")
    page.get_by_text("ada is saved.").wait_for()

    row.get_by_role("button", name="New password").click()
    dialog = page.locator("dialog#password")
    dialog.get_by_label("Password").fill("aaaaaaaaaaaa")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_text("too easy to guess").wait_for()
    patch(instance, "/accounts/ada", {"password": "by the administrator"})
    dialog.get_by_label("Password").fill("another password")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_text("Password is another one.").wait_for()
    dialog.get_by_role("button", name="Save").click()
    page.get_by_text("ada is saved.").wait_for()


def test_names_that_cannot_be_seen_or_that_turn_round_stay_in_their_place(visit: Visit, instance: Instance) -> None:
    page = visit.page
    override = "\u202etxt.exe"
    for name in ("\u200b", override):
        instance.post("/tasks", {"name": name, "processing_time": 5})
    visit.open("/admin/tasks/task/")
    page.get_by_role("link", name="[U+200B]").click()
    page.locator("h1", has_text="[U+200B]").wait_for()
    press(visit, "Cancel")
    page.get_by_text("Cancel [U+200B]?").wait_for()
    page.locator("#confirm").get_by_role("button", name="Keep").click()
    # The pages and what they make anew say the same of a text.
    said = """texts => import("/admin/static/texts.js")
        .then(({ visible, isolated }) => texts.map((one) => [visible(one), isolated(one)]))"""
    texts = [
        "\u3164\ufe0f",
        "\u0301",
        "\U000e0041",
        "\u2800" * 5,
        "e\u0301",
        "שלום",
        override,
        "a\u2069b",
        "日本語",
        " ",
    ]
    assert page.evaluate(said, texts) == [[visible(one), isolated(one)] for one in texts]
    visit.open("/admin/tasks/task/?q=exe")
    page.get_by_role("link", name=override).click()
    page.wait_for_function("document.title.startsWith('\\u2068txt.exe\\u2069 ·')")
    # The text after the name is where it would be after any other name.
    assert page.evaluate("document.getElementById('status').getBoundingClientRect().left") > page.evaluate(
        "document.querySelector('h1 bdi').getBoundingClientRect().left"
    )
    press(visit, "Cancel")
    assert page.locator("#confirm-title").inner_text() == "Cancel \u2068txt.exe\u2069?"
    assert [error for error in visit.errors if "events" not in error] == []
