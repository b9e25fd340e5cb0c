"""Words are found in every script, however they are written."""

import sqlite3
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill_api.search.words import phrase_of, words_of

MIGRATIONS = Path(__file__).resolve().parents[4] / "services/api/waybill_api/store/engine/migrations"


def index(*texts: str) -> Callable[[str], list[int]]:
    """Put texts into an index as the database has it, and return what looks for one there."""
    connection = sqlite3.connect(":memory:")
    made = (MIGRATIONS / "0012_words.sql").read_text("utf-8")
    (table,) = [statement for statement in made.split(";") if "VIRTUAL TABLE" in statement]
    connection.execute(table.replace("content = 'searched', content_rowid = 'id',", ""))
    for number, text in enumerate(texts):
        connection.execute("INSERT INTO search (rowid, words) VALUES (?, ?)", (number, " ".join(words_of(text))))

    def look(text: str) -> list[int]:
        words, is_open = phrase_of(text)
        match = f'words : "{" ".join(words)}"' + "*" * is_open
        return [
            row[0] for row in connection.execute("SELECT rowid FROM search WHERE search MATCH ? ORDER BY 1", [match])
        ]

    return look


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("東京タワーの写真を縮小する", "東京"),
        ("東京タワーの写真を縮小する", "京タ"),
        ("東京タワーの写真を縮小する", "写真を縮小する"),
        ("東京タワーの写真を縮小する", "東京タワーの写真を縮小する"),
        ("東京タワーの写真を縮小する", "東"),
        ("東京タワーの写真を縮小する", "る"),
        ("東京タワーの写真を縮小する", "タワー"),
        ("将图片缩小到一半", "图片"),
        ("データベースのﾊﾞｯｸｱｯﾌﾟ", "バックアップ"),
        ("データベースのバックアップ", "ﾊﾞｯｸ"),
        ("が", "か\u3099"),
        ("데이터베이스 백업", "이터"),
        ("데이터베이스 백업", "데이터베이스 백업"),
        ("서울에서 부산까지", "서울"),
        ("서울에서 부산까지", unicodedata.normalize("NFD", "부산")),
        ("ย่อรูปภาพหอคอย", "รูปภาพ"),
        ("ย่อรูปภาพหอคอย", "ภา"),
        ("ຫຍໍ້ຮູບພາບ", "ຮູບ"),
        ("បង្រួមរូបភាព", "រូប"),
        ("បង្រួម\u200bរូបភាព", "បង្រួមរូបភាព"),
        ("ဓာတ်ပုံကို ချုံ့ပါ", "ပုံ"),
        ("第3章を印刷", "第3章"),
        ("第3章を印刷", "3章を"),
        ("第3章を印刷", "第3"),
        ("東京Tower 2024年", "京tower 2024年"),
        ("東京Tower 2024年", "TOWER"),
        ("東京Tower 2024年", "２０２４"),
        ("𠮷野家の注文", "𠮷野"),
        ("葛\U000e0100飾区", "葛飾"),
        ("Café Zürich", "cafe zurich"),
        ("cafe", "CAFÉ"),
        ("ёлка", "Елка"),
        ("Straße", "STRASSE"),
        ("order #42, of Petrov, Kazan", "of Petrov, Kazan"),
        ("doc-000000042", "doc-000000042"),
        ("co\u00adoperation", "cooperation"),
        ("हिन्दी में", "हिन्दी"),
        ("שָׁלוֹם", "שלום"),
        ("مُحَمَّد", "محمد"),
        ("İstanbul", "istanbul"),
    ],
)
def test_what_a_text_contains_is_found(text: str, asked: str) -> None:
    assert index("something else", text)(asked) == [1]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("東京タワー", "京都"),
        ("東京タワー", "東タ"),
        ("東京と京都", "東京都"),
        ("東京 タワー", "京タ"),
        ("東京", "橋"),
        ("서울에서", "서에"),
        ("invoice", "voice"),
        ("invoice", "inv"),
        ("हिन्दी", "हन"),
        ("か", "が"),
    ],
)
def test_what_a_text_does_not_contain_is_not_found(text: str, asked: str) -> None:
    assert index(text)(asked) == []


SPACELESS = st.text(st.sampled_from("東京都大阪の가나다กขค"), min_size=1, max_size=12)


@given(text=SPACELESS, data=st.data())
def test_every_part_of_a_text_without_spaces_is_found_and_nothing_else(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : data.draw(st.integers(start + 1, len(text)))]
    other = data.draw(SPACELESS)
    assert index(text, other)(part) == [0, *([1] if part in other else [])]


@given(text=st.text(st.characters(max_codepoint=127), max_size=40))
def test_plain_letters_make_the_same_words_beside_others(text: str) -> None:
    assert [*words_of(text), "ж"] == [*words_of(f"{text} Ж")]


@given(text=st.text(max_size=40))
def test_a_text_is_found_by_itself_unless_it_has_no_word(text: str) -> None:
    assert index(text)(text) == ([0] if phrase_of(text).words else [])
