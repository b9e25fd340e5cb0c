"""What a program prints, as it is read in the end: without what only moves a terminal's cursor."""

import re

ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
"""The escape sequences of ECMA-48, such as those that set colours; no part can match an escape, so it is linear."""

CONTROLS = {
    code: None for code in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)) if chr(code) not in "\n\t"
}


def plain(text: str) -> str:
    """Return a text without escape sequences and control characters, and of an overwritten line the last state."""
    lines = ESCAPES.sub("", text).split("\n") if "\x1b" in text else text.split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines).translate(CONTROLS)
