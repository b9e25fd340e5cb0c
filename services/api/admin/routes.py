"""The addresses of the web interface."""

from collections.abc import Iterator
from typing import Any

from services.api.admin.accounts import Accounts
from services.api.admin.adding import AddTaskPage
from services.api.admin.audit import AuditPage
from services.api.admin.failures import FailuresPage
from services.api.admin.files import AdminFileHandler, WithoutSlashHandler, admin_files
from services.api.admin.login import LoginPage, LogoutPage
from services.api.admin.overview import OverviewPage
from services.api.admin.page import NoPage
from services.api.admin.password import PasswordPage
from services.api.admin.people import AccountsPage
from services.api.admin.task import TaskHistoryPage, TaskPage
from services.api.admin.task_types import AddTaskTypePage, TaskTypePage, TaskTypesPage
from services.api.admin.tasks import TasksPage
from services.api.admin.views import Views
from services.api.admin.workers import WorkersPage
from services.api.routes import Route


def admin_routes(store: Any, workers: Any, accounts: Accounts) -> Iterator[Route]:
    """Yield the pages and what they load."""
    page = {"views": Views(), "accounts": accounts, "store": store}
    yield Route("/admin/", OverviewPage, page | {"workers": workers})
    yield Route("/admin/login/", LoginPage, page)
    yield Route("/admin/logout/", LogoutPage, page)
    yield Route("/admin/tasks/task/", TasksPage, page)
    yield Route("/admin/tasks/task/add/", AddTaskPage, page)
    yield Route("/admin/tasks/task/{task_id}/", TaskPage, page)
    yield Route("/admin/tasks/task/{task_id}/history/", TaskHistoryPage, page)
    yield Route("/admin/tasks/tasktype/", TaskTypesPage, page)
    yield Route("/admin/tasks/tasktype/-/add/", AddTaskTypePage, page)
    yield Route("/admin/tasks/tasktype/{name}/", TaskTypePage, page)
    yield Route("/admin/failures/", FailuresPage, page)
    yield Route("/admin/workers/", WorkersPage, page | {"workers": workers})
    yield Route("/admin/audit/", AuditPage, page)
    yield Route("/admin/accounts/", AccountsPage, page)
    yield Route("/admin/password/", PasswordPage, page)
    yield Route("/admin/static/{name}", AdminFileHandler, {"files": admin_files()})
    for path in ("/admin", "/admin/login"):
        yield Route(path, WithoutSlashHandler)
    yield Route("/admin/{*}", NoPage, page)
