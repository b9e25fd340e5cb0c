"""No call without a scope, no address twice."""

import pytest

from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import call
from waybill_api.http.route import Route
from waybill_api.http.services import Services
from waybill_api.routes import api_routes


def test_a_call_without_a_scope_cannot_be_routed() -> None:
    class Forgotten(Endpoint):
        @call("nobody_thought_of_this")
        async def get(self) -> None:
            """Do something."""

    with pytest.raises(LookupError):
        Route("/forgotten", Forgotten).calls()


def test_every_resource_has_a_call_and_every_call_a_name_of_its_own() -> None:
    routes = list(api_routes())
    names = [call.operation.name for route in routes for call in route.calls().values()]
    assert all(route.calls() for route in routes)
    assert len(set(names)) == len(names)
    assert len({route.path for route in routes}) == len(routes)


def test_a_path_is_matched_literally() -> None:
    assert Route("/a.b/{name}/c", Endpoint).pattern == r"/a\.b/([^/]+)/c"


def test_services_are_whole_and_of_their_types() -> None:
    # mypy finds both faults, the type and the missing parts: it complains of a comment below that it does not need.
    with pytest.raises(TypeError):
        Services(store=object())  # type: ignore[call-arg, arg-type]
