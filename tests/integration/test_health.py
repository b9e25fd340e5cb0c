"""Liveness and readiness."""

import pytest

from services.api.store.store import Store
from tests.integration.talking import Fetch


def test_a_serving_api_is_alive_and_ready(fetch: Fetch) -> None:
    for path in ("/healthz", "/readyz"):
        answer = fetch("GET", path)
        assert (answer.status, answer.json()) == (200, {"status": "ok"})


def test_an_api_whose_writer_is_dead_is_alive_but_not_ready(
    fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dead() -> None:
        raise OSError

    monkeypatch.setattr(store, "ready", dead)
    assert fetch("GET", "/healthz").status == 200
    answer = fetch("GET", "/readyz")
    assert (answer.status, answer.code) == (503, "not_ready")
