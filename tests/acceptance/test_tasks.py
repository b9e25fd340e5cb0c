"""What the assignment asks for: create a task, watch it run, see all of them."""

from collections.abc import Callable

import requests

from tests.acceptance.instance import Instance, wait_until


def test_a_task_goes_from_new_through_processing_to_completed(instance: Instance) -> None:
    instance.start_api()
    answer = requests.post(f"{instance.url}/tasks", json={"name": "проверка", "processing_time": 2}, timeout=5)
    assert answer.status_code == 201
    assert list(answer.json()) == ["task_id"]
    task_id = answer.json()["task_id"]
    task = instance.task(task_id)
    assert (task["task_id"], task["name"], task["processing_time"]) == (task_id, "проверка", 2)
    seen = [task["status"]]

    instance.start_worker()

    def watched() -> bool:
        status = instance.task(task_id)["status"]
        if status != seen[-1]:
            seen.append(status)
        return status in (3, 4)

    wait_until(watched, "the end of the task")
    assert seen == [1, 2, 3]


def test_thirteen_seconds_end_in_error_and_the_list_shows_every_task(instance: Instance) -> None:
    instance.start_api()
    instance.start_worker()
    times = [13, 0, 1, 2]
    task_ids = [instance.create(processing_time, f"{processing_time} s") for processing_time in times]
    tasks = instance.ended(task_ids)
    assert list(instance.tasks()) == task_ids, "newest last"
    assert [tasks[task_id]["status"] for task_id in task_ids] == [4, 3, 3, 3]
    failed = tasks[task_ids[0]]
    assert failed["error"]["code"] == "failed"
    assert failed["attempt"] == 1


def test_two_installations_run_side_by_side(install: Callable[..., Instance]) -> None:
    first, second = install(), install()
    for instance in (first, second):
        instance.start_api()
        instance.start_worker()
    here, there = first.create(1, "here"), second.create(1, "there")
    assert first.ended([here])[here]["status"] == 3
    assert second.ended([there])[there]["status"] == 3
    assert list(first.tasks()) == [here]
    assert list(second.tasks()) == [there]
