"""Every query on `accounts`."""

from waybill.domain.account import Account, Role
from waybill_api.store.engine.database import Connection

COLUMNS = "name, password, role, is_demo, created_at"

FRESH = """
    SELECT NOT EXISTS (SELECT 1 FROM accounts) AND NOT EXISTS (SELECT 1 FROM tasks)
       AND NOT EXISTS (SELECT 1 FROM task_types WHERE name <> 'sleep')
"""


def _account(row: tuple[str, str, int, int, int]) -> Account:
    name, password, role, is_demo, created_at = row
    return Account(name=name, password=password, role=Role(role), is_demo=bool(is_demo), created_at=created_at)


def get(connection: Connection, name: str) -> Account | None:
    """Return one account; None if there is none."""
    row = connection.execute(f"SELECT {COLUMNS} FROM accounts WHERE name = ?", (name,)).fetchone()
    return None if row is None else _account(row)


def everything(connection: Connection) -> list[Account]:
    """Return all accounts, by name."""
    return [_account(row) for row in connection.execute(f"SELECT {COLUMNS} FROM accounts ORDER BY name")]


def insert(connection: Connection, account: Account) -> None:
    """Add an account."""
    values = (account.name, account.password, account.role, account.is_demo, account.created_at)
    connection.execute(f"INSERT INTO accounts ({COLUMNS}) VALUES (?, ?, ?, ?, ?)", values)


def update(connection: Connection, account: Account) -> None:
    """Change an account; its sessions end with that, by a trigger."""
    values = (account.password, account.role, account.is_demo, account.name)
    connection.execute("UPDATE accounts SET password = ?, role = ?, is_demo = ? WHERE name = ?", values)


def delete(connection: Connection, name: str) -> None:
    """Remove an account; its sessions go with it, by a trigger."""
    connection.execute("DELETE FROM accounts WHERE name = ?", (name,))


def is_fresh(connection: Connection) -> bool:
    """Return whether there is nothing but the type that comes with the first migration."""
    return bool(connection.execute(FRESH).fetchone()[0])
