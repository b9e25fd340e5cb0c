"""An installation that lives as long as the demonstration."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from signal import SIGTERM

from throwaway.installation import Installation
from throwaway.program import CannotGoOn
from waybill.api_error import ApiUnreachable


@contextlib.contextmanager
def installation() -> Iterator[Installation]:
    """Start an API and a worker in a temporary folder, and remove all of it at the end."""
    with tempfile.TemporaryDirectory(prefix="waybill-demo-") as folder:
        waybill = Installation(Path(folder))
        with waybill.run_api(ending=SIGTERM) as api, waybill.run_worker(ending=SIGTERM, drain_seconds="0") as worker:
            try:
                yield waybill
            except (CannotGoOn, ApiUnreachable) as error:
                raise CannotGoOn(f"{error}\n{api.read()[-2_000:]}{worker.read()[-2_000:]}") from error
