"""The worker's own log lines, which no handler may silence, break or delay."""

import logging
from typing import Any

OURS = ("waybill", "waybill_worker", "huey")
"""The loggers that the worker writes to."""


def detach() -> None:
    """Bind the worker's loggers to the present log handlers: one that a task's handler adds may raise or block."""
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers[:] = logging.getLogger().handlers
        logger.propagate = False


def read() -> tuple[Any, ...]:
    """Return the state that decides whether and where a line is logged."""
    root = logging.getLogger()
    own = [(one.handlers[:], one.propagate) for one in map(logging.getLogger, OURS)]
    is_any_disabled = any(one.disabled for one in _loggers())
    return root.manager.disable, root.level, root.handlers[:], own, is_any_disabled, logging.getLogRecordFactory()


def put_back(before: tuple[Any, ...]) -> None:
    """Restore that state, and keep log handlers that tasks have added."""
    disabled, level, handlers, own, _, factory = before
    root = logging.getLogger()
    logging.disable(disabled)
    logging.setLogRecordFactory(factory)
    root.setLevel(level)
    for handler in handlers:
        root.addHandler(handler)
    for logger, (its_handlers, propagates) in zip(map(logging.getLogger, OURS), own, strict=True):
        logger.handlers[:], logger.propagate = its_handlers, propagates
    for logger in _loggers():
        logger.disabled = False


def _loggers() -> list[logging.Logger]:
    known = logging.getLogger().manager.loggerDict.copy()
    return [one for name, one in known.items() if isinstance(one, logging.Logger) and name.partition(".")[0] in OURS]
