"""The row that says whose database this is, and whether its file may lack what lies in a log."""

from sqlite3 import Connection


def get(connection: Connection) -> str | None:
    """Return the id of the installation, None if none was given yet."""
    row = connection.execute("SELECT id FROM installation").fetchone()
    return None if row is None else str(row[0])


def put(connection: Connection, installation: str) -> None:
    """Say whose database this is, once."""
    connection.execute("INSERT INTO installation (one, id) VALUES (1, ?)", (installation,))


def expects_log(connection: Connection) -> bool:
    """Return whether this very file was in use with a log when it was last written."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'installation'").fetchone() is None:
        return False
    row = connection.execute("SELECT log_of FROM installation").fetchone()
    return row is not None and row[0] == _schema_version(connection)


def begin_log(connection: Connection) -> None:
    """Note that from now on a log belongs to the file."""
    connection.execute("UPDATE installation SET log_of = ?", (_schema_version(connection),))


def end_log(connection: Connection) -> None:
    """Note that the file holds everything once this is in it."""
    connection.execute("UPDATE installation SET log_of = NULL")


def _schema_version(connection: Connection) -> int:
    return int(connection.execute("PRAGMA schema_version").fetchone()[0])
