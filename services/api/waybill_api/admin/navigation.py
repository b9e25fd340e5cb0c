"""The pages in the navigation of every page."""

from dataclasses import dataclass

from waybill.domain.account import Role


@dataclass(frozen=True, slots=True)
class NavigationEntry:
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
    NavigationEntry(HOME, "Overview", "overview", "o"),
    NavigationEntry("/admin/tasks/task/", "Tasks", "tasks", "t"),
    NavigationEntry("/admin/tasks/tasktype/", "Task types", "types", "y"),
    NavigationEntry("/admin/failures/", "Failures", "failures", "f"),
    NavigationEntry("/admin/workers/", "Workers", "workers", "w"),
    NavigationEntry("/admin/audit/", "Audit", "audit", "a", Role.ADMIN),
    NavigationEntry("/admin/accounts/", "Accounts", "accounts", "c", Role.ADMIN),
)
