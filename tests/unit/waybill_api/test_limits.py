"""Bounds follow the settings, and never go beyond what the system allows."""

import pytest

from waybill.settings import Settings
from waybill_api.limits import Limits


@pytest.mark.parametrize(
    ("descriptors", "connections"),
    [(1_048_576, 1_048_476), (1024, 924), (256, 156), (150, 75), (20, 10), (8, 8)],
)
def test_there_are_as_many_connections_as_descriptors_less_a_reserve(descriptors: int, connections: int) -> None:
    assert Limits.of(Settings(), descriptors).connections == connections


def test_a_setting_cannot_ask_for_more_than_there_is() -> None:
    assert Limits.of(Settings(connections=50), 1024).connections == 50
    assert Limits.of(Settings(connections=5_000), 1024).connections == 924


@pytest.mark.parametrize("descriptors", [8, 64, 256, 1024, 65_536])
def test_what_lasts_leaves_connections_to_all_else(descriptors: int) -> None:
    limits = Limits.of(Settings(), descriptors)
    lasting = limits.long_polls + limits.streams + limits.lists
    assert lasting < limits.connections
    assert min(limits.long_polls, limits.streams, limits.lists) >= 1


def test_with_many_descriptors_the_settings_decide() -> None:
    limits = Limits.of(Settings(long_polls=7, streams=8, lists=9, streams_per_client=3), 65_536)
    assert (limits.long_polls, limits.streams, limits.lists, limits.streams_per_client) == (7, 8, 9, 3)
    usual = Limits.of(Settings(), 65_536)
    assert (usual.long_polls, usual.streams, usual.lists, usual.streams_per_client) == (1_000, 200, 50, 20)
