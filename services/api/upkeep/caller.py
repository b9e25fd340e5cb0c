"""Who is told at once that a run was taken from it: its worker beats, and so learns which."""

from collections.abc import Callable

from services.api.store.unit import Commit


class Caller:
    """Calls workers, each at most once for a commit; it runs in the writer's thread."""

    def __init__(self, call: Callable[[str], None]) -> None:
        """Take what calls a worker by its id, without ever blocking."""
        self._call = call

    def notice(self, commit: Commit) -> None:
        """Call every worker from which this commit has taken a run."""
        workers = {
            after.leaving: None
            for before, after in commit.changes
            if after is not None and after.leaving is not None and (before is None or before.leaving != after.leaving)
        }
        for worker_id in workers:
            self._call(worker_id)
