"""Settings: environment variables with the prefix WAYBILL_, or the same in a file `.env`."""

import errno
import ipaddress
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from waybill.address import UNIX, api_address, socket_path
from waybill.address import root_path as valid_path
from waybill.domain.names import TYPE_NAME
from waybill.host.os_error import told
from waybill.host.ownership import make_folder
from waybill.queue.url import FORMS, checked

PREFIX = "WAYBILL_"
UNSPECIFIED = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""The address to call if a server listens on every address; Tornado's `::` takes no IPv4 connections."""

SHARE_RESERVED = 20
"""By default a worker reserves one of this many slots: a twentieth."""

LEAST_RESERVED = ((20, 2), (4, 1))
"""Pairs (slots, reserve): a worker with at least `slots` reserves at least `reserve` of them."""


class SettingsError(Exception):
    """A setting is invalid; the message is one line that names the variable and what is allowed."""


class Settings(BaseSettings):
    """The settings of an installation; a field's description says which values are allowed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    host: str = Field(
        default="127.0.0.1",
        pattern=r"^(unix:/.*|[0-9A-Za-z.:_-]+)$",
        description="a host name or an IP address, or unix:/path of a socket, whose path may have 107 bytes",
    )
    port: int = Field(default=8000, ge=0, le=65_535, description="a whole number from 0 to 65535")
    socket_mode: str = Field(default="660", pattern=r"^0?[67][0-7]{2}$", description="an octal number from 600 to 777")
    root_path: Annotated[str, AfterValidator(valid_path)] = Field(
        default="", description="a path such as /waybill, of letters, digits and the signs / - . _ ~"
    )
    trusted_proxies: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="IP addresses and networks, or the word unix, separated by commas"
    )
    data_dir: Path = Field(default=Path("data"), description="a directory, or a path where one can be made")
    queue_url: SecretStr | None = Field(default=None, description=FORMS)
    api_url: str | None = Field(
        default=None,
        description="an http:// or https:// address without user, password, query and fragment, or unix:/path",
    )
    api_token: SecretStr | None = Field(default=None, description="visible ASCII characters without spaces")
    stages: Annotated[list[str] | None, NoDecode] = Field(
        default=None, min_length=1, description="names of handlers separated by commas"
    )
    handlers: Annotated[list[str] | None, NoDecode] = Field(
        default=None, min_length=1, description="files that end in .py and names of modules, separated by commas"
    )
    reload: bool = Field(default=False, description="1 or 0")
    exec: str | None = Field(default=None, description="the command line of a program")
    exec_type: str | None = Field(
        default=None,
        pattern=TYPE_NAME,
        validate_default=True,
        description="the name of a type, which goes together with WAYBILL_EXEC",
    )
    worker_slots: int = Field(default=600, ge=1, le=10_000, description="a whole number from 1 to 10000")
    worker_children: int = Field(default=16, ge=0, le=1_000, description="a whole number from 0 to 1000")
    creates_per_minute: int = Field(default=0, ge=0, le=1_000_000, description="a whole number from 0 to 1000000")
    reserved_slots: int | None = Field(default=None, ge=0, le=10_000, description="a whole number from 0 to 10000")
    connections: int | None = Field(default=None, ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
    long_polls: int = Field(default=1_000, ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
    streams: int = Field(default=200, ge=1, le=100_000, description="a whole number from 1 to 100000")
    streams_per_client: int = Field(default=20, ge=1, le=100_000, description="a whole number from 1 to 100000")
    lists: int = Field(default=50, ge=1, le=10_000, description="a whole number from 1 to 10000")
    drain_seconds: float = Field(default=25.0, ge=0, allow_inf_nan=False, description="a number of seconds, 0 or more")
    lock_wait_seconds: float = Field(
        default=30.0, ge=0, allow_inf_nan=False, description="a number of seconds, 0 or more"
    )
    allow_anonymous_off_loopback: bool = Field(default=False, description="1 or 0")
    allow_demo_login: bool = Field(default=False, description="1 or 0")
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="host names separated by commas"
    )
    parent: int | None = Field(default=None, ge=1, description="the id of a process")
    log_level: Literal["debug", "info", "warning", "error", "critical"] = Field(
        default="info", description="debug, info, warning, error or critical"
    )

    @classmethod
    def load(cls) -> Self:
        """Read the environment and `.env`. Raises SettingsError."""
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError("; ".join(sorted({cls._complaint(dict(one)) for one in error.errors()}))) from None
        except OSError as error:
            raise SettingsError(told(error)) from None
        except UnicodeDecodeError as error:
            raise SettingsError(f".env cannot be read: {error}") from None

    @property
    def base_url(self) -> str:
        """The address at which workers and clients reach the API, without a final slash."""
        if self.api_url is not None:
            return self.api_url
        if self.socket_path is not None:
            return f"{UNIX}{self.socket_path}"
        host = UNSPECIFIED.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def web_url(self) -> str | None:
        """The address of the web interface, without a final slash; None if only a proxy knows it."""
        url = self.api_url or f"{self.base_url}{self.root_path}"
        return None if url.startswith(UNIX) else url

    @property
    def socket_path(self) -> Path | None:
        """The UNIX socket at which the API listens, None if it listens at a port."""
        return socket_path(self.host)

    @property
    def reserve(self) -> int:
        """How many slots a worker reserves for urgent tasks and for types that do not fill it."""
        if self.reserved_slots is not None:
            return min(self.reserved_slots, self.worker_slots - 1)
        least = next((least for slots, least in LEAST_RESERVED if self.worker_slots >= slots), 0)
        return max(least, self.worker_slots // SHARE_RESERVED)

    @property
    def tasks_db(self) -> Path:
        """The database of tasks, the truth; only the API writes it."""
        return self.data_dir / "tasks.db"

    @property
    def queue_db(self) -> Path:
        """The queue: a hint that may be deleted at any time."""
        return self.data_dir / "queue.db"

    @property
    def queue_location(self) -> str:
        """The queue's URL, for `open_queue`: what is set, or that of the file in the data directory."""
        return self.queue_url.get_secret_value() if self.queue_url else f"sqlite:///{quote(str(self.queue_db))}"

    @property
    def lock_file(self) -> Path:
        """The file whose lock allows a process to write `tasks_db`."""
        return self.data_dir / "tasks.lock"

    @property
    def spool_dir(self) -> Path:
        """The folder with the reports that workers could not deliver yet."""
        return self.data_dir / "spool"

    @property
    def doorbell_dir(self) -> Path:
        """The folder with the doorbells that wake workers."""
        return self.data_dir / "doorbells"

    @property
    def worker_token_file(self) -> Path:
        """The token that reporters send."""
        return self.data_dir / "worker.token"

    @property
    def admin_token_file(self) -> Path:
        """The token that administrators send."""
        return self.data_dir / "admin.token"

    @property
    def installation_file(self) -> Path:
        """The file with the id of the data directory's installation."""
        return self.data_dir / "installation"

    def files(self) -> Iterator[Path]:
        """Yield every path that Waybill uses in the data directory, whether it exists or not."""
        for database in (self.tasks_db, self.queue_db):
            for suffix in ("", "-wal", "-shm", "-journal"):
                yield database.with_name(database.name + suffix)
        yield from (self.worker_token_file, self.admin_token_file, self.lock_file, self.installation_file)
        for folder in (self.spool_dir, self.doorbell_dir):
            yield folder
            with suppress(OSError):
                yield from folder.iterdir()

    def make_data_dir(self) -> None:
        """Make the data directory, for its owner only, unless it exists. Raises SettingsError."""
        try:
            make_folder(self.data_dir)
        except OSError as error:
            raise SettingsError(f"{PREFIX}DATA_DIR: {self.data_dir} cannot be made: {error.strerror}") from None
        if not os.access(self.data_dir, os.R_OK | os.W_OK | os.X_OK):
            denied = PermissionError(errno.EACCES, "it is not writable for this user", str(self.data_dir))
            raise SettingsError(f"{PREFIX}DATA_DIR: {told(denied)}")

    @field_validator("data_dir")
    @classmethod
    def _is_no_file(cls, value: Path) -> Path:
        if value.exists() and not value.is_dir():
            raise ValueError("not a directory")
        # A handler in this process may change the working directory.
        return value.absolute()

    @field_validator("queue_url")
    @classmethod
    def _is_a_queue(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            checked(value.get_secret_value())
        return value

    @field_validator("api_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.isascii():
            raise ValueError("not an address of an API")
        return api_address(value)

    @field_validator("host")
    @classmethod
    def _is_socket(cls, value: str) -> str:
        path = socket_path(value)
        return value if path is None else f"{UNIX}{path}"

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        for name in set(value) - {"unix"}:
            ipaddress.ip_network(name, strict=False)
        return value

    @field_validator("api_token")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not all("!" <= character <= "~" for character in value.get_secret_value()):
            raise ValueError("cannot be sent in a header")
        return value

    @field_validator("handlers")
    @classmethod
    def _are_places(cls, value: list[str] | None) -> list[str] | None:
        return None if value is None else [_place(one) for one in value]

    @field_validator("exec_type")
    @classmethod
    def _has_a_program(cls, value: str | None, info: ValidationInfo) -> str | None:
        if (value is None) != (info.data.get("exec") is None):
            raise ValueError("one needs the other")
        return value

    @field_validator("allowed_hosts", "trusted_proxies", "handlers", "stages", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [name.strip() for name in value.split(",") if name.strip()]
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @classmethod
    def _complaint(cls, error: dict[str, Any]) -> str:
        name = str(error["loc"][0])
        field = cls.model_fields[name]
        # An invalid address may contain a password or a token.
        is_secret = name == "api_token" or (
            name in ("api_url", "queue_url") and any(one in str(error["input"]) for one in "@?")
        )
        said = "" if is_secret else f", not {error['input']!r:.100}"
        return f"{PREFIX}{name.upper()} must be {field.description}{said}"


def _place(text: str) -> str:
    """Return a file's absolute path, or the name of a module. Raises ValueError if it is neither."""
    if text.endswith(".py"):
        # A handler may change the working directory.
        return os.path.abspath(text)
    if not all(part.isidentifier() for part in text.split(".")):
        raise ValueError("neither a Python file nor a module")
    return text
