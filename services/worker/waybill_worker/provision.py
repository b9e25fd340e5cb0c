"""The handlers of a worker, as its settings name them."""

from waybill.settings import Settings
from waybill_worker.exit import CannotStart
from waybill_worker.handlers.catalogue import Catalogue, Sources
from waybill_worker.outside import Outside


def provide(settings: Settings, outside: Outside) -> Catalogue:
    """Load the handlers. Raises CannotLoad, and CannotStart if one of them could never run."""
    sources = Sources(tuple(dict.fromkeys(settings.handlers or ())), settings.exec, settings.exec_type)
    catalogue = outside.handlers(sources, settings.stages)
    apart = catalogue.isolating | catalogue.programs
    if apart and not settings.worker_children:
        raise CannotStart(
            f"the handler {min(apart)} needs processes of its own, and WAYBILL_WORKER_CHILDREN=0 allows none",
            2,
        )
    return catalogue
