"""Whatever clients, workers, services and operators do to the real API, it keeps its promises."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.clients import Clients
from tests.stateful.operators import Operators
from tests.stateful.reporters import Reporters

STEPS = 60


class Service(Clients, Reporters, Operators):
    """Everybody together."""


def test_the_api_keeps_its_promises_whatever_is_done(pytestconfig: pytest.Config) -> None:
    chosen = settings(
        max_examples=pytestconfig.getoption("examples"),
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(Service, settings=chosen)
