"""What works while no API runs: accounts and fixtures."""

from typing import Annotated, Literal

from typer import Argument, Option, Typer

from waybill.cli.command import command
from waybill.cli.list_by_default import ListByDefault
from waybill.cli.loaded import lines
from waybill.cli.offered import offered
from waybill.cli.output import Column, Output
from waybill.cli.own_settings import settings
from waybill.cli.visible import visible

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
def createuser(out: Output, name: Name, role: Role = "operator") -> int:
    """Make an account for the web interface. The password is asked for, or read from a pipe."""
    said = settings()
    offered("createuser")(name, role, said)
    if out.is_json:
        out.json({"name": name, "role": role})
    else:
        where = "" if said.web_url is None else f" at {said.web_url}/admin/"
        out.line(f"{name} may log in{where} ({role}).")
    return 0


users.command("add")(createuser)


@command
def loaddata(
    out: Output,
    fixture: Annotated[str, Argument(metavar="FIXTURE", help="A fixture's name, such as initial, or a .json file.")],
) -> int:
    """Create or update task types from a fixture."""
    loaded = offered("loaddata")(fixture, settings())
    if out.is_json:
        for one in loaded:
            out.json(one._asdict())
    else:
        for line in lines(loaded, fixture):
            out.line(visible(line))
    return 0
