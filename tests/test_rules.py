"""The rule language: against a naive matcher written here, and against what must hold whatever rules and texts are."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.rules import arrow
from policygap.rules.columns import classify_column
from policygap.rules.matching import Matcher
from policygap.rules.texts import Texts

# -- the naive matcher: no automaton, no tables, a character at a time


def is_letter(char: str) -> bool:
    return char in "_\u0345" or unicodedata.category(char)[0] in "LN"


def is_alone(char: str) -> bool:
    ranges = ((0x2E80, 0x2FDF), (0x3041, 0x309F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF))
    return not unicodedata.category(char).startswith("M") and (
        char in "々〇" or any(low <= ord(char) <= high for low, high in ranges) or 0x20000 <= ord(char) <= 0x3FFFF
    )


def is_picture(char: str) -> bool:
    known = unicodedata.category(char) in ("So", "Sc") or 0x1F000 <= ord(char) <= 0x1FAFF
    return known and char != "\ufffd" and not is_alone(char)


def is_unseen(char: str) -> bool:
    tags = 0xE0020 <= ord(char) <= 0xE007F
    return unicodedata.category(char) == "Cf" and char != "\u200b" and not tags


def is_mark(char: str) -> bool:
    return (unicodedata.category(char)[0] == "M" and char != "\u0345") or 0xE0020 <= ord(char) <= 0xE007F


def is_blank(char: str) -> bool:
    return char.isspace() and char not in "\r\n\v\f\x85\u2028\u2029\x1c\x1d\x1e\x1f"


def line_end(text: str, at: int) -> int:
    """Where a line end that starts here ends, or -1."""
    if text[at : at + 2] == "\r\n":
        return at + 2
    return at + 1 if text[at : at + 1] in tuple("\r\n\v\f\x85\u2028") else -1


def skip_blanks(text: str, at: int) -> int:
    while at < len(text) and is_blank(text[at]):
        at += 1
    return at


def after_break(text: str, at: int) -> int:
    """Where a word goes on that is broken at a line's end here, or -1."""
    if text[at : at + 1] in ("-", "\u2010"):
        at += 1
    elif text[at - 1] != "\u00ad":
        return -1
    end = line_end(text, skip_blanks(text, at))
    if end < 0:
        return -1
    end = skip_blanks(text, end)
    return end if end < len(text) and is_letter(text[end]) and not is_alone(text[end]) else -1


def naive_words(text: str) -> list[tuple[str, int]]:
    """The words as they stand, without what is not seen, with the number of their paragraph."""
    found: list[tuple[str, int]] = []
    at = paragraph = 0
    while at < len(text):
        char = text[at]
        end = line_end(text, at)
        if char == "\u2029" or (end > 0 and line_end(text, skip_blanks(text, end)) > 0):
            paragraph += 1
            at = at + 1 if char == "\u2029" else line_end(text, skip_blanks(text, end))
            continue
        word = ""
        if is_alone(char):
            word, at = char, at + 1
            while at < len(text) and (is_mark(text[at]) or (is_unseen(text[at]) and text[at] not in "\u200d\u00ad")):
                word, at = word + text[at], at + 1
        elif is_letter(char):
            while at < len(text):
                if (is_letter(text[at]) and not is_alone(text[at])) or is_mark(text[at]) or is_unseen(text[at]):
                    word, at = word + text[at], at + 1
                elif (further := after_break(text, at)) > 0:
                    at = further
                else:
                    break
            word = "".join(one for one in word if not is_unseen(one))
        elif is_picture(char):
            word, at = naive_picture(text, at)
        else:
            at += 1
            continue
        word = "".join(one for one in word if not is_unseen(one) or one == "\u200d")
        found.append((word, paragraph))
    return found


def naive_picture(text: str, at: int) -> tuple[str, int]:
    flag = "\U0001f1e6", "\U0001f1ff"
    if flag[0] <= text[at] <= flag[1] and flag[0] <= text[at + 1 : at + 2] <= flag[1]:
        word, at = text[at : at + 2], at + 2
        while at < len(text) and (is_mark(text[at]) or (is_unseen(text[at]) and text[at] not in "\u200d\u00ad")):
            word, at = word + text[at], at + 1
        return word, at
    word, at = text[at], at + 1
    while at < len(text):
        if is_mark(text[at]) or 0x1F3FB <= ord(text[at]) <= 0x1F3FF:
            word, at = word + text[at], at + 1
        elif text[at] == "\u200d" and at + 1 < len(text) and is_picture(text[at + 1]):
            word, at = word + text[at : at + 2], at + 2
        else:
            break
    return word, at


def naive_fold(word: str) -> str:
    selectors = [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0x180B, 0x180C, 0x180D, 0x180F]
    seen = "".join(char for char in word if ord(char) not in selectors)
    folded = unicodedata.normalize("NFD", seen).casefold().replace("i\u0307", "i").replace("\u0131", "i")
    return unicodedata.normalize("NFC", folded)


def naive_spans(pattern: str, text: str) -> list[tuple[int, int]]:
    """First and last word of each place where a pattern stands."""
    words = [(naive_fold(word), paragraph) for word, paragraph in naive_words(text)]
    wanted = [
        (naive_fold(word), part.startswith("*") and first, part.endswith("*") and last)
        for part in pattern.split()
        for pieces in [naive_words(part)]
        for place, (word, _) in enumerate(pieces)
        for first, last in [(place == 0, place == len(pieces) - 1)]
    ]
    found = []
    for start in range(len(words) - len(wanted) + 1):
        stretch = words[start : start + len(wanted)]
        if stretch[0][1] == stretch[-1][1] and all(
            is_like(word, *piece) for (word, _), piece in zip(stretch, wanted, strict=True)
        ):
            found.append((start, start + len(wanted) - 1))
    return found


