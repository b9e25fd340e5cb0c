"""The text of a handler's error, bounded, and safe even if the error's own methods fail."""

import traceback

from waybill.host.logs import shortened

TRACE_CAP = 6_000
"""How many characters of a traceback are logged."""


def described(error: BaseException) -> str:
    """Return the class and the message of an error."""
    name = type.__dict__["__name__"].__get__(type(error))
    try:
        return f"{name}: {error}"
    except BaseException:  # noqa: BLE001  # even SystemExit is only what its method raises
        return str(name)


def traced(error: BaseException) -> str:
    """Return the traceback of an error, shortened."""
    try:
        return shortened("".join(traceback.format_exception(error)), TRACE_CAP)
    except BaseException as other:  # noqa: BLE001  # an error may fail to be looked at
        return f"(no traceback: {type(other).__name__})"


def place(error: BaseException) -> str:
    """Return where an error was raised, as ` (file, line 3)`; an empty text if that is unknown."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
