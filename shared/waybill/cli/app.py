"""The command line as a whole."""

import sys
from typing import Annotated

from typer import Exit, Option, Typer

from waybill.cli.commands import changes, history, looks, services, submit, tasks, users
from waybill.cli.commands.config import config
from waybill.cli.commands.doctor import doctor
from waybill.cli.commands.drill import drill
from waybill.cli.commands.task_types import types
from waybill.cli.commands.workers import workers
from waybill.version import VERSION

app = Typer(
    help="A self-hosted task service. Exit codes: 0 completed, 1 error, 2 usage, 3 the API cannot be reached.",
    # Without it, help loads nothing that a terminal alone needs.
    rich_markup_mode=None,
    context_settings={"max_content_width": 100},
    no_args_is_help=False,
)


def _version(is_asked: bool) -> None:
    if is_asked:
        sys.stdout.write(f"Waybill {VERSION}\n")
        raise Exit(0)


@app.callback()
def _root(
    version: Annotated[bool, Option("--version", is_eager=True, callback=_version, help="Print the version.")] = False,
) -> None:
    pass


for name, function in {
    "run": services.run,
    "api": services.api,
    "worker": services.worker,
    "submit": submit.submit,
    "show": tasks.show,
    "watch": tasks.watch,
    "logs": history.logs,
    "events": history.events,
    "cancel": changes.cancel,
    "retry": changes.retry,
    "delete": changes.delete,
    "list": tasks.list_,
    "export": tasks.export,
    "stats": looks.stats,
    "failures": looks.failures,
}.items():
    app.command(name)(function)
app.add_typer(types, name="types")
app.add_typer(workers, name="workers")
app.add_typer(users.users, name="users")
for name, function in {
    "createuser": users.createuser,
    "loaddata": users.loaddata,
    "config": config,
    "doctor": doctor,
    "health": looks.health,
    "openapi": looks.openapi,
    "drill": drill,
}.items():
    app.command(name)(function)
