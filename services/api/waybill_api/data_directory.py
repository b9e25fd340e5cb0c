"""The data directory at a start: private to its owner, and of one installation."""

import logging
import stat

from waybill import installation
from waybill.host.ownership import check_access, hand_over
from waybill.settings import Settings
from waybill_api.store.opening import CHECK_SECONDS, open_database

log = logging.getLogger(__name__)

OTHERS = 0o077
WRITABLE = 0o002


class OpenToAll(Exception):
    """Every user may write there, and this process may not change that; the message is one line."""


def settle(settings: Settings, *, check: float = CHECK_SECONDS) -> str:
    """Prepare the data directory, and return the id of its installation; the caller holds its lock.

    The check of the database takes up to `check` seconds. Raises DatabaseUnusable, NoInstallation, OpenToAll and
    OSError.
    """
    _close(settings)
    check_access(path for path in settings.files() if path.parent == settings.data_dir)
    known = installation.read(settings.installation_file)
    tokens = (settings.worker_token_file, settings.admin_token_file)
    found = open_database(
        settings.tasks_db,
        known,
        was_there=all(token.exists() for token in tokens),
        wait=settings.lock_wait_seconds,
        check=check,
    )
    if known is None:
        installation.write(settings.installation_file, found)
    hand_over(settings.data_dir, settings.files())
    return found


def leave_a_mark(settings: Settings, found: str) -> None:
    """Write the id anew if the whole directory was removed, so that the next start knows of the installation."""
    if settings.installation_file.exists() or settings.tasks_db.exists():
        return
    try:
        settings.data_dir.mkdir(mode=0o700, exist_ok=True)
        installation.write(settings.installation_file, found)
    except OSError as error:
        log.warning("no trace is left that an installation was here: %s", error, extra={"action": "no_mark"})


def _close(settings: Settings) -> None:
    """Remove the rights of other users, and log the name of each file that is changed."""
    level = logging.WARNING if settings.tasks_db.exists() else logging.DEBUG
    folders = (settings.data_dir, settings.spool_dir, settings.doorbell_dir)
    for path in (settings.data_dir, *settings.files()):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            continue
        if not mode & OTHERS or (path.is_dir() and path not in folders):
            continue
        try:
            path.chmod(mode & ~OTHERS)
        except PermissionError:
            if mode & WRITABLE:
                raise OpenToAll(
                    f"{path} may be written by anybody (mode {mode:04o}) and belongs to another user: chmod o-w {path}"
                ) from None
            log.warning("%s is open to others (mode %04o)", path, mode, extra={"action": "open_to_others"})
        else:
            log.log(
                level,
                "%s was open to others (mode %04o), and is not any more",
                path,
                mode,
                extra={"action": "closed_to_others"},
            )
