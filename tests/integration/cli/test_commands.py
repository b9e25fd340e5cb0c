"""Each command against a real API: what it prints in a pipe and as JSON, and its exit code."""

import json
import threading
from pathlib import Path

import pytest

from tests.integration.cli.commandline import CommandLine
from tests.integration.client.handworker import HandWorker
from tests.stateful.running import ADMIN, RunningApi
from waybill.client.calls import Calls

GONE = "00000000-0000-7000-8000-000000000000"
NASTY = "a\u202eb"
"""A name that the API takes, and that would turn the direction of a terminal's text."""


@pytest.fixture
def as_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send the administrator's token."""
    monkeypatch.setenv("WAYBILL_API_TOKEN", ADMIN)


@pytest.fixture
def calls(api: RunningApi) -> Calls:
    return Calls(api.url, ADMIN)


def test_a_submit_prints_the_id(waybill: CommandLine, calls: Calls) -> None:
    done = waybill("submit", "delivery", '{"a": 1}', "--meta", "user=ada", "--key", "k-1", "--priority", "3")
    assert (done.code, done.err) == (0, "")
    task = calls.get_task(done.out.strip())
    assert (task["name"], task["input"], task["metadata"]) == ("delivery", {"a": 1}, {"user": "ada"})
    assert (task["external_key"], task["priority"]) == ("k-1", 3)
    assert waybill("submit", "delivery", "--name", "x", "--json").objects[0].keys() == {"task_id"}
    twice = [waybill("submit", "delivery", "--idempotency-key", "mine").out for _ in range(2)]
    assert twice[0] == twice[1]


def test_a_submit_that_waits_ends_as_the_task_does(waybill: CommandLine, worker: HandWorker) -> None:
    good = waybill("submit", "resize", '{"width": 3}', "--wait")
    assert good.code == 0
    assert good.lines[-1][1:] == ["COMPLETED", "resize", '{"width": 3}']
    bad = waybill("submit", "resize", '{"width": -1}', "--wait")
    assert bad.code == 1
    assert bad.lines[-1][1:] == ["ERROR", "resize", "failed: a width below 0"]
    assert bad.err.splitlines()[-1] == "the traceback"
    assert "no live worker serves resize" in good.err
    (task,) = waybill("submit", "resize", '{"width": 4}', "--wait", "--json").objects
    assert task["result"] == {"width": 4}


def test_many_tasks_are_watched_as_lines_and_as_objects(waybill: CommandLine, worker: HandWorker, calls: Calls) -> None:
    tasks = [{"name": f"n {n}", "type": "resize", "input": {"hold": True}} for n in range(20)]
    ids = calls.create_tasks(tasks)["task_ids"]
    threading.Timer(0.4, worker.release).start()
    done = waybill("watch", *ids)
    assert (done.code, done.err) == (0, "")
    assert sorted(line[0] for line in done.lines if line[1] == "COMPLETED") == sorted(ids)
    told = waybill("watch", *ids, "--json")
    assert [one["task_id"] for one in told.objects] == ids
    gone = waybill("watch", ids[0], GONE)
    assert gone.code == 1
    assert [GONE, "GONE", "", "there is no such task"] in gone.lines


