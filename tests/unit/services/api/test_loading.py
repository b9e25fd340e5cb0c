"""Task types of files, brought into a store that nobody else holds."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.api.fixtures import fixture
from services.api.fixtures.loading import Effect, load
from services.api.installation import Unreachable
from shared.settings import Settings


def loaded(folder: Path, *types: dict[str, Any]) -> dict[str, Effect]:
    path = folder / "types.json"
    path.write_text(json.dumps(types))
    return load(fixture.read(str(path)), Settings(data_dir=folder / "data"))[0]


def test_a_pipeline_is_created_kept_and_changed(tmp_path: Path) -> None:
    clean = {"name": "clean", "stages": ["fetch", "parse"]}
    assert loaded(tmp_path, clean) == {"clean": Effect.CREATED}
    assert loaded(tmp_path, clean) == {"clean": Effect.KEPT}
    assert loaded(tmp_path, clean | {"stages": ["fetch"]}) == {"clean": Effect.CHANGED}
    assert loaded(tmp_path, {"name": "clean", "stages": None, "handler": "sleep"}) == {"clean": Effect.CHANGED}


def test_what_the_store_refuses_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="a handler or stages"):
        loaded(tmp_path, {"name": "sleep", "stages": ["fetch"]})
