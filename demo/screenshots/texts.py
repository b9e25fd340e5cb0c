"""The texts of the made-up hour: names, inputs and results of tasks, and lines of the audit log."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from demo.screenshots.cast import APPLICATION, DELIVERY, IMPORT, INVOICE, NEWSLETTER, THUMBNAIL, Work
from waybill.domain.audit import Deed
from waybill.domain.task import Task
from waybill_api.store.commands.task_draft import TaskDraft

PARTNERS = ("Nordwind", "Alpine Supply", "Kestrel & Sons", "Maison Verte", "Orchard Foods")
APPLICANTS = ("L. Okafor", "S. Lindqvist", "A. Moreau", "T. Nakamura", "R. Castellanos", "H. Brandt")
SIZES = ((320, 213), (640, 426), (480, 320), (1280, 853))


def draft(work: Work, chance: random.Random, at: int) -> TaskDraft:
    """Return a new task of a type; `at` is when it is created, in milliseconds."""
    number = chance.randrange(1_000, 10_000)
    kind = work.type.name
    key = f"{at % 10_000_000:07}"
    clock = datetime.fromtimestamp(at / 1_000, UTC).strftime("%H:%M")
    if work is THUMBNAIL:
        width, _ = chance.choice(SIZES)
        return TaskDraft(
            name=f"IMG_{number}.jpg", type=kind, input={"path": f"/uploads/IMG_{number}.jpg", "width": width}
        )
    if work is INVOICE:
        order = f"2026-{key}"
        return TaskDraft(
            name=f"Invoice for {chance.choice(PARTNERS)}",
            type=kind,
            external_key=order,
            input={"order": order, "language": "en"},
        )
    if work is IMPORT:
        partner = chance.choice(PARTNERS)
        rows = chance.randrange(900, 30_000)
        given = {"partner": partner, "file": f"orders-{clock.replace(':', '')}.csv", "rows": rows}
        return TaskDraft(name=f"{partner}, orders of {clock}", type=kind, input=given, metadata={"partner": partner})
    if work is APPLICATION:
        applicant = chance.choice(APPLICANTS)
        given = {"applicant": applicant, "amount": chance.randrange(20, 400) * 100, "currency": "EUR"}
        return TaskDraft(
            name=f"Application {number} · {applicant}",
            type=kind,
            external_key=f"A-{key}",
            input=given,
            metadata={"branch": chance.choice(("Lyon", "Hamburg"))},
        )
    if work is DELIVERY:
        return TaskDraft(name=f"Parcel {number}", type=kind, external_key=f"PX{key}EU")
    assert work is NEWSLETTER  # noqa: S101 - there is no other
    batch = number % 90 + 1
    return TaskDraft(name=f"November news, batch {batch}", type=kind, input={"issue": "2026-11", "batch": batch})


def result(work: Work, task: Task, chance: random.Random) -> Any:
    """Return the result of a task's run."""
    given = task.input if isinstance(task.input, dict) else {}
    if work is THUMBNAIL:
        width, height = next(size for size in SIZES if size[0] == given["width"])
        return {"path": given["path"].replace("uploads", "thumbnails"), "width": width, "height": height}
    if work is INVOICE:
        return {"file": f"/invoices/{given['order']}.pdf", "pages": chance.randrange(1, 4)}
    if work is IMPORT:
        skipped = chance.randrange(40)
        return {"imported": given["rows"] - skipped, "skipped": skipped}
    if work is APPLICATION:
        score = chance.randrange(480, 820)
        found: dict[str, dict[str, Any]] = {
            "validate": {"valid": True},
            "enrich": {"registry": "found", "employed_since": 2000 + chance.randrange(24)},
            "score": {"score": score, "grade": "ABC"[score < 600 or score < 700]},
            "archive": {"document": f"archive/{task.external_key}.json"},
        }
        return {**given, **found[task.stage or "validate"]}
    return {"sent": chance.randrange(480, 500), "bounced": chance.randrange(12)}


def error(work: Work, task: Task, chance: random.Random) -> str:
    """Return the message of a failed run."""
    # Of two messages, the first is about a server that is away, the other about a mistake in a file.
    said = work.errors[0 if is_of_nordwind(task) else -1]
    return said.format(n=chance.randrange(1_000, 90_000))


def is_of_nordwind(task: Task) -> bool:
    """Whether a task depends on the partner whose server was away."""
    return task.metadata.get("partner") == PARTNERS[0]


def deeds() -> Iterator[tuple[float, Deed]]:
    """Yield lines of the audit log, each with its age in minutes."""
    for minutes, who, action, target, outcome, details in (
        (57.5, "mira", "log_in", "/admin/login/", "done", {}),
        (55.0, "mira", "change_task_type", "/task-types/import-orders", "done", {"max_attempts": 3, "min_backoff": 15}),
        (47.2, "jonas", "log_in", "/admin/login/", "failed", {}),
        (47.0, "jonas", "log_in", "/admin/login/", "done", {}),
        (31.0, "jonas", "delete_task_type", "/task-types/thumbnail", "forbidden", {}),
        (19.5, "mira", "create_account", "/accounts", "done", {"name": "wallboard", "role": "viewer"}),
        (
            8.0,
            "jonas",
            "change_tasks",
            "/tasks/bulk",
            "done",
            {"action": "retry", "q": "type:import-orders error:failed"},
        ),
        (4.0, "mira", "pause_task_type", "/task-types/newsletter/pause", "done", {}),
    ):
        yield (
            minutes,
            Deed(who=who, action=action, target=target, address="10.20.0.8", outcome=outcome, details=details),
        )
