"""What people write, as it may stand in a page: never without a glyph, and never out of its place.

In a template a text of theirs stands in a `<bdi>`, whose direction ends with it. Where no element can stand, as in a
title or a sentence, it is put between the characters that isolate it (Unicode's UAX #9).
"""

import re
import unicodedata

MOST_NAMED = 4
"""How many of the characters that cannot be seen are named."""

MOST_LOOKED_AT = 200
"""As many as a name has; a longer text that begins with so many of them counts as one that cannot be seen."""

WITHOUT_GLYPH = frozenset({"Cc", "Cf", "Cs", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"})
"""The categories of characters that show nothing by themselves: controls, formats, marks and spaces."""
BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\U000e0000-\U000e0fff]")
"""Characters of other categories that show nothing either: fillers, and what is ignored by default."""

CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""The characters that order others about; inside of our own pair they could only break it up."""
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
"""The blocks of the scripts that run from right to left."""
BEGIN, END = "\u2068", "\u2069"


class Name(str):
    """A text of people's that is a page's title; it is no English to be translated."""

    __slots__ = ()


def visible(text: object) -> str:
    """Return a text, or the names of its characters where none of them can be seen."""
    said = str(text)
    if not said or any(not _is_blank(character) for character in said[:MOST_LOOKED_AT]):
        return said
    named = " ".join(f"U+{ord(character):04X}" for character in said[:MOST_NAMED])
    return f"[{named}{'…' if len(said) > MOST_NAMED else ''}]"


def isolated(text: object) -> str:
    """Return a text for where no element can stand; one that only runs from left to right needs nothing."""
    said = visible(text)
    if said.isascii() or not (CONTROLS.search(said) or RIGHT_TO_LEFT.search(said)):
        return said
    return f"{BEGIN}{CONTROLS.sub('', said)}{END}"


def escaped(json: str) -> str:
    """Return a JSON text in which no character orders others about: each is said by its number, as JSON can."""
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def _is_blank(character: str) -> bool:
    return unicodedata.category(character) in WITHOUT_GLYPH or BLANK.match(character) is not None
