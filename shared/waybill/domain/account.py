"""Accounts of people, their roles and their sessions."""

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What an account may do; a higher role may do all that a lower one may."""

    VIEWER = 1
    """See everything but accounts and the audit log."""
    OPERATOR = 2
    """Create, cancel and retry tasks, too."""
    ADMIN = 3
    """Everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may log in; `created_at` is in milliseconds since the epoch."""

    name: str
    password: str
    """The hash, with the parameters that it was made with."""
    role: Role
    is_demo: bool = False
    """Whether the password is the public one of the documentation."""
    created_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login; only the digest of its id is kept. Times are milliseconds since the epoch."""

    digest: str
    account: str
    role: Role
    """The account's present role."""
    created_at: int
    expires_at: int
    seen_at: int
