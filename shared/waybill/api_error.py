"""What a call of the API raises if it is not answered with a success."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """The API did not do what it was asked to do."""

    def __init__(self, detail: str, status: int | None = None) -> None:
        """Take what went wrong, and the HTTP status if there was an answer."""
        super().__init__(detail)
        self.status = status


class ApiUnreachable(ApiError):
    """The API cannot be reached, or cannot answer now; the same call may succeed later."""


class WrongInstallation(ApiUnreachable):
    """Another installation answers at this address, so no token was sent to it."""

    def __init__(self, url: str, found: str | None, expected: str) -> None:
        """Take the address, the id in the answer (None without one), and the expected id."""
        who = "something that is not Waybill" if found is None else f"another installation of Waybill ({found:.64})"
        super().__init__(
            f"{who} answers at {url}, where {expected} was expected, so that no token is sent there: "
            "set WAYBILL_PORT or WAYBILL_API_URL to where the API of this data directory listens"
        )


class ApiProblem(ApiError):
    """The API answered that it will not do this (RFC 9457)."""

    def __init__(self, status: int, code: str, problem: Mapping[str, Any]) -> None:
        """Take the HTTP status, the stable code and the whole problem document."""
        super().__init__(f"{status} {code}: {problem.get('detail') or problem.get('title') or 'no detail'}", status)
        self.code = code
        self.problem = problem
