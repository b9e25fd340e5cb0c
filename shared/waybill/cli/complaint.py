"""What went wrong, as one line with a hint, and its exit code."""

from collections.abc import Mapping
from typing import Any

from waybill.api_error import ApiError, ApiProblem, ApiUnreachable, WrongInstallation
from waybill.cli.command_error import BAD_USAGE, FAILED, UNREACHABLE, CommandError
from waybill.host import os_error

MOST = 5
"""How many complaints of the API fit on a line."""

HINTS = {
    "unauthenticated": "give a token with --token or WAYBILL_API_TOKEN",
    "forbidden": "give a token that may do this with --token; on its own machine, run this as the user of the "
    "installation, in its directory or with its WAYBILL_DATA_DIR",
    "misdirected": "see WAYBILL_ALLOWED_HOSTS",
}
"""What helps, by the problem's code."""


def complaint_of(error: Exception, url: str | None) -> tuple[str, int] | None:
    """Return the line and the exit code; None for an error that is our own mistake. `url` is that of the API."""
    if isinstance(error, CommandError):
        return str(error), error.status
    if isinstance(error, WrongInstallation):
        return str(error), UNREACHABLE
    if isinstance(error, ApiUnreachable):
        if error.status is not None:
            return f"{url} cannot answer now ({error}); try again in a moment", UNREACHABLE
        hint = "start it with waybill run, or name another with --url or WAYBILL_API_URL"
        return f"no API answers at {url} ({error}): {hint}", UNREACHABLE
    if isinstance(error, ApiProblem):
        return _problem(error), FAILED
    if isinstance(error, ApiError):
        return str(error), FAILED
    if isinstance(error, OSError):
        return os_error.told(error), BAD_USAGE if os_error.needs_a_person(error) else FAILED
    return None


def _problem(problem: ApiProblem) -> str:
    said = problem.problem.get("errors")
    errors = [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    shown = [_error(one) for one in errors[:MOST]]
    if len(errors) > MOST:
        shown.append(f"and {len(errors) - MOST} more")
    # The detail only counts the errors, or repeats the one there is.
    line = f"{problem.status} {problem.code}: {'; '.join(shown)}" if shown else str(problem)
    hint = HINTS.get(problem.code)
    if any(one.get("pointer") == "/type" for one in errors):
        hint = "see waybill types"
    return line if hint is None else f"{line.rstrip('.')}; {hint}"


def _error(error: Mapping[str, Any]) -> str:
    where = error.get("pointer", error.get("parameter", ""))
    suggestions = error.get("suggestions")
    meant = f" (did you mean {' or '.join(map(str, suggestions[:3]))}?)" if suggestions else ""
    return f"{where}: {error.get('detail', '')}{meant}".removeprefix(": ")
