"""From a report on the wire to the domain's record."""

from waybill.domain.report import Report
from waybill.domain.status import ErrorCode, Status
from waybill.domain.task import DETAIL_CAP, TaskError
from waybill.wire.reports import ReportItem

TASK_ID = "0197b6f0-5a3c-7c3e-9d7e-2f1a4b6c8d90"


def test_an_empty_report_says_nothing() -> None:
    said = ReportItem.model_validate({"task_id": TASK_ID})
    assert said.to_report(said.task_id) == Report(task_id=TASK_ID)


def test_every_field_is_carried_over_and_unknown_ones_are_kept() -> None:
    said = ReportItem.model_validate(
        {
            "task_id": TASK_ID.upper(),
            "attempt": 2,
            "seq": 0,
            "source": "enricher",
            "run": 3,
            "claim": "ab" * 16,
            "status": 4,
            "stage": "enrich",
            "progress": 1,
            "metadata": {"lang": "ru"},
            "result": [None],
            "error": {"code": "timeout", "message": "late", "detail": "\x1b[31mthere", "line": 5},
            "mood": {"is": "good"},
        }
    )
    assert said.to_report(said.task_id) == Report(
        task_id=TASK_ID,
        attempt=2,
        seq=0,
        source="enricher",
        run=3,
        claim="ab" * 16,
        status=Status.ERROR,
        stage="enrich",
        progress=1.0,
        metadata={"lang": "ru"},
        result=[None],
        error=TaskError(ErrorCode.TIMEOUT, "late", "there"),
        extra={"mood": {"is": "good"}},
    )


def test_the_end_of_a_long_detail_is_kept() -> None:
    said = ReportItem.model_validate({"task_id": TASK_ID, "status": 4, "error": {"detail": "é\n" * 9_000 + "end"}})
    error = said.to_report(TASK_ID).error
    assert error is not None
    assert error.detail is not None
    assert error.detail.startswith("[…]\né\né")
    assert error.detail.endswith("é\nend")
    assert DETAIL_CAP - 3 < len(error.detail.encode()) <= DETAIL_CAP


def test_an_error_without_a_code_is_a_failure() -> None:
    said = ReportItem.model_validate({"task_id": TASK_ID, "status": 4, "error": {"message": "boom"}})
    assert said.to_report(TASK_ID).error == TaskError(ErrorCode.FAILED, "boom")
