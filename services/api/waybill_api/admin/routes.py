"""The addresses of the web interface."""

from collections.abc import Iterator
from typing import Any

from waybill_api.admin.files import AdminFileHandler, WithoutSlashHandler, admin_files
from waybill_api.admin.page import NoPage
from waybill_api.admin.pages.adding import AddTaskPage
from waybill_api.admin.pages.audit import AuditPage
from waybill_api.admin.pages.failures import FailuresPage
from waybill_api.admin.pages.login import LoginPage, LogoutPage
from waybill_api.admin.pages.overview import OverviewPage
from waybill_api.admin.pages.password import PasswordPage
from waybill_api.admin.pages.people import AccountsPage
from waybill_api.admin.pages.task import TaskHistoryPage, TaskPage
from waybill_api.admin.pages.task_types import AddTaskTypePage, TaskTypePage, TaskTypesPage
from waybill_api.admin.pages.tasks import TasksPage
from waybill_api.admin.pages.workers import WorkersPage
from waybill_api.admin.views import Views
from waybill_api.http.route import Route
from waybill_api.identity.accounts import Accounts


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
