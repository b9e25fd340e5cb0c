"""The files that pages load: style sheets, scripts, icons and words."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated

from waybill_api.handlers.service.static import FileEndpoint, StaticFile, files_in
from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import Header, Path, call
from waybill_api.problems import NOT_FOUND


@cache
def admin_files() -> Mapping[str, StaticFile]:
    """Return the files below `/admin/static`, by name."""
    here = files(__package__)
    return files_in(here / "static") | files_in(here / "locales")


class AdminFileHandler(FileEndpoint):
    """A file that pages load."""

    @call("admin_file", raises=(NOT_FOUND,))
    async def get(
        self,
        name: Annotated[str, Path()],
        if_none_match: Annotated[str | None, Header("If-None-Match")] = None,
    ) -> None:
        """Return a script, a style sheet, a picture or words."""
        self.serve(admin_files(), name, if_none_match)


class WithoutSlashHandler(Endpoint):
    """An address of a page whose last slash is missing."""

    @call("admin_without_slash", 301)
    async def get(self, next: str = "") -> None:
        """Redirect to the address with the slash."""
        query = f"?{self.request.query}" if self.request.query else ""
        self.set_header("Location", f"{self.request.path}/{query}")
