"""What code says of its types is declared once, and again where it is missing."""

from typing import Any

import pytest

from tests.unit.waybill_worker.scripted import ScriptedApi
from waybill.api_error import ApiProblem, ApiUnreachable
from waybill.host.world import World
from waybill_worker.handlers.catalogue import Catalogue
from waybill_worker.handlers.declarer import RETRY_SECONDS
from waybill_worker.handlers.registry import Registry
from waybill_worker.handlers.sleep import sleep

TYPES = {"resize": {"handler": "resize"}, "report": {"stages": ["fetch", "resize"]}}


class Bench:
    """A registry of two declared types, and an API that has none of them."""

    def __init__(self, types: dict[str, Any] = TYPES) -> None:
        self.now = 100.0
        self.api = ScriptedApi()
        catalogue = Catalogue({"sleep": sleep, "resize": sleep}, types)
        self.registry = Registry(self.api, catalogue, World(monotonic=lambda: self.now))

    def refuse(self, status: int, **problem: Any) -> None:
        """Refuse the next declaration."""
        problems: list[Exception] = [ApiProblem(status, "code", problem)]
        declare = self.api.declare_task_type

        def refused(name: str, declaration: Any) -> dict[str, Any]:
            if problems:
                raise problems.pop()
            return declare(name, declaration)

        self.api.declare_task_type = refused  # type: ignore[method-assign]

    @property
    def declared(self) -> list[str]:
        return [name for name, _ in self.api.declared]


def test_all_types_are_declared_at_the_first_refresh_and_served_at_once() -> None:
    bench = Bench()
    bench.registry.refresh()
    bench.registry.refresh()
    assert bench.api.declared == list(TYPES.items())
    assert bench.registry.routes == {"sleep", "resize", "report/resize"}


def test_a_type_that_is_there_already_is_declared_once_too_since_its_code_may_have_changed() -> None:
    bench = Bench()
    bench.api.types += [{"name": "resize", "handler": "resize"}]
    bench.registry.refresh()
    assert bench.declared == ["resize", "report"]


def test_a_type_that_is_gone_is_declared_again() -> None:
    bench = Bench()
    bench.registry.refresh()
    bench.api.types = []
    bench.registry.refresh()
    assert bench.declared == ["resize", "report"] * 2


def test_what_cannot_be_said_now_is_said_at_the_next_refresh() -> None:
    bench = Bench()
    bench.refuse(503)
    with pytest.raises(ApiProblem):
        bench.registry.refresh()
    bench.api.is_down = True
    with pytest.raises(ApiUnreachable):
        bench.registry.refresh()
    bench.api.is_down = False
    bench.registry.refresh()
    assert bench.declared == ["resize", "report"]


def test_a_declaration_that_is_wrong_is_not_repeated_and_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.refuse(422, detail="no sense")
    bench.registry.refresh()
    bench.now += 10 * RETRY_SECONDS
    bench.registry.refresh()
    assert bench.declared == ["report"]
    assert [record.getMessage() for record in caplog.records] == [
        "The declaration of the type resize was refused: 422 code: no sense"
    ]
    assert bench.registry.routes == {"sleep", "report/resize"}


@pytest.mark.parametrize("status", [404, 405])
def test_an_api_that_knows_no_declarations_is_asked_again_later(status: int, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.refuse(status)
    bench.registry.refresh()
    bench.registry.refresh()
    assert bench.declared == []
    assert [record.getMessage() for record in caplog.records] == [
        "This API knows no declarations: an administrator has to make the types of the handlers"
    ]
    bench.now += RETRY_SECONDS
    bench.registry.refresh()
    assert bench.declared == ["resize", "report"], "the API may have been replaced by a newer one"


def test_a_worker_that_may_not_declare_tries_again_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    for _ in range(2):
        bench.refuse(403)
        bench.registry.refresh()
        bench.now += RETRY_SECONDS
    assert len(caplog.records) == 1
    bench.registry.refresh()
    assert sorted(bench.declared) == ["report", "resize"]


def test_a_schema_that_the_api_does_not_take_is_left_out() -> None:
    bench = Bench({"resize": {"handler": "resize", "input_schema": {"type": "object"}}})
    bench.refuse(422, errors=[{"pointer": "/input_schema/type", "detail": "too complex"}])
    bench.registry.refresh()
    assert bench.api.declared == [("resize", {"handler": "resize", "input_schema": None})]
