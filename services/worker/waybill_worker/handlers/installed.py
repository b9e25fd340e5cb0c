"""The handlers that come with Waybill, and those of other installed packages."""

import logging
from collections.abc import Collection
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from waybill_worker.handlers.context import Handler
from waybill_worker.handlers.declared import Declared, declaration_of
from waybill_worker.handlers.failure import described, place, traced
from waybill_worker.handlers.sleep import sleep

logger = logging.getLogger(__name__)

GROUP = "waybill.handlers"

BUILT_IN: dict[str, Handler] = {"sleep": sleep}


def installed_handlers(named: Collection[str] | None = None) -> dict[str, Handler]:
    """Return the built-in handlers and those that other packages offer by entry points, by name.

    If `named` is given, only these are loaded. Of several with one name the first is used: a built-in one, then in the
    order of `sys.path`.
    """
    handlers: dict[str, Handler] = {name: one for name, one in BUILT_IN.items() if named is None or name in named}
    used = dict.fromkeys(handlers, "the built-in one")
    for entry in entry_points(group=GROUP):
        if named is not None and entry.name not in named:
            continue
        if entry.name in used:
            logger.warning(
                "Two handlers are named %s: %s is used, %s is left out",
                entry.name,
                used[entry.name],
                _origin(entry),
            )
            continue
        used[entry.name] = _origin(entry)
        handler = _loaded(entry)
        if handler is not None:
            handlers[entry.name] = handler
    return handlers


def _loaded(entry: EntryPoint) -> Handler | None:
    """Return the function of an entry point; if it cannot be loaded, log one line with the reason."""
    try:
        handler = entry.load()
        if not callable(handler):
            raise TypeError(f"it is no function, but {type(handler).__name__}")
        if (declaration := declaration_of(handler)) is not None:
            return Declared(entry.name, handler, declaration)
    except BaseException as error:  # noqa: BLE001  # also SystemExit: a module ends itself, not the worker
        logger.error(
            "The handler %s (%s) cannot be loaded and is left out: %s%s",
            entry.name,
            entry.value,
            described(error),
            place(error),
        )
        logger.debug("The handler %s: %s", entry.name, traced(error))
        return None
    return cast(Handler, handler)


def _origin(entry: EntryPoint) -> str:
    return f"{entry.value} of {entry.dist.name}" if entry.dist is not None else entry.value
