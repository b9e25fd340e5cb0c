"""Who may call what: one table, and the tokens of the callers."""

import hashlib
import hmac
import ipaddress
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from urllib.parse import urlsplit

from waybill.address import UNIX
from waybill.domain.account import Role, Session
from waybill_api.identity.sessions import XSRF_HEADER, Sessions, has_xsrf_token
from waybill_api.problems import CROSS_SITE, FORBIDDEN, MISDIRECTED, UNAUTHENTICATED, XSRF, Refusal

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
ANY_HOST = "*"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class BadToken(Exception):
    """A token's file contains something that no header can carry; the message is one line."""


class Scope(IntEnum):
    """What a call demands of its caller; a higher role may do all that a lower one may."""

    ALL = 0
    """Every client, always."""
    CLIENT = 1
    """Every client while no API token is set; otherwise clients that send a token."""
    REPORTER = 2
    """Workers and services that report."""
    OPERATOR = 3
    """A session of an operator, or the administrator's token."""
    ADMIN = 4
    """A session of an administrator, or the administrator's token."""


Needs = Scope | Role
"""What a call demands of its caller: a scope or, for pages, a session with this role or a higher one."""


SCOPES: dict[str, Needs] = {
    "create_task": Scope.CLIENT,
    "create_tasks": Scope.CLIENT,
    "list_tasks": Scope.CLIENT,
    "change_tasks": Scope.CLIENT,  # but deleting them needs ADMIN
    "list_failures": Scope.CLIENT,
    "get_statistics": Scope.CLIENT,
    "suggest": Scope.CLIENT,
    "get_task": Scope.CLIENT,
    "report_on_task": Scope.REPORTER,
    "delete_task": Scope.ADMIN,
    "cancel_task": Scope.CLIENT,
    "retry_task": Scope.CLIENT,
    "report": Scope.REPORTER,
    "list_task_events": Scope.CLIENT,
    "list_task_stages": Scope.CLIENT,
    "list_run_logs": Scope.CLIENT,
    "put_run_log": Scope.REPORTER,
    "put_run_logs": Scope.REPORTER,
    "list_events": Scope.CLIENT,
    "list_task_types": Scope.CLIENT,
    "get_task_type": Scope.CLIENT,
    "list_type_stages": Scope.CLIENT,
    "create_task_type": Scope.ADMIN,
    "change_task_type": Scope.ADMIN,
    "declare_task_type": Scope.REPORTER,
    "delete_task_type": Scope.ADMIN,
    "pause_task_type": Scope.ADMIN,
    "resume_task_type": Scope.ADMIN,
    "list_workers": Scope.CLIENT,
    "drain_worker": Scope.OPERATOR,
    "resume_worker": Scope.OPERATOR,
    "beat": Scope.REPORTER,
    "say_gone": Scope.REPORTER,
    "list_accounts": Scope.ADMIN,
    "get_account": Scope.ADMIN,
    "create_account": Scope.ADMIN,
    "change_account": Scope.ADMIN,
    "delete_account": Scope.ADMIN,
    "list_deeds": Scope.ADMIN,
    "healthz": Scope.ALL,
    "readyz": Scope.ALL,
    "metrics": Scope.ALL,
    "openapi": Scope.ALL,
    "docs": Scope.ALL,
    "static_file": Scope.ALL,
    "start_page": Scope.ALL,
    "admin_file": Scope.ALL,
    "admin_without_slash": Scope.ALL,
    "login_page": Scope.ALL,
    "log_in": Scope.ALL,
    "log_out": Role.VIEWER,
    "overview_page": Role.VIEWER,
    "tasks_page": Role.VIEWER,
    "task_page": Role.VIEWER,
    "task_history_page": Role.VIEWER,
    "add_task_page": Role.OPERATOR,
    "task_types_page": Role.VIEWER,
    "add_task_type_page": Role.ADMIN,
    "task_type_page": Role.VIEWER,
    "failures_page": Role.VIEWER,
    "workers_page": Role.VIEWER,
    "audit_page": Role.ADMIN,
    "accounts_page": Role.ADMIN,
    "password_page": Role.VIEWER,
    "change_password": Role.VIEWER,
}
"""What each call demands, by its name; a call that is not here cannot be routed."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a request."""

    scope: Scope = Scope.ALL
    """The scope of the token; ALL without one."""
    session: Session | None = None
    """The login, if the request comes from a page."""


NOBODY = Caller()
"""A caller without token and session."""


