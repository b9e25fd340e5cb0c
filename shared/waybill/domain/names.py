"""The valid form of names and other short texts."""

import re

CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
CONTROL_CHARACTERS = re.compile(f"[{CONTROLS}]")
UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
TYPE_NAME = r"^[a-z][a-z0-9_.-]{0,63}$"
STAGE_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}$"
ROUTE = rf"{TYPE_NAME[:-1]}(/[^{CONTROLS}]{{1,128}})?$"
WORKER_ID = r"^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}$"


def one_line(text: str) -> str:
    """Return the text. Raises ValueError if it is blank or holds control characters."""
    if not text.strip():
        raise ValueError("must not be blank")
    if CONTROL_CHARACTERS.search(text):
        raise ValueError("must not hold control characters")
    return text
