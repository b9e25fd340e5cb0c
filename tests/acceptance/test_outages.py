"""A service that is away or stands still, for longer than a lease of 15 s, costs no task a second execution."""

import signal
import time

import pytest

from tests.acceptance.instance import Instance, wait_until

pytestmark = pytest.mark.slow

AWAY = 60
"""Seconds."""
STILL = 40
"""Seconds."""


def test_an_api_that_is_away_for_a_minute_costs_nothing(instance: Instance) -> None:
    api = instance.start_api()
    instance.start_worker()
    ends_meanwhile = instance.create_many(100, processing_time=AWAY // 2)
    ends_afterwards = instance.create_many(100, processing_time=AWAY + 20)
    wait_until(lambda: instance.count(2) == 200, "200 running tasks")
    api.kill()
    time.sleep(AWAY)
    instance.start_api()
    tasks = instance.ended(ends_meanwhile)
    assert all(instance.task(task_id)["status"] == 2 for task_id in ends_afterwards)
    tasks |= instance.ended(ends_afterwards)
    assert {(task["status"], task["attempt"], task["run"]) for task in tasks.values()} == {(3, 1, 1)}


def test_an_api_that_stands_still_takes_nothing_from_anybody(instance: Instance) -> None:
    api = instance.start_api()
    instance.start_worker()
    task_ids = instance.create_many(50, processing_time=STILL + 10)
    wait_until(lambda: instance.count(2) == 50, "50 running tasks")
    api.send(signal.SIGSTOP)
    time.sleep(STILL)
    api.send(signal.SIGCONT)
    tasks = instance.ended(task_ids)
    assert {(task["status"], task["run"], task["crashes"]) for task in tasks.values()} == {(3, 1, 0)}


def test_what_a_worker_that_stands_still_held_goes_to_another_and_its_late_reports_change_nothing(
    instance: Instance,
) -> None:
    instance.start_api()
    still = instance.start_worker()
    task_ids = instance.create_many(20, processing_time=5)
    wait_until(lambda: instance.count(2) == 20, "20 running tasks")
    still.send(signal.SIGSTOP)
    instance.start_worker()
    tasks = instance.ended(task_ids)
    assert {(task["status"], task["run"], task["crashes"]) for task in tasks.values()} == {(3, 2, 0)}, "none was alone"
    still.send(signal.SIGCONT)
    still.ended()
    assert instance.tasks() == tasks
