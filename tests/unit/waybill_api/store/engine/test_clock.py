"""The API's time never runs backwards."""

from waybill.host.world import World
from waybill_api.store.engine.clock import Clock


def test_the_clock_follows_the_machine_but_never_goes_back() -> None:
    wall, since = 1_000.0, 50.0
    clock = Clock(World(time=lambda: wall, monotonic=lambda: since))
    assert clock.now() == 1_000_000
    wall, since = wall - 3_600, since + 1
    assert clock.now() == 1_001_000
    wall, since = wall + 7_200, since + 1
    assert clock.now() == 4_600_000
