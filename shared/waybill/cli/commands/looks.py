"""How the service is: stats, failures, health, openapi."""

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

from typer import Option

from waybill.api_error import ApiUnreachable
from waybill.cli.command import command
from waybill.cli.command_error import FAILED
from waybill.cli.output import Column, Output, Row
from waybill.cli.visible import visible_json
from waybill.domain.status import Status

if TYPE_CHECKING:
    from waybill.client.client import Client

NOT_READY = 503


def _count(status: str, one: Row) -> object:
    return one["counts"][status]


TYPES = (
    Column("type", lambda one: one["type"]),
    *(Column(status.name, partial(_count, status.name)) for status in Status),
    Column("errors", lambda one: "" if one["error_rate"] is None else f"{one['error_rate']:.0%}"),
    Column("waits", lambda one: _seconds(one["wait"])),
    Column("runs", lambda one: _seconds(one["run"])),
)

FAILURES = (
    Column("failure", lambda one: one["fingerprint"]),
    Column("tasks", lambda one: one["tasks"]),
    Column("type", lambda one: one["type"]),
    Column("last seen", lambda one: one["last_seen"]),
    Column("error", lambda one: f"{one['code']}: {one['message']}"),
)


@command
def stats(client: "Client", out: Output) -> int:
    """Show counts, the last hour, and what needs attention."""
    found = client.statistics()
    if out.is_json:
        out.json(found)
        return 0
    counts, rates, oldest = found["counts"], found["rates"], found["oldest_waiting"]
    out.fields(
        {
            "tasks": ", ".join(f"{count} {name}" for name, count in counts.items()),
            "per second": ", ".join(f"{rate:g} {name}" for name, rate in rates.items()),
            "workers": found["workers"],
            "waits": _seconds(found["wait"]),
            "runs": _seconds(found["run"]),
            "oldest waiting": "" if oldest is None else f"{oldest['task_id']} since {oldest['created_at']}",
        }
    )
    out.rows(TYPES, found["types"])
    for one in found["attention"]:
        out.note(f"attention, {one['code']}: {one['detail']}")
    return 0


def _seconds(quantiles: Row) -> str:
    """Return within how many seconds half of all, and 95 of 100, were done."""
    half, most = quantiles["p50"], quantiles["p95"]
    return "" if half is None else f"{half:.3g} s, 95%: {most:.3g} s"


@command
def failures(
    client: "Client",
    out: Output,
    type: Annotated[str | None, Option(help="Only of this type.")] = None,
    limit: Annotated[int, Option(min=1, max=1_000, help="How many groups.")] = 50,
) -> int:
    """List what tasks in ERROR have in common. To retry a group, use waybill retry -q failure:FAILURE."""
    out.rows(FAILURES, client.failures(limit, **({} if type is None else {"type": type})))
    return 0


@command
def health(client: "Client", out: Output) -> int:
    """Tell whether the API can take tasks. The exit code is 1 if it runs and cannot, 3 if it does not answer."""
    try:
        said = client.ready()
    except ApiUnreachable as error:
        if error.status != NOT_READY:
            raise
        if out.is_json:
            out.json({"status": "not_ready", "detail": str(error)})
        else:
            out.line(f"{client.url}\tnot ready: {error}")
        return FAILED
    if out.is_json:
        out.json(said)
    else:
        out.line(f"{client.url}\t{said.get('status')}")
    return 0


@command
def openapi(client: "Client", out: Output) -> int:
    """Print the description of the API, as OpenAPI."""
    text = visible_json(client.openapi(), None if out.is_json else 2)
    sys.stdout.write(f"{text}\n")
    return 0
