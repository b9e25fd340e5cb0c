"""The composition root of the HTTP part: routes, access and services become one Tornado application."""

import logging
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from tornado.web import Application, RequestHandler

from waybill_api.admin.routes import admin_routes
from waybill_api.http.bodies.lane import Bodies
from waybill_api.http.endpoint import Nowhere
from waybill_api.http.intake import Record
from waybill_api.http.openapi import describe
from waybill_api.http.route import Route
from waybill_api.http.traffic import Traffic
from waybill_api.identity.access import Access
from waybill_api.identity.accounts import Accounts
from waybill_api.limits import Limits
from waybill_api.places import Room
from waybill_api.routes import api_routes, page_routes

log = logging.getLogger("waybill_api.requests")


def build(
    store: Any,
    workers: Any,
    metrics: Any,
    access: Access,
    traffic: Traffic,
    accounts: Accounts,
    limits: Limits = Limits(),  # noqa: B008 - it is a constant
) -> Application:
    """Return the application."""
    documented = list(api_routes(store, workers, accounts, Room(limits)))
    pages = admin_routes(store, workers, accounts)
    document = cache(partial(describe, documented))
    routes = [*documented, *page_routes(document, metrics), *pages]
    return assemble(routes, access, traffic, store.record, store.installation)


def assemble(
    routes: Sequence[Route], access: Access, traffic: Traffic, record: Record, installation: str | None = None
) -> Application:
    """Return an application of these routes, in this order; each answer carries the id of its installation.

    Its setting `bodies` is to be closed.
    """
    edge = {"access": access, "traffic": traffic, "record": record}
    rules: list[Any] = [
        (route.pattern, route.handler, edge | {"calls": route.calls(), "services": route.services}) for route in routes
    ]
    return Application(
        rules,
        default_handler_class=Nowhere,
        default_handler_args=edge | {"calls": {}, "services": {}},
        log_function=_log,
        bodies=Bodies(),
        installation=installation,
    )


def _log(handler: RequestHandler) -> None:
    if log.isEnabledFor(logging.DEBUG):
        request = handler.request
        log.debug(
            "%s %s answered %d in %.1f ms",
            request.method,
            request.path,
            handler.get_status(),
            1000 * request.request_time(),
            extra={"action": "request"},
        )
