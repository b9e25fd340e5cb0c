"""HTTP by `requests` over a UNIX socket."""

import socket
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import NewConnectionError


class SocketAdapter(HTTPAdapter):
    """Sends every request over one UNIX socket, whatever host its address names."""

    def __init__(self, path: Path) -> None:
        """Take the path of the socket."""
        self._path = path
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*arguments, **more)
        path = self._path

        class Connection(HTTPConnection):
            """A connection to the socket."""

            def _new_conn(self) -> socket.socket:
                connection = socket.socket(socket.AF_UNIX)
                try:
                    connection.settimeout(self.timeout if isinstance(self.timeout, int | float) else None)
                    connection.connect(str(path))
                except OSError as error:
                    connection.close()
                    error.filename = str(path)
                    raise NewConnectionError(self, str(error)) from error
                return connection

        class Pool(HTTPConnectionPool):
            """The connections of a thread."""

            ConnectionCls = Connection

        self.poolmanager.pool_classes_by_scheme = {"http": Pool}
