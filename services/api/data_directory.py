"""The data directory as a start finds it: for its owner only, its owner's throughout, and of one installation."""

import logging
import stat

from services.api.store.opening import CHECK_SECONDS, open_database
from shared import installation
from shared.ownership import check_access, hand_over
from shared.settings import Settings

log = logging.getLogger(__name__)

OTHERS = 0o077
WRITABLE = 0o002


class OpenToAll(Exception):
    """Anybody may write there, and this process may not change that; the message is one line."""


def settle(settings: Settings, *, check: float = CHECK_SECONDS) -> str:
    """Bring the data directory into order, and return the id of its installation; the lock on it has to be held.

    A look through the database takes up to `check` seconds. Raises DatabaseUnusable, NoInstallation, OpenToAll and
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
    """Have the next start see that an installation was here, should the whole directory have been taken away."""
    if settings.installation_file.exists() or settings.tasks_db.exists():
        return
    try:
        settings.data_dir.mkdir(mode=0o700, exist_ok=True)
        installation.write(settings.installation_file, found)
    except OSError as error:
        log.warning("no trace is left that an installation was here: %s", error, extra={"action": "no_mark"})


def _close(settings: Settings) -> None:
    """Take from others what they may do here, and name each file of which that is so."""
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
