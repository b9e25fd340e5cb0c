"""The row with the id of the installation, and with whether the database's file needs its log to be whole."""

from waybill_api.store.engine.database import Connection


def get(connection: Connection) -> str | None:
    """Return the id of the installation, None if there is none yet."""
    row = connection.execute("SELECT id FROM installation").fetchone()
    return None if row is None else str(row[0])


def put(connection: Connection, installation: str) -> None:
    """Set the id of the installation, once."""
    connection.execute("INSERT INTO installation (one, id) VALUES (1, ?)", (installation,))


def expects_log(connection: Connection) -> bool:
    """Return whether this file was in use with a log when it was last written."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'installation'").fetchone() is None:
        return False
    row = connection.execute("SELECT log_of FROM installation").fetchone()
    return row is not None and row[0] == _schema_version(connection)


def begin_log(connection: Connection) -> None:
    """Note that a log belongs to the file from now on."""
    connection.execute("UPDATE installation SET log_of = ?", (_schema_version(connection),))


def end_log(connection: Connection) -> None:
    """Note that the file is whole without a log; this note is the last to reach it."""
    connection.execute("UPDATE installation SET log_of = NULL")


def _schema_version(connection: Connection) -> int:
    return int(connection.execute("PRAGMA schema_version").fetchone()[0])
