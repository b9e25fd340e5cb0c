"""The ceiling: Tornado, which parses the body of `POST /tasks` and answers 201 without any more work.

`python -m benchmarks.noop PORT`
"""

import asyncio
import json
import sys
import uuid

from tornado.web import Application, RequestHandler

TASK_ID = str(uuid.UUID(int=0))


class TasksHandler(RequestHandler):
    """Creates nothing."""

    def post(self) -> None:
        """Answer as if a task had been created."""
        json.loads(self.request.body)
        self.set_status(201)
        self.write({"task_id": TASK_ID})


async def serve(port: int) -> None:
    """Serve until the process is killed."""
    Application([("/tasks", TasksHandler)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
