"""What to do with parcels after the API's answers."""

import logging
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from waybill.client.calls import Answer
from waybill.delivery.spool import Parcel

logger = logging.getLogger(__name__)


class Verdict(Enum):
    """What to do with a parcel after the API's answer to it."""

    DONE = "done"
    """It has arrived, or does not have to."""
    SET_ASIDE = "set aside"
    """It will never be accepted: a dead letter."""
    LATER = "later"
    """Its task is not known yet: it is retried for a while, and then set aside."""


Judge = Callable[[Parcel, Answer], Verdict]


class Delivered(NamedTuple):
    """How many of the first parcels are done with, and the dead letters (reason, text) among them."""

    done: int
    dead: list[tuple[str, str]]


def dead_letter(parcel: Parcel, answer: Answer) -> tuple[str, str]:
    """Return the dead letter (reason, text) of a parcel, and log that there is one."""
    reason = f"{answer.outcome}: {answer.detail or 'no detail'}"
    logger.warning("A report on task %s was not accepted: %s", parcel.task_id, reason)
    return reason, parcel.text