def test_ctrl_c_stops_only_the_watching(waybill: CommandLine, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = calls.create_task("x", type="delivery")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("waybill.cli.watching.follow", interrupted)
    done = waybill("watch", task_id)
    assert done.code == 130
    assert done.complaint == "no longer watched; the tasks go on"
    assert calls.get_task(task_id)["status"] == 1


def test_tasks_are_shown_and_listed(waybill: CommandLine, calls: Calls) -> None:
    first = calls.create_task(NASTY, type="delivery")
    second = calls.create_task("two", type="delivery", external_key="k-2")
    shown = waybill("show", first)
    assert ["name", r"a\u202eb"] in shown.lines
    assert waybill("show", first, second, "--json").objects[0]["name"] == NASTY
    gone = waybill("show", first, GONE)
    assert (gone.code, gone.err) == (1, f"there is no task {GONE}\n")
    assert [line[0] for line in waybill("list").lines] == [second, first]
    assert [line[0] for line in waybill("list", "--oldest", "--limit", "1").lines] == [first]
    assert [line[3] for line in waybill("list", "-q", "key:k-2").lines] == ["two"]
    listed = waybill("list", "--json", "--limit", "0")
    assert "\u202e" not in listed.out
    assert [one["name"] for one in listed.objects] == ["two", NASTY]


def test_tasks_are_exported(waybill: CommandLine, calls: Calls) -> None:
    calls.create_task("Кот", type="delivery")
    calls.create_task("two", type="delivery", external_key="k-2")
    assert [one["name"] for one in waybill("export").objects] == ["Кот", "two"]
    table = waybill("export", "--format", "csv", "-q", "key:k-2").out.splitlines()
    assert len(table) == 2
    assert table[0].startswith("task_id,name,")


def test_tasks_are_cancelled_retried_and_deleted(waybill: CommandLine, calls: Calls, as_admin: None) -> None:
    ids = [calls.create_task(f"n {number}", type="delivery") for number in range(3)]
    done = waybill("cancel", *ids[:2])
    assert (done.code, done.lines) == (0, [[task_id, "cancelled"] for task_id in ids[:2]])
    again = waybill("cancel", *ids)
    assert (again.code, again.lines) == (1, [[ids[2], "cancelled"]])
    assert len(again.err.splitlines()) == 2
    assert "task_is_final" in again.err
    assert waybill("retry", ids[0], "--json").objects[0]["attempt"] == 2
    assert waybill("delete", ids[1]).lines == [[ids[1], "deleted"]]
    assert waybill("delete", ids[1]).code == 1


def test_a_search_is_only_counted_without_yes(waybill: CommandLine, calls: Calls) -> None:
    ids = [calls.create_task(f"n {number}", type="delivery") for number in range(12)]
    counted = waybill("cancel", "-q", "type:delivery")
    assert counted.code == 0
    assert [line[0] for line in counted.lines] == ids[:1:-1]
    assert counted.err == "12 would be cancelled; the newest are shown; nothing is done without --yes\n"
    assert calls.get_task(ids[0])["status"] == 1
    (told,) = waybill("cancel", "-q", "type:delivery", "--json").objects
    assert (told["dry_run"], told["count"], told["applied"]) == (True, 12, 0)
    assert waybill("cancel", "-q", "type:delivery", "--yes").out == "12 cancelled\n"
    assert calls.get_task(ids[0])["status"] == 4
    (told,) = waybill("retry", "-q", "type:delivery", "--yes", "--json").objects
    assert (told["dry_run"], told["applied"]) == (False, 12)


@pytest.mark.parametrize("words", [("cancel",), ("cancel", GONE, "-q", "type:delivery"), ("retry", "--yes")])
def test_a_change_names_tasks_in_one_way(waybill: CommandLine, words: tuple[str, ...]) -> None:
    done = waybill(*words)
    assert done.code == 2
    assert "either ids of tasks or --query" in done.complaint


def test_events_are_shown_and_followed(waybill: CommandLine, calls: Calls, worker: HandWorker) -> None:
    task_id = calls.create_task("x", type="resize", input={"hold": True})
    other = calls.create_task("y", type="delivery")
    assert other in [line[2] for line in waybill("events").lines]
    assert len(waybill("events", "--limit", "1").lines) == 1
    threading.Timer(0.2, worker.release).start()
    followed = waybill("events", "-f", "--task", task_id)
    assert [line[3] for line in followed.lines] == ["create", "claim", "report"]
    told = waybill("events", "--task", task_id, "--json").objects
    assert [one["event_id"] for one in told] == [int(line[0]) for line in followed.lines]
    after = waybill("events", "--after", str(told[0]["event_id"]), "--json").objects
    assert after[0]["event_id"] == told[0]["event_id"] + 1


def test_logs_of_runs_are_shown(waybill: CommandLine, calls: Calls) -> None:
    task_id = calls.create_task("x", type="resize")
    nothing = waybill("logs", task_id)
    assert (nothing.code, nothing.complaint) == (0, f"no run of task {task_id} has left a log")
    claim = {"task_id": task_id, "run": 1, "claim": "0" * 32, "source": "w-1"}
    calls.report([claim | {"status": 2}])
    calls.put_run_log(task_id, 1, "0" * 32, "hello\n\x1b[31mred\x1b[0m\n")
    shown = waybill("logs", task_id)
    assert shown.out == "hello\nred\n"
    assert shown.err == "--- run 1, attempt 1\n"
    assert waybill("logs", task_id, "--run", "2").complaint == "run 2 has left no log"
    (told,) = waybill("logs", task_id, "--run", "1", "--json").objects
    assert told["text"].startswith("hello")
    timer = threading.Timer(0.3, calls.report, [[claim | {"status": 3}]])
    timer.start()
    assert waybill("logs", task_id, "-f", "--run", "1").out == "hello\nred\n"
    assert waybill("logs", GONE).code == 1


def test_types_are_listed_made_paused_and_resumed(waybill: CommandLine, as_admin: None) -> None:
    made = waybill("types", "add", "brew", "--handler", "sleep", "--processing-time", "2", "--title", "Tea")
    assert (made.code, made.lines) == (0, [["brew", "made"]])
    assert made.err == "no live worker serves brew: its tasks wait\n"
    assert waybill("types", "add", "flow", "--stages", "fetch, count").code == 0
    assert waybill("types", "pause", "brew").lines == [["brew", "paused"]]
    listed = {line[0]: line for line in waybill("types").lines}
    assert listed["brew"][1:3] == ["sleep", "paused, no worker serves it"]
    assert listed["flow"][1] == "fetch > count"
    assert listed["delivery"][1:3] == ["(outside services)", ""]
    assert waybill("types", "resume", "brew", "--json").objects[0]["paused"] is False
    assert "brew" in [one["name"] for one in waybill("types", "--json").objects]
    for words in (("x",), ("x", "--handler", "sleep", "--tracked")):
        assert waybill("types", "add", *words).code == 2
    assert "task_type_exists" in waybill("types", "add", "brew", "--tracked").complaint


def test_workers_are_listed_drained_and_resumed(waybill: CommandLine, calls: Calls, as_admin: None) -> None:
    assert waybill("workers").out == ""
    calls.beat("w-1", {"slots": 3, "handlers": ["resize"], "host": "here", "pid": 7, "version": "1"})
    (line,) = waybill("workers").lines
    assert line[:5] == ["w-1", "working", "0 of 3", "here 7", "1"]
    assert waybill("workers", "drain", "w-1").lines[0][1] == "to drain"
    assert waybill("workers", "resume", "w-1", "--json").objects[0]["drain"] is False
    assert "worker_not_found" in waybill("workers", "drain", "w-9").complaint


def test_the_service_tells_how_it_is(waybill: CommandLine, calls: Calls, worker: HandWorker) -> None:
    waybill("submit", "resize", '{"width": -1}', "--wait")
    stats = waybill("stats")
    assert ["tasks", "0 NEW, 0 PROCESSING, 0 COMPLETED, 1 ERROR"] in stats.lines
    assert waybill("stats", "--json").objects[0]["counts"]["ERROR"] == 1
    assert waybill("failures").code == 0
    assert waybill("health").lines[0][1] == "ok"
    assert waybill("health", "--json").objects == [{"status": "ok"}]
    assert json.loads(waybill("openapi").out)["openapi"].startswith("3.1")
    assert waybill("openapi", "--json").objects[0]["info"]


def test_what_the_api_refuses_is_one_line_and_exit_code_1(waybill: CommandLine) -> None:
    refused = waybill("submit", "nope")
    assert refused.code == 1
    assert "/type: " in refused.complaint
    assert refused.complaint.endswith("see waybill types")
    searched = waybill("list", "-q", "staus:new")
    assert searched.code == 1
    assert "did you mean status:" in searched.complaint


def test_an_api_that_is_away_is_exit_code_3(waybill: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waybill.cli.place.RETRIES", 0)
    for words in (("submit", "nap"), ("watch", GONE), ("health",), ("logs", GONE, "-f"), ("events", "-f")):
        done = waybill(*words, "--url", "http://127.0.0.1:9")
        assert done.code == 3
        assert "start it with waybill run" in done.complaint
    assert waybill("list", "--url", "nonsense").code == 2


def test_the_token_of_this_machine_is_used_for_what_needs_it(waybill: CommandLine, api: RunningApi) -> None:
    refused = waybill("types", "pause", "resize")
    assert (refused.code, "WAYBILL_DATA_DIR" in refused.complaint or "--token" in refused.complaint) == (1, True)
    data = Path("data")
    data.mkdir()
    (data / "admin.token").write_text(ADMIN)
    assert waybill("types", "pause", "resize").code == 0
    assert waybill("types", "resume", "resize", "--token", "another").code == 1
    # The token of another installation than that of the API stays here.
    (data / "installation").write_text("0" * 32)
    assert waybill("types", "resume", "resize").code == 1


def test_settings_are_shown_with_their_sources(waybill: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_API_TOKEN", "a-long-token-that-is-secret-17")
    Path(".env").write_text("WAYBILL_PORT=9000\nWAYBILL_LOG_LEVEL=\n")
    told = {one["name"]: one for one in waybill("config", "--json").objects}
    assert (told["WAYBILL_PORT"]["value"], told["WAYBILL_PORT"]["source"]) == (9000, ".env")
    assert told["WAYBILL_API_TOKEN"] == {"name": "WAYBILL_API_TOKEN", "value": "***", "source": "environment"}
    assert told["WAYBILL_LOG_LEVEL"]["source"] == "default"
    assert "secret-17" not in waybill("config").out
    monkeypatch.setenv("WAYBILL_PORT", "many")
    assert waybill("config").complaint.startswith("WAYBILL_PORT must be")


def test_the_doctor_finds_what_is_wrong_and_changes_nothing(
    waybill: CommandLine, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYBILL_DATA_DIR", str(tmp_path / "there"))
    checks = {one["what"]: one["state"] for one in waybill("doctor", "--json").objects}
    assert (checks["data directory"], checks["API"], checks["workers"]) == ("warn", "ok", "fail")
    assert not (tmp_path / "there").exists()
    there = tmp_path / "there"
    there.mkdir(mode=0o700)
    (there / "admin.token").write_text(ADMIN)
    (there / "admin.token").chmod(0o644)
    (there / "tasks.db").write_text("no database " * 1_000)
    calls.beat("w-1", {"slots": 3, "handlers": ["resize"], "version": "0.0.1"})
    before = sorted(there.iterdir())
    done = waybill("doctor")
    assert done.code == 1
    states = {line[1]: line[0] for line in done.lines}
    assert states["data directory"] == "ok"
    assert (states["admin.token"], states["worker.token"], states["database"]) == ("fail", "warn", "fail")
    assert (states["versions"], states["workers"], states["types"]) == ("warn", "ok", "warn")
    assert sorted(there.iterdir()) == before


def test_a_reader_that_has_seen_enough_is_no_error(
    waybill: CommandLine, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls.create_task("x", type="delivery")

    def broken(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("waybill.cli.output.Output._write", broken)
    done = waybill("list")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    "words", [("show", "\udcff"), ("submit", "\udcff"), ("list", "-q", "\udcff"), ("submit", "x" * 70)]
)
def test_words_that_no_task_has_are_one_line(waybill: CommandLine, words: tuple[str, ...]) -> None:
    done = waybill(*words)
    assert done.code in (1, 2, 3)
    assert done.complaint


def test_an_unknown_or_missing_word_is_exit_code_2_and_one_line(waybill: CommandLine) -> None:
    for words in (
        (),
        ("dance",),
        ("show",),
        ("list", "--limit", "-1"),
        ("types", "dance"),
        ("users", "add", "x", "--role", "king"),
    ):
        done = waybill(*words)
        assert done.code == 2
        assert "--help" in done.complaint
    assert waybill("--version").out.startswith("Waybill ")
