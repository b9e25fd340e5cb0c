"""Waybill for other people's services: a client of its API, and a reporter that loses nothing while that is away."""

from shared.client import Answer, ApiError, ApiProblem, ApiUnreachable, Client
from shared.delivery import Closed, Full
from waybill.received import Received
from waybill.reporter import Reporter

__all__ = [
    "Answer",
    "ApiError",
    "ApiProblem",
    "ApiUnreachable",
    "Client",
    "Closed",
    "Full",
    "Received",
    "Reporter",
]