class Access:
    """Decides about requests by their headers alone, before a body is read."""

    def __init__(
        self, tokens: Mapping[Scope, str], *, hosts: Iterable[str] = (), sessions: Sessions | None = None
    ) -> None:
        """Take the token of each scope, the host names for anonymous requests (`*`: any), and the sessions."""
        self._digests = [(scope, _digest(token)) for scope, token in tokens.items()]
        self._anonymous = Scope.ALL if Scope.CLIENT in tokens else Scope.CLIENT
        self._hosts = frozenset(host.lower().strip("[]") for host in hosts) | LOCAL_NAMES
        self._sessions = sessions

    def check(self, needs: Needs, method: str, headers: Mapping[str, str], *, is_form: bool = False) -> Caller:
        """Return the caller, or raise Refusal (421, 403 or 401) if the request is not allowed.

        A token counts before a session. A form has its xsrf token in the body, so the handler of the form checks it.
        """
        self._check_host(headers)
        if method not in SAFE_METHODS:
            self._check_site(headers)
        session = self.session(headers)
        if session is not None:
            self._check_session(session, needs, method, headers, is_form)
            return Caller(session=session)
        if isinstance(needs, Role):
            raise Refusal(UNAUTHENTICATED, "Log in first.")
        role = self._role(headers)
        if needs <= self._anonymous:
            # A token that the call does not need still names its caller; a wrong one is ignored.
            return NOBODY if role is None else Caller(role)
        if role is None:
            raise Refusal(
                UNAUTHENTICATED, "Send a valid token as Authorization: Bearer.", headers={"WWW-Authenticate": "Bearer"}
            )
        if role < needs:
            raise Refusal(FORBIDDEN, f"This call is for the role {needs.name.lower()}.")
        return Caller(role)

    def session(self, headers: Mapping[str, str]) -> Session | None:
        """Return the session that counts for a request; None if it has none, if it has ended, or if a token is sent."""
        if self._sessions is None or "Cookie" not in headers or _is_bearer(headers.get("Authorization", "")):
            return None
        return self._sessions.find(headers)

    def _check_session(
        self, session: Session, needs: Needs, method: str, headers: Mapping[str, str], is_form: bool
    ) -> None:
        if method not in SAFE_METHODS and not is_form and not has_xsrf_token(headers, headers.get(XSRF_HEADER, "")):
            raise Refusal(XSRF, f"Send the token of your session's cookie as {XSRF_HEADER}, or no session at all.")
        least = least_role(needs, method)
        if least is not None and session.role < least:
            raise Refusal(FORBIDDEN, f"This needs the role {least.name.lower()}; yours is {session.role.name.lower()}.")

    def _role(self, headers: Mapping[str, str]) -> Scope | None:
        # Without one, Tornado's `get` raises and catches an exception, and most requests have none.
        if "Authorization" not in headers:
            return None
        authorization = headers["Authorization"]
        if not _is_bearer(authorization):
            return None
        given = _digest(authorization.partition(" ")[2].strip())
        matching = [scope for scope, digest in self._digests if hmac.compare_digest(given, digest)]
        return max(matching, default=None)

    def _check_host(self, headers: Mapping[str, str]) -> None:
        """Refuse foreign host names while every client may call: a web page could have pointed its own name here."""
        if self._anonymous is Scope.ALL or ANY_HOST in self._hosts:
            return
        if _host_name(headers.get("Host", "")) not in self._hosts:
            raise Refusal(MISDIRECTED, "This server does not answer for that host; see WAYBILL_ALLOWED_HOSTS.")

    def _check_site(self, headers: Mapping[str, str]) -> None:
        """Refuse what a browser sends for a page of another site; other clients send neither header."""
        if "Sec-Fetch-Site" not in headers and "Origin" not in headers:
            return
        site = headers.get("Sec-Fetch-Site", "none").lower()
        origin = headers.get("Origin")
        if site == "cross-site" or (origin is not None and not self._is_ours(origin, headers.get("Host", ""))):
            raise Refusal(CROSS_SITE, "Requests that change something are not taken from other sites.")

    def _is_ours(self, origin: str, host: str) -> bool:
        try:
            there = urlsplit(origin)
            name = there.hostname
        except ValueError:
            return False
        return name is not None and (there.netloc.lower() == host.lower() or name in self._hosts - LOCAL_NAMES)


def least_role(needs: Needs, method: str) -> Role | None:
    """Return the lowest role that a person needs for a call; None if every client may make it."""
    if isinstance(needs, Role):
        return needs
    if needs is Scope.ALL:
        return None
    if needs is Scope.OPERATOR:
        return Role.OPERATOR
    if needs is Scope.CLIENT:
        return Role.VIEWER if method in SAFE_METHODS else Role.OPERATOR
    return Role.ADMIN


def tokens_in(worker: Path, admin: Path, api_token: str | None) -> dict[Scope, str]:
    """Return the token of each scope, and make missing ones; the caller holds the data directory's lock.

    Raises BadToken, OSError.
    """
    tokens = {Scope.REPORTER: _token_in(worker), Scope.ADMIN: _token_in(admin)}
    if api_token is not None:
        tokens[Scope.CLIENT] = api_token
    return tokens


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens at `host`."""
    if host.lower() == "localhost" or host.startswith(UNIX):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _token_in(path: Path) -> str:
    """Read a token file, or make one; a crash leaves either no file or a whole one."""
    if path.exists() and (token := path.read_bytes().decode("ascii", "replace").strip()):
        if not all("!" <= character <= "~" for character in token):
            raise BadToken(f"{path} holds no token, which has visible ASCII characters: remove it, and one is made")
        path.chmod(0o600)
        return token
    token = secrets.token_urlsafe(32)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(descriptor)
    draft.rename(path)
    return token


def _is_bearer(authorization: str) -> bool:
    return authorization.partition(" ")[0].lower() == "bearer"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _host_name(host: str) -> str:
    """Return the name of a Host header without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
