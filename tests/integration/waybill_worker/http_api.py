"""The scripted API, served over HTTP to a worker that is a real process."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.unit.waybill_worker.scripted import ScriptedApi
from waybill.api_error import ApiProblem, ApiUnreachable


class HttpApi:
    """Serves a ScriptedApi on a free port."""

    def __init__(self, api: ScriptedApi) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    status, content = 200, _answer(api, self.path, json.loads(body) if body else {})
                except ApiUnreachable as error:
                    status, content = 503, {"code": "unavailable", "detail": str(error)}
                except ApiProblem as problem:
                    status, content = problem.status or 400, {"code": problem.code}
                text = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = answer  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _answer(api: ScriptedApi, path: str, body: dict[str, Any]) -> Any:
    if path == "/task-types":
        return api.task_types()
    if path == "/reports":
        answers = api.report(body["reports"])
        keys = ("task_id", "outcome", "task", "detail")
        return {"outcomes": [dict(zip(keys, answer, strict=True)) for answer in answers]}
    if path == "/run-logs":
        return {"kept": api.put_run_logs(body["logs"])}
    if path.endswith("/declaration"):
        return api.declare_task_type(path.split("/")[2], body)
    _, _, worker_id, verb = path.split("/")
    if verb == "gone":
        api.gone(worker_id, body["crashed"])
        return {"released": 0}
    lost, drain = api.beat(worker_id, body)
    return {"lost": [{"task_id": task_id, "run": run} for task_id, run in lost], "drain": drain}
