"""Which files count as the code of the handlers, and when they have changed."""

import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from waybill_worker.process import code as module
from waybill_worker.process.code import Code


def module_of(monkeypatch: pytest.MonkeyPatch, name: str, path: Path) -> None:
    """Let a module be imported from a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("1")
    imported = ModuleType(name)
    imported.__file__ = str(path)
    monkeypatch.setitem(sys.modules, name, imported)


def test_a_file_that_is_written_or_replaced_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "handlers.py"
    code = Code([str(file)])
    assert not code.has_changed(), "a file that is not there may come"
    file.write_text("1")
    assert code.has_changed()
    code = Code([str(file)])
    assert not code.has_changed()
    file.unlink()
    assert not code.has_changed(), "an editor may be about to replace it"
    file.write_text("23")
    assert code.has_changed()


def test_modules_from_its_folder_count_and_installed_packages_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "handlers.py").write_text("1")
    code = Code([str(tmp_path / "handlers.py")])
    ours = tmp_path / "own" / "sizes.py"
    theirs = tmp_path / ".venv" / "lib" / "site-packages" / "theirs.py"
    module_of(monkeypatch, "own.sizes", ours)
    module_of(monkeypatch, "theirs", theirs)
    module_of(monkeypatch, "elsewhere", tmp_path.parent / f"{tmp_path.name}-beside" / "elsewhere.py")
    code.note()
    for path in (theirs, tmp_path.parent / f"{tmp_path.name}-beside" / "elsewhere.py"):
        path.write_text("234")
        assert not code.has_changed()
    ours.write_text("234")
    assert code.has_changed()


def test_a_module_that_fails_when_it_is_looked_at_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lazy(ModuleType):
        def __getattribute__(self, name: str) -> object:
            raise ImportError(name)

    monkeypatch.setitem(sys.modules, "lazy", Lazy("lazy"))
    code = Code([str(tmp_path / "handlers.py")])
    code.note()
    assert not code.has_changed()


def test_a_module_is_watched_with_those_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = Code(["own.jobs"])
    elsewhere = tmp_path.parent / f"{tmp_path.name}-jobs" / "jobs.py"
    module_of(monkeypatch, "own.jobs", elsewhere)
    module_of(monkeypatch, "own_sizes", tmp_path / "own_sizes.py")
    code.note()
    assert not code.has_changed()
    elsewhere.write_text("234")
    assert code.has_changed()
    code = Code(["own.jobs"])
    code.note()
    (tmp_path / "own_sizes.py").write_text("234")
    assert code.has_changed()


def test_code_that_was_not_imported_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.005)
    for name in ("handlers", "own/sizes"):
        (tmp_path / f"{name}.py").parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").write_text("1")
    code = Code([str(tmp_path / "handlers.py")])
    looks = []
    has_changed = code.has_changed

    def looked() -> bool:
        looks.append(1)
        return has_changed()

    monkeypatch.setattr(code, "has_changed", looked)
    waiting = threading.Thread(target=code.wait, daemon=True)
    waiting.start()
    while len(looks) < 3:
        pass
    assert waiting.is_alive()
    (tmp_path / "own" / "sizes.py").write_text("23")
    waiting.join(10)
    assert not waiting.is_alive()
