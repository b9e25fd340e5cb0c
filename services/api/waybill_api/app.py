"""The composition root of the HTTP part: routes, access and services become one Tornado application."""

import logging
from collections.abc import Set
from functools import cache
from typing import Any

from tornado.web import Application, RequestHandler

from waybill_api.admin.files import admin_files
from waybill_api.admin.routes import admin_routes
from waybill_api.edge.edge import Edge
from waybill_api.handlers.service.static import static_files
from waybill_api.http.bodies.pool import Bodies
from waybill_api.http.endpoint import Nowhere
from waybill_api.http.openapi import describe
from waybill_api.http.services import Services
from waybill_api.http.traffic import Traffic
from waybill_api.identity.access import Access
from waybill_api.identity.accounts import Accounts
from waybill_api.limits import Limits
from waybill_api.metrics import Metrics
from waybill_api.places import Room
from waybill_api.routes import api_routes, page_routes
from waybill_api.store.store import Store
from waybill_api.suggestions import Suggestions
from waybill_api.upkeep.workers import Workers

log = logging.getLogger("waybill_api.requests")


def build(
    store: Store,
    workers: Workers,
    metrics: Metrics,
    access: Access,
    traffic: Traffic,
    accounts: Accounts,
    limits: Limits = Limits(),  # noqa: B008 - it is a constant
    edge: Edge | None = None,
) -> Application:
    """Return the application; its setting `bodies` is to be closed."""
    # Read now, while there are descriptors for it.
    static_files()
    admin_files()
    edge = edge or Edge()
    services = Services(
        access=access,
        traffic=traffic,
        store=store,
        workers=workers,
        accounts=accounts,
        metrics=metrics,
        suggestions=Suggestions(store),
        room=Room(limits),
        edge=edge,
        document=cache(lambda: describe(list(api_routes()), edge.mount.path)),
    )
    rules: list[Any] = [
        (route.pattern, route.handler, {"services": services, "calls": route.calls()})
        for route in (*api_routes(), *page_routes(), *admin_routes())
    ]
    return Application(
        rules,
        default_handler_class=Nowhere,
        default_handler_args={"services": services, "calls": {}},
        log_function=_log,
        bodies=Bodies(),
        installation=store.installation,
        edge=edge,
    )


def own_names() -> Set[str]:
    """Return the first segment of every address."""
    return {route.path.strip("/").partition("/")[0] for route in (*api_routes(), *page_routes(), *admin_routes())} - {
        ""
    }


def _log(handler: RequestHandler) -> None:
    if log.isEnabledFor(logging.DEBUG):
        request = handler.request
        log.debug(
            "%s %s %s answered %d in %.1f ms",
            request.remote_ip,
            request.method,
            request.path,
            handler.get_status(),
            1000 * request.request_time(),
            extra={"action": "request"},
        )
