"""The table of all addresses."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from waybill_api.handlers.accounts import AccountHandler, AccountsHandler
from waybill_api.handlers.audit import AuditHandler
from waybill_api.handlers.events import EventsHandler, TaskEventsHandler
from waybill_api.handlers.failures import FailuresHandler
from waybill_api.handlers.reports import ReportsHandler
from waybill_api.handlers.service.docs import OpenApiHandler, StartPageHandler
from waybill_api.handlers.service.health import HealthHandler, ReadyHandler, ServerHandler
from waybill_api.handlers.service.metrics import MetricsHandler
from waybill_api.handlers.service.static import DocsHandler, StaticHandler, static_files
from waybill_api.handlers.statistics import StatisticsHandler
from waybill_api.handlers.suggestions import SuggestionsHandler, Words
from waybill_api.handlers.task import CancelHandler, RetryHandler, TaskHandler
from waybill_api.handlers.task_bulk import TaskBulkHandler
from waybill_api.handlers.task_stages import TaskStagesHandler
from waybill_api.handlers.task_types import PauseHandler, ResumeHandler, TaskTypeHandler, TaskTypesHandler
from waybill_api.handlers.tasks import TaskBatchHandler, TasksHandler
from waybill_api.handlers.type_stages import TypeStagesHandler
from waybill_api.handlers.workers import (
    DrainHandler,
    GoneHandler,
    HeartbeatHandler,
    ResumeWorkerHandler,
    WorkersHandler,
)
from waybill_api.http.route import Route
from waybill_api.limits import Limits
from waybill_api.places import Room
from waybill_api.sockets.targets import SERVER


def api_routes(store: Any, workers: Any, accounts: Any, room: Room | None = None) -> Iterator[Route]:
    """Yield the documented calls, the busiest first: addresses are tried in this order."""
    kept = {"store": store}
    lasting = {"store": store, "room": room or Room(Limits())}
    yield Route("/tasks", TasksHandler, lasting)
    yield Route("/reports", ReportsHandler, kept)
    yield Route("/tasks/batch", TaskBatchHandler, lasting)
    yield Route("/tasks/bulk", TaskBulkHandler, kept)
    yield Route("/tasks/{task_id}", TaskHandler, lasting)
    yield Route("/tasks/{task_id}/cancel", CancelHandler, kept)
    yield Route("/tasks/{task_id}/retry", RetryHandler, kept)
    yield Route("/tasks/{task_id}/events", TaskEventsHandler, lasting)
    yield Route("/tasks/{task_id}/stages", TaskStagesHandler, kept)
    yield Route("/events", EventsHandler, lasting)
    yield Route("/failures", FailuresHandler, kept)
    yield Route("/search/suggestions", SuggestionsHandler, {"store": store, "words": Words()})
    yield Route("/statistics", StatisticsHandler, {"store": store, "workers": workers, "accounts": accounts})
    yield Route("/task-types", TaskTypesHandler, kept)
    yield Route("/task-types/{name}", TaskTypeHandler, kept)
    yield Route("/task-types/{name}/stages", TypeStagesHandler, kept)
    yield Route("/task-types/{name}/pause", PauseHandler, kept)
    yield Route("/task-types/{name}/resume", ResumeHandler, kept)
    yield Route("/workers", WorkersHandler, {"workers": workers})
    yield Route("/workers/{worker_id}/heartbeat", HeartbeatHandler, {"workers": workers})
    yield Route("/workers/{worker_id}/drain", DrainHandler, {"workers": workers})
    yield Route("/workers/{worker_id}/resume", ResumeWorkerHandler, {"workers": workers})
    yield Route("/workers/{worker_id}/gone", GoneHandler, {"workers": workers})
    yield Route("/accounts", AccountsHandler, {"accounts": accounts})
    yield Route("/accounts/{name}", AccountHandler, {"accounts": accounts})
    yield Route("/audit", AuditHandler, kept)
    yield Route("/healthz", HealthHandler)
    yield Route("/readyz", ReadyHandler, kept)


def page_routes(document: Callable[[], Mapping[str, Any]], metrics: Any) -> Sequence[Route]:
    """Return what surrounds the API: its description, for programs and for people, its metrics, and the start page."""
    served = {"files": static_files()}
    return (
        Route("/api/docs", DocsHandler, served),
        Route("/api/static/{folder}/{name}", StaticHandler, served),
        Route("/api/openapi.json", OpenApiHandler, {"document": document}),
        Route("/metrics", MetricsHandler, {"metrics": metrics}),
        Route("/", StartPageHandler),
        Route(SERVER, ServerHandler),
    )
