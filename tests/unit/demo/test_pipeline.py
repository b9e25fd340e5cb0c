"""The demonstration of pipelines: its schedule is repeatable, its comparison fair, its tally right."""

import json
from collections import Counter
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from demo.pipeline.naive.records import SqliteRecords
from demo.pipeline.schedule import HARM, Draw, Fate, Schedule
from demo.pipeline.table import table
from demo.pipeline.tally import Tally, lost_keys, steps_back, verdict, wrong_statuses
from demo.pipeline.wire import put_back
from demo.pipeline.work import LATEST, enriched, found_by, names, pauses
from proof.relay import Answer

SERVICES = names(3)


def column(name: str, **values: int) -> Tally:
    return Tally(**{"name": name, "delivered": 100, "wrong": 0, "lost": 0, "backwards": 0, "updates": 10, **values})  # type: ignore[arg-type]


def draws(schedule: Schedule, source: str, count: int) -> list[Draw]:
    return list(islice(iter(lambda: schedule.next(source), None), count))


def test_the_same_seed_deals_each_sender_the_same_fates_whoever_asks_first() -> None:
    one, other = Schedule(7), Schedule(7)
    draws(other, "b", 5)
    assert draws(one, "a", 40) == draws(other, "a", 40)
    assert draws(Schedule(8), "a", 40) != draws(Schedule(7), "a", 40)


def test_half_of_all_requests_are_harmed_and_every_kind_of_harm_comes_in_turn() -> None:
    dealt = [draw.fate for draw in draws(Schedule(1), "a", 4 * len(HARM))]
    pairs = list(zip(dealt[::2], dealt[1::2], strict=True))
    assert all(pair.count(Fate.UNHARMED) == 1 for pair in pairs)
    counted = Counter(dealt)
    assert counted.pop(Fate.UNHARMED) == 2 * len(HARM)
    assert counted == dict.fromkeys(HARM, 2)


def test_outcomes_of_reordered_reports_come_back_in_the_order_in_which_was_asked() -> None:
    body = json.dumps({"outcomes": [{"task_id": "c"}, {"task_id": "a"}, {"task_id": "b"}]}).encode()
    answer = put_back(Answer(200, "OK", [], body), [2, 0, 1])
    assert [one["task_id"] for one in json.loads(answer.body)["outcomes"]] == ["a", "b", "c"]


def test_the_naive_tracker_is_right_when_reports_arrive_once_and_in_order(tmp_path: Path) -> None:
    with closing(SqliteRecords(str(tmp_path / "naive.db"))) as records:
        records.create(["a"])
        metadata: dict[str, str] = {}
        for name in SERVICES:
            metadata = enriched(metadata, name, "a")
            assert records.update("a", {"status": 2, "stage": name, "metadata": metadata, "seq": 1}) == 2
        assert records.update("a", {"status": 3, "metadata": metadata}) == 3
        state = {row["key"]: (row["status"], row["metadata"]) for row in records.everything()}
        assert records.costs() == {"updates": 4}
        assert records.update("nobody", {"status": 2}) is None
    assert (wrong_statuses(state, ["a"]), lost_keys(state, ["a"], SERVICES)) == (0, 0)


def test_what_is_missing_or_old_is_counted() -> None:
    right = {name: found_by(name, "a") for name in SERVICES} | {LATEST: SERVICES[-1]}
    old = enriched(enriched({}, SERVICES[0], "b"), SERVICES[1], "b") | {SERVICES[1]: "old"}
    state = {"a": (3, right), "b": (2, old)}
    assert wrong_statuses(state, ["a", "b", "c"]) == 2
    assert lost_keys(state, ["a", "b", "c"], SERVICES) == 3 + 4


def test_only_a_fall_in_rank_of_the_same_task_is_a_step_back() -> None:
    history = [("a", 2), ("b", 3), ("a", 3), ("a", 2), ("a", 4), ("b", 4), ("c", 1)]
    assert steps_back({"task_id": task_id, "task_status": status} for task_id, status in history) == 1


@pytest.mark.parametrize(
    ("waybill", "naive", "complaints"),
    [
        ({}, {"wrong": 1}, 0),
        ({"wrong": 1}, {"wrong": 1}, 1),
        ({"lost": 1}, {"wrong": 1}, 1),
        ({"backwards": 1}, {"wrong": 1}, 1),
        ({"updates": 51}, {"wrong": 1}, 1),
        ({}, {}, 1),
    ],
)
def test_the_verdict_needs_one_that_is_right_and_one_that_is_wrong(
    waybill: dict[str, int], naive: dict[str, int], complaints: int
) -> None:
    assert len(verdict(column("Waybill", **waybill), [column("naive", **naive)])) == complaints


def test_the_table_leaves_out_what_nobody_has_counted() -> None:
    assert "HOT" not in table([column("Waybill")])
    assert "0.50" in table([column("Waybill"), column("PostgreSQL", hot=5, dead=1, wal=1_000)])


def test_work_takes_as_long_each_time() -> None:
    assert pauses(7, "a", "k") == pauses(7, "a", "k") != pauses(8, "a", "k")
