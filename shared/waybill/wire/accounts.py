"""Accounts and the audit log on the wire."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, SecretStr, StringConstraints, with_config
from typing_extensions import TypedDict

from waybill.domain.account import Account, Role
from waybill.domain.audit import Deed
from waybill.wire.fields import Body
from waybill.wire.timestamps import rfc3339

ACCOUNT_NAME = r"^[a-z0-9][a-z0-9_.@-]{0,63}$"
RoleName = Literal["viewer", "operator", "admin"]
AccountName = Annotated[str, StringConstraints(pattern=ACCOUNT_NAME), Field(description="The name to log in with.")]
SHORTEST, LONGEST = 8, 1_024


Password = Annotated[SecretStr, Field(min_length=SHORTEST, max_length=LONGEST)]

EXAMPLE: dict[str, str] = {"name": "ada", "role": "operator"}


class CreateAccount(Body):
    """An account to be created."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**EXAMPLE, "password": "correct horse battery staple"}]})

    name: AccountName
    role: RoleName
    password: Password


class ChangeAccount(Body):
    """What is to change about an account; its sessions end."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "viewer"}]})

    role: RoleName | None = None
    password: Password | None = None


@with_config(
    ConfigDict(
        json_schema_extra={"examples": [{**EXAMPLE, "is_demo": False, "created_at": "2026-01-31T09:30:00.250Z"}]}
    )
)
class AccountJson(TypedDict):
    """An account; its password is never shown."""

    name: str
    role: RoleName
    is_demo: bool
    created_at: str


@with_config(
    ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "audit_id": 12,
                    "at": "2026-01-31T09:30:00.250Z",
                    "who": "ada",
                    "action": "pause_task_type",
                    "target": "/task-types/nap/pause",
                    "address": "127.0.0.1",
                    "outcome": "done",
                    "details": {},
                }
            ]
        }
    )
)
class DeedJson(TypedDict):
    """A line of the audit log: who did what, when and from where."""

    audit_id: int
    at: str
    who: str
    action: str
    target: str
    address: str
    outcome: str
    details: dict[str, Any]


def role_of(name: RoleName) -> Role:
    """Return the role of a name."""
    return Role[name.upper()]


def role_name(role: Role) -> RoleName:
    """Return the name of a role."""
    names: dict[Role, RoleName] = {Role.VIEWER: "viewer", Role.OPERATOR: "operator", Role.ADMIN: "admin"}
    return names[role]


def account_json(account: Account) -> AccountJson:
    """Write an account."""
    return {
        "name": account.name,
        "role": role_name(account.role),
        "is_demo": account.is_demo,
        "created_at": rfc3339(account.created_at),
    }


def deed_json(deed: Deed) -> DeedJson:
    """Write a line of the audit log."""
    return {
        "audit_id": deed.audit_id,
        "at": rfc3339(deed.at),
        "who": deed.who,
        "action": deed.action,
        "target": deed.target,
        "address": deed.address,
        "outcome": deed.outcome,
        "details": dict(deed.details),
    }
