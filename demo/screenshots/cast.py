"""The cast of the made-up hour: task types, workers and people."""

from dataclasses import dataclass

from waybill.domain.account import Role
from waybill.domain.route import route_of
from waybill.domain.task_type import TaskType


@dataclass(frozen=True, slots=True)
class Work:
    """A task type, and how its tasks usually go."""

    type: TaskType
    each_minute: float
    """How many tasks are created in a minute, on average."""
    seconds: tuple[float, float]
    """The shortest and the longest time of a stage, or of the task if it has none."""
    failing: float = 0.0
    """The share of tasks that fail in every attempt; half as many fail once."""
    errors: tuple[str, ...] = ()
    """The messages of the failures; {n} differs each time."""
    hanging: float = 0.0
    """The share of runs that time out."""
    steps: int = 0
    """How often a run reports its progress."""


THUMBNAIL = Work(
    TaskType(
        name="thumbnail",
        title="Thumbnails of uploaded pictures",
        handler="resize_image",
        processing_time=2,
        max_attempts=2,
    ),
    each_minute=3.2,
    seconds=(0.3, 2.6),
    failing=0.05,
    errors=("UnidentifiedImageError: cannot identify image file '/uploads/{n}.heic'",),
)
INVOICE = Work(
    TaskType(
        name="invoice",
        title="Invoices as PDF, sent to the customer",
        handler="render_invoice",
        processing_time=8,
        timeout=60,
    ),
    each_minute=2.8,
    seconds=(3.0, 14.0),
    failing=0.03,
    errors=("TemplateError: customer {n} has no address",),
    hanging=0.02,
)
IMPORT = Work(
    TaskType(
        name="import-orders",
        title="Orders that partners hand in as files",
        handler="import_orders",
        processing_time=180,
        max_attempts=3,
        min_backoff=15,
        priority=5,
    ),
    each_minute=1.7,
    seconds=(50.0, 260.0),
    failing=0.16,
    errors=(
        "HTTPError: 503 from https://orders.nordwind.example/export?page={n}",
        "ValueError: row {n}: quantity is missing",
    ),
    steps=9,
)
APPLICATION = Work(
    TaskType(
        name="application",
        title="Applications, from the form to the archive",
        stages=("validate", "enrich", "score", "archive"),
        processing_time=30,
        max_attempts=2,
    ),
    each_minute=1.8,
    seconds=(4.0, 40.0),
    failing=0.01,
    errors=("RegistryTimeout: no answer about applicant {n}",),
)
DELIVERY = Work(
    TaskType(name="delivery", title="Parcels, as the carriers report on them", stage_timeout=900),
    each_minute=0.7,
    seconds=(120.0, 700.0),
)
NEWSLETTER = Work(
    TaskType(
        name="newsletter", title="The newsletter, one batch of readers a task", handler="send_mail", processing_time=5
    ),
    each_minute=0.9,
    seconds=(1.5, 6.0),
    errors=("SMTPAuthenticationError: (535, 'credentials of relay {n} have expired')",),
)
WORKS = (THUMBNAIL, INVOICE, IMPORT, APPLICATION, DELIVERY, NEWSLETTER)

LEGS = ("collected", "in transit", "at depot", "out for delivery")
"""The stages that carriers report for a parcel."""


@dataclass(frozen=True, slots=True)
class Helper:
    """A worker process."""

    worker_id: str
    host: str
    pid: int
    slots: int
    routes: tuple[str, ...]
    seen: float
    """Seconds since its last heartbeat."""


def _routes(*works: Work) -> tuple[str, ...]:
    """Return the routes of these types."""
    found: list[str] = []
    for one in (work.type for work in works):
        found += [route_of(one.name, stage, is_stage=True) for stage in one.stages or ()]
        found += [] if one.handler is None else [route_of(one.name, one.handler)]
    return tuple(found)


HELPERS = (
    Helper("w-4be0c1d2a97f4c0b", "render-01", 2114, 8, _routes(THUMBNAIL, INVOICE), 1.2),
    Helper("w-9c27e5ab30d84f6e", "render-02", 1987, 8, _routes(THUMBNAIL, INVOICE), 3.4),
    Helper("w-d15f8e7420c94b3a", "batch-01", 733, 12, _routes(IMPORT, NEWSLETTER, APPLICATION), 0.6),
)
LOST = Helper("w-a8316f04bd5c4e27", "render-02", 1802, 8, _routes(THUMBNAIL, INVOICE), 0.0)
"""The worker that crashed; its successor has another id."""

PEOPLE = (("mira", Role.ADMIN), ("jonas", Role.OPERATOR), ("wallboard", Role.VIEWER))
PASSWORD = "a password for pictures"  # noqa: S105 - no other client logs in there
