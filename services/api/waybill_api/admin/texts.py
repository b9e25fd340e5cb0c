"""Texts that users write, as pages show them: always visible, and without effect on the text around them.

Templates put such a text into a `<bdi>`, so that its writing direction ends with it. A title or a sentence can hold no
element, so there the text stands between the characters that isolate it (Unicode's UAX #9).
"""

import re
import unicodedata

MOST_NAMED = 4
"""How many invisible characters are named at most."""

MOST_LOOKED_AT = 200
"""How many characters are checked, the length of the longest name; if all of them are invisible, the text is too."""

WITHOUT_GLYPH = frozenset({"Cc", "Cf", "Cs", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"})
"""The categories of characters that are invisible alone: controls, formats, marks and spaces."""
BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\U000e0000-\U000e0fff]")
"""Invisible characters of other categories: fillers, and those that are ignored by default."""

CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""The characters that change the direction of others; they are removed, since they could end our own isolation."""
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
"""The blocks of the scripts that run from right to left."""
BEGIN, END = "\u2068", "\u2069"


class Name(str):
    """A text of a user that is a page's title, and so is not translated."""

    __slots__ = ()


def visible(text: object) -> str:
    """Return a text, or the names of its characters if none of them is visible."""
    said = str(text)
    if not said or any(not _is_blank(character) for character in said[:MOST_LOOKED_AT]):
        return said
    named = " ".join(f"U+{ord(character):04X}" for character in said[:MOST_NAMED])
    return f"[{named}{'…' if len(said) > MOST_NAMED else ''}]"


def isolated(text: object) -> str:
    """Return a text for a place without elements, isolated unless it only runs from left to right."""
    said = visible(text)
    if said.isascii() or not (CONTROLS.search(said) or RIGHT_TO_LEFT.search(said)):
        return said
    return f"{BEGIN}{CONTROLS.sub('', said)}{END}"


def escaped(json: str) -> str:
    """Return a JSON text with each character that changes the direction of others written as an escape."""
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def _is_blank(character: str) -> bool:
    return unicodedata.category(character) in WITHOUT_GLYPH or BLANK.match(character) is not None
