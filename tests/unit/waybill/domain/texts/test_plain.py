"""What is kept of the output of a run is what its reader would see in the end."""

import pytest

from waybill.domain.texts.plain import plain


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("a\tb\n\n  c\n", "a\tb\n\n  c\n"),
        ("\x1b[1;31mred\x1b[0m \x1b[2K\x1b[?25lbar\x1b[?25h", "red bar"),
        ("\x1b]0;title\x07here \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "here link"),
        ("\x1b(Bascii\x1b=\x1b7", "ascii"),
        ("\r 10%\r 20%\r 30%\nand\r\nso on\r\n", " 30%\nand\nso on\n"),
        ("a\0b\x08c\x7f\x9bd\ud800e", "abcde"),
        ("no end \x1b]0;of it", "no end 0;of it"),
        ("дело \u2603", "дело \u2603"),
    ],
)
def test_only_what_is_read_is_left(printed: str, read: str) -> None:
    assert plain(printed) == read


@pytest.mark.parametrize("part", ["\x1b]", "\x1b[1", "\x1b[1;", "\r", "\x1b", "x\r", "\x1bP\x1b"])
def test_no_text_takes_long(part: str) -> None:
    """It would be minutes if it were quadratic."""
    assert len(plain(part * 200_000)) <= 400_000
