"""The audit log: who did what, when and from where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One line of the audit log."""

    who: str
    """The name of the account, or of what acted for one, such as a token."""
    action: str
    """The name of the call, such as `cancel_task`."""
    target: str
    """What it was done to: a path of the API, or an account."""
    address: str
    """The network address of the client."""
    outcome: str
    """`done`, or the code of the problem."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What was asked for, without secrets: a JSON object."""
    audit_id: int = 0
    at: int = 0
    """Milliseconds since the epoch; 0 before it is written down."""
