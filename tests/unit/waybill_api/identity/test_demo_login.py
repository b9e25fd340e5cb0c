"""The public password opens an API only while no other machine reaches it."""

import pytest

from waybill.settings import Settings
from waybill_api.identity.demo_login import allows_demo, exposure


@pytest.mark.parametrize(
    ("settings", "is_allowed"),
    [
        (Settings(), True),
        (Settings(host="unix:/run/waybill/api.sock"), True),
        (Settings(host="0.0.0.0"), False),  # noqa: S104
        (Settings(trusted_proxies=["127.0.0.1"]), False),
        (Settings(host="unix:/run/waybill/api.sock", trusted_proxies=["unix"]), False),
        (Settings(trusted_proxies=["127.0.0.1"], allow_demo_login=True), True),
    ],
)
def test_it_is_allowed_on_this_machine_and_by_the_setting(settings: Settings, is_allowed: bool) -> None:
    assert allows_demo(settings) is is_allowed


def test_the_refusal_names_the_setting_by_which_others_reach_it() -> None:
    assert exposure(Settings(host="10.0.0.1")).startswith("WAYBILL_HOST=10.0.0.1 is reachable")
    assert "WAYBILL_TRUSTED_PROXIES" in exposure(Settings(trusted_proxies=["127.0.0.1"]))
