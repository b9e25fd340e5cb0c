"""The table of all addresses."""

from collections.abc import Iterator

from waybill_api.handlers.accounts import AccountHandler, AccountsHandler
from waybill_api.handlers.audit import AuditHandler
from waybill_api.handlers.events import EventsHandler, TaskEventsHandler
from waybill_api.handlers.failures import FailuresHandler
from waybill_api.handlers.output.run_logs import RunLogHandler, RunLogsHandler, TaskLogsHandler
from waybill_api.handlers.output.task_stages import TaskStagesHandler
from waybill_api.handlers.reports import ReportsHandler
from waybill_api.handlers.service.docs import OpenApiHandler, StartPageHandler
from waybill_api.handlers.service.health import HealthHandler, ReadyHandler, ServerHandler
from waybill_api.handlers.service.metrics import MetricsHandler
from waybill_api.handlers.service.static import DocsHandler, StaticHandler
from waybill_api.handlers.statistics import StatisticsHandler
from waybill_api.handlers.suggestions import SuggestionsHandler
from waybill_api.handlers.task import CancelHandler, RetryHandler, TaskHandler
from waybill_api.handlers.task_bulk import TaskBulkHandler
from waybill_api.handlers.task_types import (
    DeclarationHandler,
    PauseHandler,
    ResumeHandler,
    TaskTypeHandler,
    TaskTypesHandler,
)
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
from waybill_api.sockets.targets import SERVER


def api_routes() -> Iterator[Route]:
    """Yield the documented calls, the busiest first: addresses are tried in this order."""
    yield Route("/tasks", TasksHandler)
    yield Route("/reports", ReportsHandler)
    yield Route("/run-logs", RunLogsHandler)
    yield Route("/tasks/batch", TaskBatchHandler)
    yield Route("/tasks/bulk", TaskBulkHandler)
    yield Route("/tasks/{task_id}", TaskHandler)
    yield Route("/tasks/{task_id}/cancel", CancelHandler)
    yield Route("/tasks/{task_id}/retry", RetryHandler)
    yield Route("/tasks/{task_id}/events", TaskEventsHandler)
    yield Route("/tasks/{task_id}/stages", TaskStagesHandler)
    yield Route("/tasks/{task_id}/logs", TaskLogsHandler)
    yield Route("/tasks/{task_id}/runs/{run}/log", RunLogHandler)
    yield Route("/events", EventsHandler)
    yield Route("/failures", FailuresHandler)
    yield Route("/search/suggestions", SuggestionsHandler)
    yield Route("/statistics", StatisticsHandler)
    yield Route("/task-types", TaskTypesHandler)
    yield Route("/task-types/{name}", TaskTypeHandler)
    yield Route("/task-types/{name}/declaration", DeclarationHandler)
    yield Route("/task-types/{name}/stages", TypeStagesHandler)
    yield Route("/task-types/{name}/pause", PauseHandler)
    yield Route("/task-types/{name}/resume", ResumeHandler)
    yield Route("/workers", WorkersHandler)
    yield Route("/workers/{worker_id}/heartbeat", HeartbeatHandler)
    yield Route("/workers/{worker_id}/drain", DrainHandler)
    yield Route("/workers/{worker_id}/resume", ResumeWorkerHandler)
    yield Route("/workers/{worker_id}/gone", GoneHandler)
    yield Route("/accounts", AccountsHandler)
    yield Route("/accounts/{name}", AccountHandler)
    yield Route("/audit", AuditHandler)
    yield Route("/healthz", HealthHandler)
    yield Route("/readyz", ReadyHandler)


def page_routes() -> Iterator[Route]:
    """Yield what surrounds the API: its description, for programs and for people, its metrics, and the start page."""
    yield Route("/api/docs", DocsHandler)
    yield Route("/api/static/{folder}/{name}", StaticHandler)
    yield Route("/api/openapi.json", OpenApiHandler)
    yield Route("/metrics", MetricsHandler)
    yield Route("/", StartPageHandler)
    yield Route(SERVER, ServerHandler)
