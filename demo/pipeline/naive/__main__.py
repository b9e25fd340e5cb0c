"""The naive tracker's API: `python -m demo.pipeline.naive PORT sqlite PATH` or `... PORT postgresql CONNINFO`."""

import asyncio
import json
import sys
from collections.abc import Mapping

from tornado.web import Application, HTTPError, RequestHandler

from demo.pipeline.naive.records import PostgresRecords, Records, SqliteRecords


class Handler(RequestHandler):
    """What all of its handlers know."""

    def initialize(self, records: Records) -> None:
        """Take the table."""
        self.records = records


class TasksHandler(Handler):
    """All tasks."""

    def get(self) -> None:
        """List them."""
        self.write({"tasks": self.records.everything()})

    def post(self) -> None:
        """Create many."""
        self.records.create(json.loads(self.request.body)["keys"])
        self.set_status(201)


class TaskHandler(Handler):
    """One task."""

    def patch(self, key: str) -> None:
        """Set what the report says."""
        status = self.records.update(key, json.loads(self.request.body))
        if status is None:
            raise HTTPError(404)
        self.write({"status": status})


class CostsHandler(Handler):
    """What it has cost so far."""

    def get(self) -> None:
        """Show it."""
        self.write(self.records.costs())


KINDS: Mapping[str, type[SqliteRecords] | type[PostgresRecords]] = {
    "sqlite": SqliteRecords,
    "postgresql": PostgresRecords,
}


async def serve(port: int, kind: str, place: str) -> None:
    """Serve until the process is killed."""
    known = {"records": KINDS[kind](place)}
    routes = [("/tasks", TasksHandler, known), ("/tasks/([^/]+)", TaskHandler, known), ("/costs", CostsHandler, known)]
    Application(routes).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
