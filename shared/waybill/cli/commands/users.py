"""What works while no API runs: accounts and fixtures."""

from typing import Annotated, Literal

from typer import Argument, Option, Typer

from waybill.cli.command import command
from waybill.cli.list_by_default import ListByDefault
from waybill.cli.offered import offered
from waybill.cli.output import Column, Output
from waybill.cli.own_settings import settings

Name = Annotated[str, Argument(metavar="NAME", help="The name for the login.")]
Role = Annotated[Literal["viewer", "operator", "admin"], Option(metavar="ROLE", help="viewer, operator or admin.")]

COLUMNS = (
    Column("account", lambda one: one["name"]),
    Column("role", lambda one: one["role"]),
    Column("created", lambda one: one["created_at"]),
    Column("password", lambda one: "the first one, which everybody knows" if one["is_demo"] else ""),
)

users = Typer(cls=ListByDefault, help="Accounts for the web interface. Without a further word, their list.")


@users.command("list")
@command
def list_users(out: Output) -> int:
    """List the accounts."""
    out.rows(COLUMNS, offered("users")(settings()))
    return 0


@command
def createuser(name: Name, role: Role = "operator") -> int:
    """Make an account for the web interface. The password is asked for, or read from a pipe."""
    return int(offered("createuser")(name, role, settings()))


users.command("add")(createuser)


@command
def loaddata(
    fixture: Annotated[str, Argument(metavar="FIXTURE", help="A fixture's name, such as initial, or a .json file.")],
) -> int:
    """Create or update task types from a fixture."""
    return int(offered("loaddata")(fixture, settings()))
