"""The backends of the queue: a file, and servers that are started once for all tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.contract.backends import Backend, PostgresqlBackend, RedisBackend, SqliteBackend
from throwaway import cluster, redis_server
from waybill.queue.queue import Queue

# One process starts each server, and runs all tests that need it.
BACKENDS = [
    "sqlite",
    pytest.param("redis", marks=pytest.mark.xdist_group("redis")),
    pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql")),
]


@pytest.fixture(scope="session")
def redis_backend() -> Iterator[RedisBackend]:
    needs.require_server(redis_server.missing())
    with tempfile.TemporaryDirectory(prefix="waybill-redis-") as folder:
        server = redis_server.RedisServer(Path(folder))
        server.start()
        backend = RedisBackend(server.url)
        yield backend
        backend.client.close()
        server.end()


@pytest.fixture(scope="session")
def postgresql_backend() -> Iterator[PostgresqlBackend]:
    needs.require_server(cluster.missing())
    with cluster.cluster() as server:
        yield PostgresqlBackend(server)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """Return a backend with nothing on it."""
    if request.param == "sqlite":
        return SqliteBackend(tmp_path / "queue.db")
    backend: Backend = request.getfixturevalue(f"{request.param}_backend")
    backend.lose_all()
    return backend


@pytest.fixture
def queue(backend: Backend) -> Iterator[Queue]:
    queue = backend.open()
    yield queue
    queue.close()
