"""Text as words of an index: split at spaces or, in scripts written without spaces, into pairs of characters.

A run of such characters is indexed as each pair of neighbours and the last character: 東京都 as 東京, 京都 and 都.
So a query is a phrase: 東京都 is 東京 followed by 京都. Korean has spaces, but attaches particles to its words, so it
is split the same way.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from unicodedata import category, normalize

DROPPED = (
    (0x0300, 0x036F),  # accents of Latin, Greek and Cyrillic letters
    (0x0483, 0x0487),
    (0x0591, 0x05BD),  # Hebrew points
    (0x05BF, 0x05BF),
    (0x05C1, 0x05C2),
    (0x05C4, 0x05C7),
    (0x0610, 0x061A),  # Arabic vowels
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),  # which picture of a character is meant
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)
"""Marks that users often omit in a query; in other scripts a mark is a vowel, and part of the word."""

SPACELESS = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1100, 0x11FF),  # Hangul
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x3005, 0x3007),  # Han, Hiragana, Katakana, Bopomofo, Hangul
    (0x3021, 0x3029),
    (0x3031, 0x318F),
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0xA4CF),  # Han, Yi
    (0xA960, 0xA9FF),  # Hangul, Javanese, Myanmar
    (0xAA60, 0xAADF),  # Myanmar, Tai Viet
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),  # Han
    (0x1AFF0, 0x1B16F),  # Kana
    (0x20000, 0x3FFFF),  # Han
)
"""Scripts that do not separate words by spaces, or not by spaces alone."""

ASCII_WORD = re.compile("[0-9a-z]+")
ZERO_WIDTH_SPACE = "\u200b"


class Phrase(NamedTuple):
    """A query: words that follow one another in the index."""

    words: tuple[str, ...]
    is_open: bool
    """Whether the last word may be the beginning of a word in the index."""


class _Segment(NamedTuple):
    """A run of characters of one kind."""

    characters: str
    is_spaceless: bool


def words_of(text: str) -> Iterator[str]:
    """Yield the words by which a text is found, in order."""
    single: dict[str, None] = {}
    for segment in _segments(text):
        yield from _closed(segment)
        if segment.is_spaceless:
            single.update(dict.fromkeys(segment.characters))
    # The last character is a word too: a query for one character needs no search by prefix.
    yield from single


def phrase_of(text: str) -> Phrase:
    """Return the phrase that finds a text in the index."""
    *before, last = _segments(text) or [_Segment("", False)]
    words = tuple(word for segment in before for word in _closed(segment))
    if not last.is_spaceless:
        return Phrase((*words, last.characters) if last.characters else words, False)
    if len(last.characters) == 1:
        return Phrase((*words, last.characters), bool(words))
    # In the text, the run may go on after the query.
    return Phrase((*words, *map("".join, pairwise(last.characters))), False)


def _closed(segment: _Segment) -> Iterator[str]:
    if segment.is_spaceless:
        yield from map("".join, pairwise(segment.characters))
        yield segment.characters[-1]
    else:
        yield segment.characters


def _segments(text: str) -> list[_Segment]:
    """Split a text where a word ends or another kind of script begins."""
    if text.isascii():
        return [_Segment(word, False) for word in ASCII_WORD.findall(text.lower())]
    found: list[_Segment] = []
    characters: list[str] = []
    kind = ""
    for character in _plain(text):
        its_kind = _kind(character)
        if character == ZERO_WIDTH_SPACE:
            its_kind = "ignored" if kind == "spaceless" else "separator"
        # A mark belongs to the character before it, in every script.
        if its_kind == "ignored" or (its_kind == "mark" and kind):
            characters += [] if its_kind == "ignored" else [character]
            continue
        its_kind = {"separator": "", "mark": "word"}.get(its_kind, its_kind)
        if its_kind != kind:
            if characters:
                found.append(_Segment("".join(characters), kind == "spaceless"))
            characters, kind = [], its_kind
        if kind:
            characters.append(character)
    if characters:
        found.append(_Segment("".join(characters), kind == "spaceless"))
    return found


def _plain(text: str) -> str:
    """Return a text without differences of width, case and accents."""
    bare = "".join(character for character in normalize("NFKD", text) if not _is_in(DROPPED, character))
    return normalize("NFKC", bare.casefold())


@lru_cache(maxsize=1 << 14)
def _kind(character: str) -> str:
    kind = category(character)
    if kind == "Cf":
        return "ignored"
    if kind[0] not in "LNM" and kind != "Co":
        return "separator"
    if _is_in(SPACELESS, character):
        return "spaceless"
    return "mark" if kind[0] == "M" else "word"


@lru_cache(maxsize=1 << 14)
def _is_in(ranges: tuple[tuple[int, int], ...], character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)
