"""Pages and what they load, from files that come with the code."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated

from waybill_api.http.endpoint import Endpoint
from waybill_api.http.operation import Header, Path, call
from waybill_api.preconditions.entity_tags import names
from waybill_api.problems import NOT_FOUND, Refusal

MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}
FOLDERS = ("docs", "swagger-ui")

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # Swagger UI's style sheet carries its icons in it
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""What a page may load: its own server's files, and nothing inline."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file in memory, so that no request can name a path of the disk."""

    content: bytes
    media_type: str
    etag: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Return what is served below `/api/static`, by `folder/name`."""
    found: dict[str, StaticFile] = {}
    for folder in FOLDERS:
        read = files_in(files("waybill_api").joinpath("static", folder))
        found |= {f"{folder}/{name}": file for name, file in read.items()}
    return found


def files_in(folder: Traversable) -> dict[str, StaticFile]:
    """Return what lies in a folder, by name; only what a browser loads."""
    found: dict[str, StaticFile] = {}
    for entry in folder.iterdir():
        media_type = MEDIA_TYPES.get(entry.name.rpartition(".")[2])
        if media_type is not None:
            content = entry.read_bytes()
            found[entry.name] = StaticFile(content, media_type, f'"{sha256(content).hexdigest()}"')
    return found


class FileEndpoint(Endpoint):
    """Answers with a file, or with 304 where the browser has it."""

    def serve(self, files: Mapping[str, StaticFile], name: str, if_none_match: str | None) -> None:
        """Finish with the file of this name. Raises Refusal (404)."""
        file = files.get(name)
        if file is None:
            raise Refusal(NOT_FOUND, "There is no such file.")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("ETag", file.etag)
        self.set_header("Content-Security-Policy", POLICY)
        if names(if_none_match, file.etag):
            self.set_status(304)
            self.finish()
            return
        self.set_header("Content-Type", file.media_type)
        self.finish(file.content)


class StaticHandler(FileEndpoint):
    """What pages load."""

    @call("static_file", raises=(NOT_FOUND,))
    async def get(
        self,
        folder: Annotated[str, Path()],
        name: Annotated[str, Path()],
        if_none_match: Annotated[str | None, Header("If-None-Match")] = None,
    ) -> None:
        """Return a script, a style sheet or a picture."""
        self.serve(static_files(), f"{folder}/{name}", if_none_match)


class DocsHandler(FileEndpoint):
    """The documentation of the API, for people."""

    @call("docs")
    async def get(self, if_none_match: Annotated[str | None, Header("If-None-Match")] = None) -> None:
        """Show the calls, and let a person try them."""
        self.serve(static_files(), "docs/index.html", if_none_match)
