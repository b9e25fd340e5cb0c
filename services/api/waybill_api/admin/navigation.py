"""The pages that every page leads to."""

from dataclasses import dataclass

from waybill.domain.account import Role


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the navigation; `icon` is the id of a symbol in `static/icons.svg`, `key` follows a `g`."""

    path: str
    title: str
    icon: str
    key: str
    least: Role = Role.VIEWER

    def holds(self, path: str) -> bool:
        """Return whether a path is this page or one below it."""
        return path == self.path or (self.path != HOME and path.startswith(self.path))


HOME = "/admin/"

NAVIGATION = (
    Place(HOME, "Overview", "overview", "o"),
    Place("/admin/tasks/task/", "Tasks", "tasks", "t"),
    Place("/admin/tasks/tasktype/", "Task types", "types", "y"),
    Place("/admin/failures/", "Failures", "failures", "f"),
    Place("/admin/workers/", "Workers", "workers", "w"),
    Place("/admin/audit/", "Audit", "audit", "a", Role.ADMIN),
    Place("/admin/accounts/", "Accounts", "accounts", "c", Role.ADMIN),
)
