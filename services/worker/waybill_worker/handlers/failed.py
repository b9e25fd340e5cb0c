"""A failure that says in its own words why a task has failed."""


class Failed(Exception):
    """A task has failed; the message is the whole reason, since the traceback would tell its user nothing."""

    def __init__(self, message: str, detail: str | None = None) -> None:
        """Take the reason, and for `error.detail` what else is known, such as the last lines of stderr."""
        super().__init__(message)
        self.detail = detail
