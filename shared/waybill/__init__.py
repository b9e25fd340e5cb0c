"""Waybill for your code: handlers, a client of the API, and a reporter that loses nothing while the API is down.

Each name is loaded when it is first used, so that a service loads only the parts that it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from waybill.api_error import ApiError, ApiProblem, ApiUnreachable
    from waybill.client.calls import Answer
    from waybill.client.client import Changed, Client
    from waybill.client.handle import Handle
    from waybill.client.task_failed import TaskFailed
    from waybill.declaring import Declaration, handler, pipeline
    from waybill.delivery.delivery import Closed, Full
    from waybill.received import Received
    from waybill.reporter import Reporter

__all__ = [
    "Answer",
    "ApiError",
    "ApiProblem",
    "ApiUnreachable",
    "Changed",
    "Client",
    "Closed",
    "Declaration",
    "Full",
    "Handle",
    "Received",
    "Reporter",
    "TaskFailed",
    "handler",
    "pipeline",
]

_MODULES = {
    "Answer": "waybill.client.calls",
    "ApiError": "waybill.api_error",
    "ApiProblem": "waybill.api_error",
    "ApiUnreachable": "waybill.api_error",
    "Changed": "waybill.client.client",
    "Client": "waybill.client.client",
    "Closed": "waybill.delivery.delivery",
    "Declaration": "waybill.declaring",
    "Full": "waybill.delivery.delivery",
    "Handle": "waybill.client.handle",
    "Received": "waybill.received",
    "Reporter": "waybill.reporter",
    "TaskFailed": "waybill.client.task_failed",
    "handler": "waybill.declaring",
    "pipeline": "waybill.declaring",
}


def __getattr__(name: str) -> Any:
    """Load a name of `__all__` (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
