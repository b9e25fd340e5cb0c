"""An address, the resource there, and its calls."""

import re
from dataclasses import dataclass

from waybill_api.http.endpoint import Endpoint
from waybill_api.http.intake import Call
from waybill_api.http.operation import operation_of
from waybill_api.identity.access import SCOPES

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Route:
    """An address and the resource there; `{name}` in the path is a segment, and `{*}` at its end is any rest."""

    path: str
    handler: type[Endpoint]

    @property
    def pattern(self) -> str:
        """The path as a regular expression."""
        return re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(self.path)).replace(r"\{\*\}", ".*")

    def calls(self) -> dict[str, Call]:
        """Return the calls of the resource by method; each must be in the access table."""
        found = ((method, operation_of(getattr(self.handler, method.lower()))) for method in METHODS)
        return {method: Call(operation, SCOPES[operation.name]) for method, operation in found if operation is not None}
