"""Calls a worker as soon as a run is taken from it, so that its next heartbeat tells it which run."""

from collections.abc import Callable

from waybill_api.store.writing.unit import Commit


class WorkerCaller:
    """Calls workers, each at most once a commit; it runs in the writer's thread."""

    def __init__(self, call: Callable[[str], None]) -> None:
        """Take the function that calls a worker by its id; it never blocks."""
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
