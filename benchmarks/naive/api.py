"""The API: `python -m benchmarks.naive.api PORT`."""

import asyncio
import json
import os
import sys
import uuid
from typing import Any

from peewee import CharField, IntegerField, Model, SqliteDatabase
from tornado.web import Application, HTTPError, RequestHandler

from benchmarks.naive import worker
from benchmarks.naive.status import ERROR, NEW

database = SqliteDatabase(os.path.join(os.environ["NAIVE_DATA_DIR"], "tasks.db"), pragmas={"journal_mode": "wal"})


class Task(Model):
    """A task."""

    task_id = CharField(primary_key=True)
    name = CharField()
    processing_time = IntegerField()
    status = IntegerField(default=NEW)

    class Meta:
        """The database of the table."""

        database = database

    def to_json(self) -> dict[str, Any]:
        """Return it as clients see it."""
        return {
            "task_id": self.task_id,
            "name": self.name,
            "processing_time": self.processing_time,
            "status": self.status,
        }


class TasksHandler(RequestHandler):
    """All tasks."""

    def get(self) -> None:
        """List them."""
        self.set_header("Content-Type", "application/json")
        self.write(json.dumps([task.to_json() for task in Task.select()]))

    def post(self) -> None:
        """Create one, and let the worker run it."""
        body = json.loads(self.request.body)
        name, processing_time = body.get("name"), body.get("processing_time")
        if not isinstance(name, str) or not name or not isinstance(processing_time, int) or processing_time < 0:
            raise HTTPError(400)
        task = Task.create(task_id=str(uuid.uuid4()), name=name, processing_time=processing_time)
        worker.run(task.task_id, task.processing_time)
        self.set_status(201)
        self.write({"task_id": task.task_id})


class TaskHandler(RequestHandler):
    """One task."""

    def get(self, task_id: str) -> None:
        """Show it."""
        task = Task.get_or_none(Task.task_id == task_id)
        if task is None:
            raise HTTPError(404)
        self.write(task.to_json())

    def patch(self, task_id: str) -> None:
        """Set its status."""
        status = json.loads(self.request.body).get("status")
        if status not in range(NEW, ERROR + 1):
            raise HTTPError(400)
        if not Task.update(status=status).where(Task.task_id == task_id).execute():
            raise HTTPError(404)
        self.write({"status": status})


async def serve(port: int) -> None:
    """Serve until the process is killed."""
    database.create_tables([Task])
    Application([("/tasks", TasksHandler), ("/tasks/([^/]+)", TaskHandler)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
