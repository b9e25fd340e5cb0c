"""GET /metrics: what was counted, in the form that Prometheus reads."""

import json

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.talking import ADMIN, REPORTER, Fetch


def scraped(fetch: Fetch) -> dict[str, float]:
    """Return every sample of a scrape, by its name and its labels but for the buckets'."""
    answer = fetch("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


def test_reports_updates_and_creates_are_counted(fetch: Fetch) -> None:
    fetch("POST", "/task-types", {"name": "document"}, token=ADMIN)
    before = scraped(fetch)
    task_id = fetch.created(type="document")
    reports = [{"task_id": task_id, "seq": seq, "metadata": {"page": seq}} for seq in (3, 1, 2)]
    unknown = {"task_id": "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90", "status": 2}
    fetch("POST", "/reports", {"reports": [*reports, reports[0], unknown]}, token=REPORTER)
    after = scraped(fetch)
    grown = {name: value - before[name] for name, value in after.items() if value != before[name]}
    assert grown["waybill_tasks_created_total"] == 1
    assert grown["waybill_reports_total applied"] == 1
    assert grown["waybill_reports_total stale"] == 2
    assert grown["waybill_reports_total duplicate"] == 1
    assert grown["waybill_reports_total unknown"] == 1
    assert "waybill_reports_total refused" not in grown
    assert grown["waybill_task_updates_total"] == 1, "one row write for all reports of a commit"
    assert grown["waybill_commit_reports_count"] == 1
    assert grown["waybill_commit_reports_sum"] == 5
    assert grown["waybill_commit_operations_count"] == grown["waybill_commit_seconds_count"] == 2
    assert grown["waybill_transaction_seconds_sum"] >= grown["waybill_commit_seconds_sum"] > 0


def test_workers_are_counted_while_they_live(fetch: Fetch) -> None:
    assert scraped(fetch)["waybill_workers_alive"] == 0
    assert fetch("POST", "/workers/w-1/heartbeat", {"runs": [], "slots": 4}, token=REPORTER).status == 200
    found = scraped(fetch)
    assert (found["waybill_workers_alive"], found["waybill_worker_slots"]) == (1, 4)
    fetch("POST", "/workers/w-1/gone", {"crashed": False}, token=REPORTER)
    assert scraped(fetch)["waybill_workers_alive"] == 0


def test_workers_that_drain_are_counted_from_when_they_are_asked(fetch: Fetch) -> None:
    def draining() -> tuple[float, float]:
        found = scraped(fetch)
        return found["waybill_workers_alive"], found["waybill_workers_draining"]

    def beat(worker_id: str, *, draining: bool) -> None:
        said = {"runs": [], "slots": 4, "draining": draining}
        assert fetch("POST", f"/workers/{worker_id}/heartbeat", said, token=REPORTER).status == 200

    beat("w-1", draining=False)
    beat("w-2", draining=False)
    assert draining() == (2, 0)
    assert fetch("POST", "/workers/w-1/drain", token=ADMIN).status == 200
    assert draining() == (2, 1)
    beat("w-1", draining=True)
    assert draining() == (2, 1)
    assert fetch("POST", "/workers/w-1/resume", token=ADMIN).status == 200
    beat("w-1", draining=False)
    assert draining() == (2, 0)


def test_what_is_outstanding_and_the_process_are_shown(fetch: Fetch) -> None:
    found = scraped(fetch)
    assert found["waybill_messages_outstanding"] == 0
    assert found["process_resident_memory_bytes"] > 0


def test_malformed_reports_are_counted_apart(fetch: Fetch) -> None:
    before = scraped(fetch)
    assert before["waybill_reports_total malformed"] == 0
    bad = [{"status": 2}, "no report", {"task_id": "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90", "status": 9}]
    assert fetch("POST", "/reports", {"reports": bad}, token=REPORTER).status == 200
    after = scraped(fetch)
    assert after["waybill_reports_total malformed"] == 3
    assert after["waybill_reports_total invalid"] == before["waybill_reports_total invalid"]
    assert after["waybill_commit_reports_count"] == before["waybill_commit_reports_count"]


def test_a_malformed_report_on_one_task_is_counted_like_those_that_come_with_others(fetch: Fetch) -> None:
    def malformed() -> float:
        return scraped(fetch)["waybill_reports_total malformed"]

    task_id = fetch.created()
    other = {"task_id": "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90", "status": 2}
    as_json = {"Content-Type": "application/json"}
    bodies = (b'{"status": 9}', 422), (b"{", 400), (json.dumps(other).encode(), 422)
    for number, (body, status) in enumerate(bodies, start=1):
        assert fetch("PATCH", f"/tasks/{task_id}", body=body, token=REPORTER, headers=as_json).status == status
        assert malformed() == number
    assert fetch("GET", f"/tasks/{task_id}?wait=soon").status == 422
    assert fetch("PATCH", f"/tasks/{task_id}", {"status": 9}).status == 401, "who may not report was not read at all"
    assert fetch("PATCH", f"/tasks/{task_id}", {"status": 2}, token=REPORTER).status in (200, 409)
    assert malformed() == 3
