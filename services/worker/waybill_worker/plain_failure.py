"""The final report that replaces one which the API does not accept."""

import json

from waybill.delivery.spool import Parcel
from waybill.domain.status import ErrorCode, Status
from waybill.encoding import bounded

NOT_ACCEPTED = "the report of how this run ended was not accepted"


def plain_failure(parcel: Parcel, reason: str | None) -> Parcel | None:
    """Return a final report, with the API's reason, that replaces a refused one.

    None if the refused one was such a report already.
    """
    try:
        report = json.loads(parcel.text)
        if str((report.get("error") or {}).get("message")).startswith(NOT_ACCEPTED):
            return None
        plain = {name: report[name] for name in ("task_id", "attempt", "source", "run", "claim")}
        plain["seq"] = report["seq"] + 1
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    message = bounded(f"{NOT_ACCEPTED}: {reason or 'no reason was given'}")
    plain |= {"status": Status.ERROR, "error": {"code": ErrorCode.FAILED, "message": message}}
    return Parcel(parcel.task_id, parcel.run, True, json.dumps(plain))