def is_like(word: str, text: str, open_start: bool, open_end: bool) -> bool:
    places = range(len(word) - len(text) + 1)
    return any(
        word[at : at + len(text)] == text and (open_start or at == 0) and (open_end or at + len(text) == len(word))
        for at in places
    )


def naive_near(patterns: Sequence[str], words: int, text: str) -> bool:
    paragraphs = [paragraph for _, paragraph in naive_words(text)]
    spans = [naive_spans(pattern, text) for pattern in patterns]
    return any(
        all(
            any(start <= first and last < start + words and paragraphs[first] == paragraph for first, last in each)
            for each in spans
        )
        for start, paragraph in enumerate(paragraphs)
    )


Spec = dict[str, Any]


def naive_fires(spec: Spec, text: str) -> bool:
    if "op" in spec:
        parts = [naive_fires(part, text) for part in spec["parts"]]
        return {"and": all(parts), "or": any(parts), "not": not parts[0]}[spec["op"]]
    stands = {pattern: bool(naive_spans(pattern, text)) for name in ("any", "all", "none") for pattern in spec[name]}
    return (
        (not spec["any"] or any(stands[pattern] for pattern in spec["any"]))
        and all(stands[pattern] for pattern in spec["all"])
        and not any(stands[pattern] for pattern in spec["none"])
        and (spec["near"] is None or naive_near(spec["near"]["patterns"], spec["near"]["words"], text))
    )


# -- made-up rules and texts, of letters few enough that they meet

LETTERS = "abåß\N{GREEK SMALL LETTER SIGMA}ς"
WORDS = st.text(LETTERS, min_size=1, max_size=4)
PIECES = st.tuples(st.sampled_from(["", "*"]), WORDS, st.sampled_from(["", "*"])).map("".join)
PATTERNS = st.lists(PIECES, min_size=1, max_size=3).map(" ".join)
LISTS = st.lists(PATTERNS, max_size=3)
NEAR = st.fixed_dictionaries(
    {"patterns": st.lists(PATTERNS, min_size=2, max_size=3, unique_by=naive_fold), "words": st.integers(1, 5)}
)
SPECS = st.fixed_dictionaries({"any": LISTS, "all": LISTS, "none": LISTS, "near": st.none() | NEAR}).filter(
    lambda spec: any(spec.values())
)
TREES = st.recursive(
    SPECS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=1).map(lambda parts: {"op": "not", "parts": parts}),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=2)).map(
            lambda made: {"op": made[0], "parts": made[1]}
        ),
    ),
    max_leaves=4,
)
BETWEEN = st.sampled_from(
    [
        *(
            " ",
            " ",
            " ",
            "-",
            " – ",
            ", ",
            "*",
            "_",
            "",
            "\x00",
            "\n",
            "\n\n",
            "\r\n",
            "\r\n \r\n",
            "-\n",
            "\f",
            "-\n\n",
        ),
        *(
            "\u00ad",
            "\u00ad\n",
            "\u2010\r\n  ",
            "\u00a0",
            "\u00a0\n",
            "\n\u00a0",
            "\u200b",
            "\u200d",
            "\u2029",
            "\u0085",
        ),
        *("\ufeff", "\u030a", "👍", "👍🏽", "🇳🇴🇸🇪", "東京", "1\ufe0f\u20e3", "👩\u200d🚒"),
    ]
)
TEXTS = st.lists(
    st.tuples(st.text(LETTERS + "ABÅSΣİ\N{LATIN SMALL LETTER DOTLESS I}i\u030a\u0307", max_size=4), BETWEEN), max_size=8
).map(lambda parts: "".join(word + between for word, between in parts))


def made(spec: Spec, code: str = "x") -> Any:
    if "op" in spec:
        parts = [made(part, code) for part in spec["parts"]]
        return {"and": lambda: parts[0] & parts[-1], "or": lambda: parts[0] | parts[-1], "not": lambda: ~parts[0]}[
            spec["op"]
        ]()
    return pg.Rule(code, **spec)


def in_blocks(rules: pg.RuleSet, texts: Sequence[str | None], size: int, workers: int = 1) -> list[tuple[int, int]]:
    """What the way of big columns gives, in blocks of so many bytes, from chunks of two."""
    column = arrow.to_arrow(list(texts))
    assert column is not None
    cut = pa.chunked_array([column.slice(at, 2).combine_chunks() for at in range(0, len(texts), 2)], pa.large_string())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow, "_BLOCK", size)
        matcher = Matcher.of(sorted(rules.rules, key=lambda rule: rule.code))
        rows, found = classify_column(matcher, Texts(cut), workers=workers)
    return list(zip(rows.tolist(), found.tolist(), strict=True))


# -- the central test


@settings(max_examples=300)
@given(st.lists(TREES, min_size=1, max_size=4), st.lists(st.none() | TEXTS, max_size=6), st.integers(1, 60))
def test_every_way_is_the_naive_one(specs: list[Spec], texts: list[str | None], size: int) -> None:
    rules = pg.RuleSet(name="r", rules=[made(spec, f"c{number}") for number, spec in enumerate(specs)])
    expected = [
        (row, number)
        for row, text in enumerate(texts)
        if text is not None
        for number, spec in enumerate(specs)
        if naive_fires(spec, text)
    ]
    small = rules.classify(texts)
    assert list(zip(small["text"], (int(code[1:]) for code in small["code"]), strict=True)) == expected
    assert in_blocks(rules, texts, size) == expected
    assert in_blocks(rules, texts, size, workers=2) == expected
    for row, text in enumerate(texts):
        if text is not None:
            assert [(row, int(code[1:])) for code in rules.explain(text).codes] == [
                at for at in expected if at[0] == row
            ]
