"""A worker that is drained from its page finishes what it runs, and takes nothing more until it is resumed."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.browser import Visit
from tests.acceptance.instance import Instance, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def state_of(instance: Instance) -> Any:
    (worker,) = instance.get("/workers")
    return worker["state"]


def press(visit: Visit, action: str) -> None:
    visit.page.locator("#workers").get_by_role("button", name=action).click()


@pytest.mark.slow
def test_a_drained_worker_finishes_stays_and_waits_even_for_an_api_that_was_restarted(
    browser: "Browser", instance: Instance
) -> None:
    api = instance.start_api()
    worker = instance.start_worker(worker_slots="1")
    wait_until(lambda: instance.get("/workers"), "a worker that beats")
    with browser.new_context(locale="en-GB") as context:
        visit = Visit(context.new_page(), instance.url)
        visit.log_in("/admin/workers/")
        visit.page.locator("#workers").get_by_role("button", name="Drain").wait_for()
        running = instance.create(15)
        wait_until(lambda: instance.task(running)["status"] == 2, "a running task")
        waiting = instance.create(1)
        press(visit, "Drain")
        visit.page.locator("#confirm").get_by_text("finishes what it runs").wait_for()
        visit.page.locator("#confirm").get_by_role("button", name="Drain").click()
        wait_until(lambda: state_of(instance) == "draining", "a worker that drains while it still runs something")
        visit.page.locator("#workers").get_by_text("draining").wait_for()
        wait_until(lambda: instance.task(running)["status"] == 3, "the end of what was running")
        visit.page.locator("#workers").get_by_text("drained").wait_for()
        wait_until(lambda: instance.get("/statistics")["attention"], "a word on the task that waits")
        assert "workers_drained" in {one["code"] for one in instance.get("/statistics")["attention"]}

        api.kill()
        instance.start_api()
        wait_until(lambda: instance.get("/workers"), "a beat to the API that was restarted")
        (known,) = instance.get("/workers")
        assert (known["drain"], known["state"]) == (True, "drained")
        assert instance.task(waiting)["status"] == 1
        assert worker.is_running

        press(visit, "Resume")
        assert instance.ended([waiting])[waiting]["status"] == 3
        assert [error for error in visit.errors if "ERR_CONNECTION" not in error] == []
