"""Loads the files and modules that hold handlers, and finds what they declare."""

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, TracebackType

from waybill.declaring import HANDLERS, PIPELINES, Declaration, Function
from waybill_worker.handlers.declared import declaration_of
from waybill_worker.handlers.failure import described, place

SUFFIX = ".py"


class CannotLoad(Exception):
    """Handlers cannot be loaded; the message is one line, after a failed import followed by the traceback."""


def is_file(place: str) -> bool:
    """Whether a place is a file, not the name of a module."""
    return place.endswith(SUFFIX)


def load(place: str) -> ModuleType:
    """Import a file or a module. Raises CannotLoad.

    What lies in the folder of a file, and for a module in the working directory, can be imported too, but only if there
    is nothing else of that name.
    """
    if not is_file(place):
        _make_importable(os.getcwd())
        return _imported(place, place)
    path = Path(place)
    if not path.is_file():
        raise CannotLoad(f"the file of handlers {place} is not there")
    _make_importable(str(path.parent))
    name = path.stem
    if _is_found(name, path):
        return _imported(name, place)
    return _imported_as(f"waybill_handlers_{name.replace('.', '_')}", path)


def declared_in(module: ModuleType) -> tuple[list[tuple[Declaration, Function]], list[Declaration]]:
    """Return the handlers of a module, also those that it has imported by name, and its pipelines."""
    found: dict[int, tuple[Declaration, Function]] = {}
    # A name stands for what a decorator above `@handler` has made of the function.
    for function in (*getattr(module, HANDLERS, ()), *vars(module).values()):
        declaration = declaration_of(function)
        if declaration is not None:
            found[id(declaration)] = (declaration, function)
    return list(found.values()), list(getattr(module, PIPELINES, ()))


def _make_importable(folder: str) -> None:
    if folder not in sys.path:
        sys.path.append(folder)


def _is_found(name: str, path: Path) -> bool:
    """Whether an import of this name gives the file, and nothing that has the name already."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__file__", None) == str(path)
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None and os.path.realpath(spec.origin) == os.path.realpath(path)


def _imported(name: str, origin: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001  # also SystemExit: the worker says what has ended it
        raise _failed(origin, error) from None


def _imported_as(name: str, path: Path) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CannotLoad(f"the file of handlers {path} is no Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:  # noqa: BLE001
        del sys.modules[name]
        raise _failed(str(path), error) from None
    return module


def _failed(origin: str, error: BaseException) -> CannotLoad:
    what = "the file of handlers" if is_file(origin) else "the module of handlers"
    own = list(_own(error.__traceback__))
    error.__traceback__ = own[0] if own else None
    try:
        told = "".join(traceback.format_exception(error)).rstrip()
    except BaseException as other:  # noqa: BLE001  # an error may fail to be looked at
        told = f"(no traceback: {type(other).__name__})"
    line = f"{what} {origin} cannot be imported: {described(error)}{place(error)}".replace("\n", " ")
    return CannotLoad(f"{line}\n{told}")


def _own(trace: TracebackType | None) -> Iterator[TracebackType]:
    """Yield what follows the frames of this module and of the import system."""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name not in (__file__, importlib.__file__) and not name.startswith("<frozen importlib"):
            yield trace
        trace = trace.tb_next
