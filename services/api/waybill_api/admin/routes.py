"""The addresses of the web interface."""

from collections.abc import Iterator

from waybill_api.admin.files import AdminFileHandler, WithoutSlashHandler
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
from waybill_api.http.route import Route


def admin_routes() -> Iterator[Route]:
    """Yield the routes of the pages, and of the files that they load."""
    yield Route("/admin/", OverviewPage)
    yield Route("/admin/login/", LoginPage)
    yield Route("/admin/logout/", LogoutPage)
    yield Route("/admin/tasks/task/", TasksPage)
    yield Route("/admin/tasks/task/add/", AddTaskPage)
    yield Route("/admin/tasks/task/{task_id}/", TaskPage)
    yield Route("/admin/tasks/task/{task_id}/history/", TaskHistoryPage)
    yield Route("/admin/tasks/tasktype/", TaskTypesPage)
    yield Route("/admin/tasks/tasktype/-/add/", AddTaskTypePage)
    yield Route("/admin/tasks/tasktype/{name}/", TaskTypePage)
    yield Route("/admin/failures/", FailuresPage)
    yield Route("/admin/workers/", WorkersPage)
    yield Route("/admin/audit/", AuditPage)
    yield Route("/admin/accounts/", AccountsPage)
    yield Route("/admin/password/", PasswordPage)
    yield Route("/admin/static/{name}", AdminFileHandler)
    for path in ("/admin", "/admin/login"):
        yield Route(path, WithoutSlashHandler)
    yield Route("/admin/{*}", NoPage)
