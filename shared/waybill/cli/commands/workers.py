"""Workers: list, drain, resume."""

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Typer

from waybill.cli.command import command
from waybill.cli.list_by_default import ListByDefault
from waybill.cli.output import Column, Output, Row

if TYPE_CHECKING:
    from waybill.client.client import Client

Id = Annotated[str, Argument(metavar="ID", help="The worker's id; see waybill workers.")]

workers = Typer(cls=ListByDefault, help="Workers. Without a further word, their list.")


def state(one: Row) -> str:
    """Return what a worker does, or that it is lost, or that it is to drain and does not know yet."""
    if not one["alive"]:
        return "lost"
    return "to drain" if one["drain"] and one["state"] == "working" else str(one["state"])


COLUMNS = (
    Column("worker", lambda one: one["worker_id"]),
    Column("state", state),
    Column("running", lambda one: f"{one['running']} of {one['slots']}"),
    Column("host", lambda one: f"{one['host']} {one['pid']}"),
    Column("version", lambda one: one["version"]),
    Column("seen", lambda one: f"{one['last_seen_seconds']:.0f} s ago"),
    Column("handlers", lambda one: ", ".join(one["handlers"])),
)


@workers.command("list")
@command
def list_workers(client: "Client", out: Output) -> int:
    """List the workers that have been heard of."""
    out.rows(COLUMNS, client.workers())
    return 0


@workers.command("drain")
@command
def drain(client: "Client", out: Output, worker_id: Id) -> int:
    """Ask a worker to take no more tasks. It finishes its runs, and stays until it is resumed."""
    out.rows(COLUMNS, [client.drain_worker(worker_id)])
    return 0


@workers.command("resume")
@command
def resume(client: "Client", out: Output, worker_id: Id) -> int:
    """Ask a drained worker to take tasks again."""
    out.rows(COLUMNS, [client.resume_worker(worker_id)])
    return 0
