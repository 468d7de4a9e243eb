"""Any text, through each escape, is harmless where it goes and says what it said."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policygap.escaping import flat, for_markdown, for_spreadsheet, for_terminal

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Marks of direction, escape sequences and Markdown are rare among all characters, so half of the text is made of them.
HOSTILE = st.text(st.sampled_from(f"=+-@\t\r\n \x00\x1b\x07\x9b[31m|`*_<>\\&#1.){BIDI}\u200b\ufeff\u2028\x85\uff1d"))
TEXTS = st.text() | HOSTILE


@given(TEXTS)
@example("\ufeff=1+1")
@example(" @SUM(A1)")
@example("\x00-2")
def test_a_spreadsheet_never_finds_a_formula(text: str) -> None:
    shown = for_spreadsheet(text)
    assert not re.match(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", shown)
    unseen = (char for char in shown if not (char.isspace() or unicodedata.category(char) in ("Cc", "Cf")))
    assert next(unseen, "") not in set("=+-@\uff1d\uff0b\uff0d\uff20")


@given(TEXTS)
def test_a_spreadsheet_shows_the_text_itself_at_most_behind_an_apostrophe(text: str) -> None:
    assert for_spreadsheet(text) in (text, f"'{text}")
    if text[:1].isalnum():
        assert for_spreadsheet(text) == text


@given(TEXTS)
def test_a_terminal_gets_one_line_without_control_or_direction_marks(text: str) -> None:
    shown = for_terminal(text)
    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert not set(shown) & set(BIDI)
    assert shown == shown.strip()


@given(st.text(st.characters(categories=("L", "N", "P", "S"))))
def test_a_terminal_shows_ordinary_text_as_it_is(text: str) -> None:
    words = "".join(char for char in text if char.isprintable())
    assert for_terminal(words) == words


@given(TEXTS)
def test_what_a_terminal_shows_shows_again_as_it_is(text: str) -> None:
    assert for_terminal(for_terminal(text)) == for_terminal(text)


@given(TEXTS)
def test_a_markdown_cell_stays_one_line_with_its_pipes_and_backticks_escaped(text: str) -> None:
    shown = for_markdown(text)
    assert len(shown.splitlines()) <= 1
    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs")]
    # Take every backslash with the character that it escapes: what is left is not escaped.
    bare = re.sub(r"\\.", "", shown)
    assert not set(bare) & set("|`*<[]\\&~$")


@given(TEXTS)
def test_markdown_without_its_backslashes_says_what_the_terminal_says(text: str) -> None:
    assert re.sub(r"\\(.)", r"\1", for_markdown(text)) == for_terminal(text)


@pytest.mark.parametrize("text", ["- a", "+ a", "1. a", "12) a", "---", "===", "-", "1.", "# a", "> a", "* a"])
def test_text_never_opens_a_list_a_rule_or_a_heading(text: str) -> None:
    assert "\\" in for_markdown(text)
    assert not re.match(r"([-+*>#=]|\d+[.)](\s|$))", for_markdown(text))


@pytest.mark.parametrize("number", ["-0.5", "+3", "1.5", "2 of 3", "-1", "12"])
def test_numbers_stand_in_markdown_as_they_are(number: str) -> None:
    assert for_markdown(number) == number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (("A", "C"), "A;C"),
        ([], ""),
        (None, None),
        (pd.NA, None),
        (float("nan"), None),
        (np.float64("nan"), None),
        (np.int64(3), 3),
        (np.bool_(True), True),
        ("text", "text"),
        (0, 0),
    ],
)
def test_a_cell_becomes_plain_data(value: object, expected: object) -> None:
    found = flat(value)
    assert (found, type(found)) == (expected, type(expected))
