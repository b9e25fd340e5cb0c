"""Whatever is killed or deleted, nothing that was promised is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.acceptance.instance import Instance, wait_until
from waybill.queue.file_queue import FileQueue


def test_all_tasks_end_though_their_worker_is_killed_and_started_again(instance: Instance) -> None:
    instance.start_api()
    worker = instance.start_worker()
    task_ids = instance.create_many(20, processing_time=6)
    wait_until(lambda: instance.count(2) == 20, "20 running tasks")
    worker.kill()
    instance.start_worker()
    tasks = instance.ended(task_ids)
    assert {task["status"] for task in tasks.values()} == {3}
    assert {task["attempt"] for task in tasks.values()} == {1}


def test_every_create_that_was_answered_survives_the_death_of_the_api(instance: Instance) -> None:
    api = instance.start_api()
    instance.start_worker()
    kept: list[str] = []

    def create_until_it_dies() -> None:
        while True:
            try:
                kept.append(instance.create(0))
            except requests.RequestException:
                return

    with ThreadPoolExecutor(8) as clients:
        futures = [clients.submit(create_until_it_dies) for _ in range(8)]
        try:
            wait_until(lambda: len(kept) >= 200, "200 creates")
        finally:
            api.kill()
        for future in futures:
            future.result()

    instance.start_api()
    assert {task["status"] for task in instance.ended(kept).values()} == {3}


def test_reports_of_running_tasks_wait_for_an_api_that_is_down(instance: Instance) -> None:
    api = instance.start_api()
    worker = instance.start_worker()
    task_ids = instance.create_many(20, processing_time=2)
    wait_until(lambda: instance.count(2) == 20, "20 running tasks")
    api.kill()
    spool = instance.data / "spool"
    wait_until(lambda: any(path.stat().st_size for path in spool.rglob("*") if path.is_file()), "spooled reports")
    instance.start_api()
    tasks = instance.ended(task_ids)
    assert {(task["status"], task["attempt"], task["run"]) for task in tasks.values()} == {(3, 1, 1)}
    assert worker.is_running


def test_messages_that_somebody_took_without_claiming_them_are_sent_again(instance: Instance) -> None:
    instance.start_api()
    task_ids = instance.create_many(20, processing_time=0)
    queue = FileQueue(instance.data / "queue.db")
    wait_until(lambda: len(queue.contents()) == 20, "20 messages")
    assert len(queue.take(queue.routes(), 100)) == 20
    queue.close()
    instance.start_worker()
    tasks = instance.ended(task_ids)
    assert {(task["status"], task["run"], task["crashes"]) for task in tasks.values()} == {(3, 1, 0)}


def test_all_tasks_end_though_the_queue_is_deleted_under_them(instance: Instance) -> None:
    instance.start_api()
    instance.start_worker(worker_slots="20", reserved_slots="0")
    task_ids = instance.create_many(120, processing_time=1)
    wait_until(lambda: instance.count(2) >= 20, "busy slots")
    assert instance.count(1) >= 60
    (instance.data / "queue.db").unlink()
    tasks = instance.ended(task_ids, seconds=120)
    assert {task["status"] for task in tasks.values()} == {3}


def test_a_change_of_many_tasks_that_is_cut_off_has_changed_each_of_them_or_not(instance: Instance) -> None:
    """Cancelled, then deleted; whenever the API dies, the same request finishes what it had begun."""
    api = instance.start_api()
    task_ids = {task_id for _ in range(3) for task_id in instance.create_many(1_000, processing_time=0)}
    count = len(task_ids)

    def die_in_the_middle(action: str, query: str, is_begun: Callable[[], bool]) -> None:
        with ThreadPoolExecutor(1) as client:
            cut_off = client.submit(change, instance, action, query)
            wait_until(is_begun, f"the first tasks of those that are to be changed by {action}")
            api.kill()
            assert isinstance(cut_off.exception(), requests.RequestException)

    die_in_the_middle("cancel", "status:new", lambda: counts(instance)["ERROR"] > 0)
    api = instance.start_api()
    cancelled = {task_id for task_id, task in instance.tasks().items() if task["status"] == 4}
    assert 0 < len(cancelled) < count
    assert counts(instance)["ERROR"] == len(cancelled)
    told = [event["task_id"] for event in instance.get("/events") if event["kind"] == "cancel"]
    assert sorted(told) == sorted(cancelled)
    assert change(instance, "cancel", "status:new") == count - len(cancelled)

    die_in_the_middle("delete", "error:cancelled", lambda: counts(instance)["ERROR"] < count)
    api = instance.start_api()
    left = set(instance.tasks())
    assert 0 < len(left) < count
    assert left < task_ids
    assert counts(instance)["ERROR"] == len(left)
    assert {event["task_id"] for event in instance.get("/events")} == left
    wait_until(lambda: {task["task_id"] for task in instance.get("/tasks", q="task")} == left, "the search to know")
    assert change(instance, "delete", "error:cancelled") == len(left)
    assert instance.tasks() == {}
    assert instance.get("/events") == []


def counts(instance: Instance) -> dict[str, int]:
    """Return how many tasks there are of each status."""
    found: dict[str, int] = instance.get("/statistics")["counts"]
    return found


def change(instance: Instance, action: str, query: str) -> int:
    """Do something to all that a search finds, and return to how many tasks it was done."""
    changed, cursor, is_done = 0, None, False
    while not is_done:
        said = {"action": action, "q": query, "cursor": cursor}
        answer = requests.post(f"{instance.url}/tasks/bulk", json=said, headers=instance.admin(), timeout=60)
        answer.raise_for_status()
        changed += answer.json()["applied"]
        cursor, is_done = answer.json()["cursor"], answer.json()["done"]
    return changed
