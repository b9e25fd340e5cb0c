"""What takes the place of an end that the API does not accept."""

import json

from shared.domain.status import ErrorCode, Status
from shared.spool import Parcel

NOT_ACCEPTED = "the report of how this run ended was not accepted"


def plain_failure(parcel: Parcel) -> Parcel | None:
    """Return a final report that takes the place of one that was not accepted; None where it was that already."""
    try:
        report = json.loads(parcel.text)
        if (report.get("error") or {}).get("message") == NOT_ACCEPTED:
            return None
        plain = {name: report[name] for name in ("task_id", "attempt", "source", "run", "claim")}
        plain["seq"] = report["seq"] + 1
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    plain |= {"status": Status.ERROR, "error": {"code": ErrorCode.FAILED, "message": NOT_ACCEPTED}}
    return Parcel(parcel.task_id, parcel.run, True, json.dumps(plain))
