"""What the audit log says of commands that change the store themselves, since no API runs that would write it down."""

from pydantic import BaseModel

from waybill.domain.audit import Deed
from waybill_api.http.deeds import recorded
from waybill_api.http.endpoint import DONE
from waybill_api.store import commands
from waybill_api.store.store import Store

COMMAND_LINE = "(command line)"
"""The name in the audit log of a person who may write to the data directory."""


async def note(store: Store, action: str, target: str, body: BaseModel) -> None:
    """Append what the call of this name would have left there, with this path and this body."""
    details = recorded({"body": body.model_dump(mode="json", exclude_unset=True)})
    await store.insist(
        commands.audit.record,
        Deed(who=COMMAND_LINE, action=action, target=target, address="", outcome=DONE, details=details),
    )
