"""The rule language: against a naive matcher written here, and against what must hold whatever rules and texts are."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from attrs import astuple
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.rules import arrow
from policygap.rules.automaton import Automaton
from policygap.rules.columns import classify_column
from policygap.rules.matching import Matcher
from policygap.rules.patterns import Piece
from policygap.rules.texts import Texts
from policygap.rules.words import fold_word, split_words

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
    folded = unicodedata.normalize("NFD", seen).casefold().replace("\u0131", "i")
    while "i\u0307" in folded:
        folded = folded.replace("i\u0307", "i")
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
            told = rules.explain(text)
            assert [(row, int(code[1:])) for code in told.codes] == [at for at in expected if at[0] == row]
            hits = [(reason.code, hit) for reason in told.fired for hit in reason.hits]
            found = rules.find([text])[["code", "pattern", "start", "end", "words"]]
            assert sorted((code, *astuple(hit)) for code, hit in hits) == sorted(map(tuple, found.to_numpy()))


# -- what must hold whatever is asked

ANY_TEXT = st.text(max_size=40) | TEXTS


@given(st.lists(PATTERNS, min_size=1, max_size=4), st.lists(ANY_TEXT, max_size=5), st.randoms())
def test_case_form_and_order_never_matter(patterns: list[str], texts: list[str], random: Any) -> None:
    def found(patterns: list[str], texts: list[str]) -> list[bool]:
        rule = pg.Rule("x", any=patterns)
        return [rule.fires_on(text) for text in texts]

    plain = found(patterns, texts)
    assert found(patterns, [text.upper() for text in texts]) == found(patterns, [text.casefold() for text in texts])
    assert found([pattern.upper() for pattern in patterns], texts) == plain
    for form in ("NFC", "NFD"):
        assert found(patterns, [unicodedata.normalize(form, text) for text in texts]) == plain
    shuffled = random.sample(patterns, len(patterns))
    assert found(shuffled, texts[::-1]) == plain[::-1]


@given(ANY_TEXT)
def test_words_index_the_text_and_fold_once_and_for_all(text: str) -> None:
    words = split_words(text)
    assert [(word.folded, word.paragraph) for word in words] == [
        (naive_fold(word), paragraph) for word, paragraph in naive_words(text)
    ]
    end = 0
    for word in words:
        assert end <= word.start < word.end <= len(text)
        assert fold_word(text[word.start : word.end]) == word.folded
        assert [one.folded for one in split_words(word.folded)] == [word.folded]
        end = word.end


@given(st.lists(PATTERNS, min_size=1, max_size=3), PATTERNS, ANY_TEXT)
def test_more_of_any_never_loses_and_more_of_none_never_gains(patterns: list[str], more: str, text: str) -> None:
    plain = pg.Rule("x", any=patterns)
    assert pg.Rule("x", any=[*patterns, more]).fires_on(text) >= plain.fires_on(text)
    assert pg.Rule("x", any=patterns, none=[more]).fires_on(text) <= plain.fires_on(text)
    assert pg.Rule("x", any=patterns, all=[more]).fires_on(text) <= plain.fires_on(text)


@given(SPECS, SPECS, TEXTS)
def test_de_morgan_and_double_negation(one: Spec, two: Spec, text: str) -> None:
    first, second = made(one), made(two)
    assert (~(first & second)).fires_on(text) == (~first | ~second).fires_on(text)
    assert (~(first | second)).fires_on(text) == (~first & ~second).fires_on(text)
    assert (~~first).fires_on(text) == first.fires_on(text)
    assert (first & second).fires_on(text) == (first.fires_on(text) and second.fires_on(text))


@given(st.lists(SPECS, min_size=1, max_size=3), st.lists(TEXTS, max_size=4))
def test_what_is_found_is_what_is_classified_and_stands_there(specs: list[Spec], texts: list[str]) -> None:
    rules = pg.RuleSet(name="r", rules=[made(spec, f"c{number}") for number, spec in enumerate(specs)])
    classified, found = rules.classify(texts), rules.find(texts)
    asking = {f"c{number}" for number, spec in enumerate(specs) if spec["any"] or spec["all"] or spec["near"]}
    pairs = {(row, code) for row, code in classified.itertuples(index=False) if code in asking}
    assert set(found[["text", "code"]].itertuples(index=False, name=None)) == pairs
    for row, _, pattern, start, end, words in found.itertuples(index=False):
        assert texts[row][start:end] == words
        assert naive_spans(pattern, words)


@given(st.lists(PATTERNS, min_size=1, max_size=3), TEXTS, TEXTS)
def test_a_text_parted_at_a_paragraph_has_what_its_parts_have(patterns: list[str], one: str, two: str) -> None:
    rule = pg.Rule("x", any=patterns)
    whole = f"{one}\n\n{two}"
    assert rule.fires_on(whole) == (rule.fires_on(one) or rule.fires_on(two))


@given(st.lists(SPECS, min_size=1, max_size=3), st.text(max_size=10), st.none() | st.text(min_size=1, max_size=5))
def test_what_is_written_is_what_is_read(specs: list[Spec], note: str, language: str | None) -> None:
    codes = [f"c {number} \"'\\\n\u2028" for number in range(len(specs))]
    rules = pg.RuleSet(
        name=f"r{note}", language=language, rules=[made(spec, code) for spec, code in zip(specs, codes, strict=True)]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rules.toml")
        if any(0xD800 <= ord(char) <= 0xDFFF for char in note + (language or "")):
            with pytest.raises(pg.UsageError, match="half a character"):
                pg.write_rules(rules, path)
            assert not path.exists()
            return
        pg.write_rules(rules, path)
        assert pg.read_rules(path) == rules


# -- cases by name


@pytest.mark.parametrize(
    ("pattern", "text", "fires"),
    [
        ("kapasitet", "Kapasitet.", True),
        ("kapasitet", "kapasiteten", False),
        ("kapasitet*", "kapasiteten", True),
        ("*kapasitet", "plankapasitet", True),
        ("*kapasitet", "plankapasiteten", False),
        ("*kapasitet*", "plankapasiteten", True),
        ("kapasitet*", "kapa\u00adsitet", True),
        ("kapasitet", "kapa-\nsitet", True),
        ("kapasitet", "KAPA-\r\n  SITET", True),
        ("kapasitet", "kapa- sitet", False),
        ("by", "by- og tettsted", True),
        ("små by*", "små, byer", True),
        ("små by*", "små\nbyer", True),
        ("små by*", "små\n\nbyer", False),
        ("e-post", "e post", True),
        ("strasse", "STRAẞE", True),
        ("straße", "STRASSE", True),
        ("istanbul", "İSTANBUL", True),
        ("ISTANBUL", "\u0131stanbul", True),
        ("σίσυφος", "ΣΊΣΥΦΟΣ", True),
        ("å*", "A\u030asen", True),
        ("å", "a", False),
        ("東京", "私は東京に住む", True),
        ("京", "東京", True),
        ("👍", "Bra👍!", True),
        ("👍", "👍🏽", False),
        ("👍*", "👍🏽", True),
        ("🇳🇴", "🇳🇴🇸🇪", True),
        ("🇴🇸", "🇳🇴🇸🇪", False),
        ("fisk", "ﬁsk", True),
        ("co2", "CO2-utslipp", True),
        ("2 0", "2.0", True),
        ("nul", "a\x00nul\x00b", True),
        ("a", "\ud800a\udfff", True),
    ],
)
def test_cases(pattern: str, text: str, fires: bool) -> None:
    rule = pg.Rule("x", any=[pattern])
    assert rule.fires_on(text) is fires
    assert bool(naive_spans(pattern, text)) is fires
    rules = pg.RuleSet(name="r", rules=[rule])
    assert len(rules.classify([text] * 2500)) == 2500 * fires  # the way of big columns


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("bus og flere avganger", True),
        ("avganger for bussen", True),
        ("bus a b c avgang", False),
        ("bus.\n\nAvgang", False),
        ("bus", False),
    ],
)
def test_near_counts_words_of_one_paragraph(text: str, fires: bool) -> None:
    assert pg.Rule("x", near={"patterns": ["bus*", "avgang*"], "words": 4}).fires_on(text) is fires


def test_an_explanation_names_the_words_and_what_blocks() -> None:
    rule = pg.Rule("bus", any=["bus*", "tram"], all=["more"], none=["no *"[:2]])
    rules = pg.RuleSet(name="r", rules=[rule, pg.Rule("tax", any=["tax*"])])
    told = rules.explain("More buses, no trams")
    (reason,) = told.reasons
    assert [(hit.pattern, hit.words) for hit in reason.hits] == [("more", "More"), ("bus*", "buses")]
    assert [hit.words for hit in reason.blocked_by] == ["no"]
    assert str(told).endswith("""but so does 'no' ("no")""")
    assert "missing 'more'" in str(rules.explain("buses"))
    assert str(rules.explain("quiet")) == "no pattern of any rule stands there"
    assert "\x1b" not in str(rules.explain("more bus\x1b[2J"))


BUS, TRAM = pg.Rule("bus", any=["bus*", "coach"], none=["no", "never"]), pg.Rule("tram", all=["more", "tram*"])


@pytest.mark.parametrize(
    ("rule", "text", "said"),
    [
        (BUS, "Bus, buses, bus", """'bus*' ("Bus", "buses", "bus") stands there"""),
        (BUS, "A coach or bus", """'coach' ("coach"), 'bus*' ("bus") stand there"""),
        (BUS, "No bus", """'bus*' ("bus") stands there, but so does 'no' ("No")"""),
        (BUS, "No bus, never", """'bus*' ("bus") stands there, but so do 'no' ("No"), 'never' ("never")"""),
        (BUS, "No", """it is kept from it by 'no' ("No"), and missing 'bus*', 'coach'"""),
        (TRAM, "Trams", """'tram*' ("Trams") stands there, but missing 'more'"""),
        (BUS | TRAM, "No bus, more trams", """'more' ("more"), 'tram*' ("trams") stand there"""),
        (BUS | TRAM, "No bus", """'bus*' ("bus") stands there, but so does 'no' ("No"), and missing 'more', 'tram*'"""),
        (BUS & TRAM, "Bus, trams", """'bus*' ("Bus"), 'tram*' ("trams") stand there, but missing 'more'"""),
        (~BUS, "A bus", """it is kept from it by 'bus*' ("bus")"""),
        (~BUS, "No bus", """'no' ("No") stands there"""),
    ],
)
def test_what_an_explanation_says(rule: Any, text: str, said: str) -> None:
    rules = pg.RuleSet(name="r", rules=[rule.named("x")])
    (reason,) = rules.explain(text).reasons
    verb = "fires" if rules.classify([text]).shape[0] else "does not fire"
    assert str(reason) == f"x {verb}: {said}"
    for hit in (*reason.hits, *reason.blocked_by):
        assert (text[hit.start : hit.end], bool(hit.words)) == (hit.words, True)


# -- columns of every kind


@pytest.mark.parametrize("times", [1, 1000])
def test_every_kind_of_column_gives_the_same(times: int) -> None:
    texts = ["More BUSES", None, "nothing", "Å, små\u00adbyer\n", ""] * times
    rules = pg.RuleSet(name="r", rules=[pg.Rule("b", any=["bus*"]), pg.Rule("a", any=["småbyer"])])
    expected = [(5 * at + row, code) for at in range(times) for row, code in ((0, "b"), (3, "a"))]
    polars = pytest.importorskip("polars")
    columns: list[Any] = [
        texts,
        tuple(texts),
        iter(texts),
        np.array(texts, dtype=object),
        pd.Series(texts, dtype=object, index=range(7, 7 + len(texts))),
        pd.Series(texts, dtype="str"),
        pd.Series(texts, dtype="category"),
        polars.Series(texts),
        polars.Series(texts, dtype=polars.Categorical),
        pa.array(texts),
        pa.array(texts).dictionary_encode(),
        pa.chunked_array([texts[:3], texts[3:]]),
        pa.array(["x", *texts]).slice(1),
        pa.array(texts, type=pa.string_view()),
    ]
    for column in columns:
        found = rules.classify(column)
        assert list(found.itertuples(index=False, name=None)) == expected, type(column)
        assert found["text"].dtype == np.int64
    empty = rules.classify([])
    assert list(empty.columns) == ["text", "code"]
    assert empty.dtypes.tolist() == found.dtypes.tolist()


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ("one text", "a str is no column of texts"),
        ({"a": "b"}, "a dict is no column of texts"),
        (pd.DataFrame({"a": ["b"]}), "a DataFrame is no column of texts"),
        (3, "a int is no column of texts"),
        (["a", 3], "texts, place 1: 3 is no text"),
        (["a", b"b"] * 2000, "texts, place 1: b'b' is no text"),
        (pd.Series([1, 2]), "a column of int64 is no column of texts"),
        (pa.array([1.5] * 3000), "a column of double is no column of texts"),
    ],
)
def test_what_is_no_column_of_texts_is_refused(texts: Any, said: str) -> None:
    rules = pg.RuleSet(name="r", rules=[pg.Rule("b", any=["bus*"])])
    with pytest.raises(pg.UsageError) as error:
        rules.classify(texts)
    assert said in str(error.value)


def test_lone_surrogates_in_a_big_list_are_read_text_by_text() -> None:
    rules = pg.RuleSet(name="r", rules=[pg.Rule("b", any=["bus"])])
    assert rules.classify(["bus \ud800"] * 2500)["text"].tolist() == list(range(2500))


def test_without_arrow_a_big_list_is_read_text_by_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    rules = pg.RuleSet(name="r", rules=[pg.Rule("b", any=["bus"])])
    assert len(rules.classify(["A bus"] * 2500)) == 2500


# -- bad rules


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"any": ["*"]}, "any, pattern 1: a * by itself matches every word"),
        ({"any": ["a", " "]}, "any, pattern 2: the pattern is empty"),
        ({"none": ["a*b"]}, "none, pattern 1: 'a*b' has a * within a word"),
        ({"all": ["a * b"]}, "all, pattern 1: 'a * b' has a * by itself"),
        ({"any": ["--"]}, "any, pattern 1: '--' has no letter, digit or symbol in it"),
        ({"any": ["\u00ad"]}, "has no letter, digit or symbol"),
        ({"any": "bus"}, "any: 'bus' is no list of patterns"),
        ({"any": [3]}, "any, pattern 1: 3 is no text"),
        ({}, "it has no pattern at all"),
        ({"near": {"patterns": ["a", "A"], "words": 3}}, "near.patterns: it takes two different patterns or more"),
        ({"near": {"patterns": ["a", "b"], "words": 0}}, "near.words: 0 is no whole number of 1 or more"),
        ({"near": {"patterns": ["a", "b"]}}, "is not patterns and words"),
    ],
)
def test_bad_rules_are_refused_by_place(given: dict[str, Any], said: str) -> None:
    with pytest.raises(pg.UsageError) as error:
        pg.Rule("x", **given)
    assert said in str(error.value)


def test_every_problem_of_a_rule_is_told_at_once_and_codes_are_distinct() -> None:
    with pytest.raises(pg.UsageError) as error:
        pg.Rule("", any=["*", "a**"], none=[""])
    assert len(error.value.problems) == 4
    with pytest.raises(pg.UsageError, match="2 rules have this code"):
        pg.RuleSet(name="r", rules=[pg.Rule("x", any=["a"]), ~pg.Rule("x", any=["b"])])
    with pytest.raises(TypeError, match="not with str"):
        pg.Rule("x", any=["a"]) & "b"  # type: ignore[operator]
    assert (pg.Rule("x", any=["a"]) & pg.Rule("y", any=["b"])).named("z").code == "z"


# -- time


def test_hostile_rules_and_texts_take_steps_in_proportion() -> None:
    """Counted in steps of the automaton's walk, not in seconds."""
    nested = pg.Rule("x", any=["*" + "a" * length + "*" for length in range(1, 400)])
    matcher = Matcher.of([nested])
    assert matcher.automaton.find("a" * 100_000) == tuple(range(399))
    falls = [pg.Rule("y", any=["*" + "a" * 200 + "b*"])]
    assert Matcher.of(falls).automaton.find("a" * 100_000) == ()


@given(
    st.lists(st.builds(Piece, st.text("ab", min_size=1, max_size=5), st.booleans(), st.booleans()), max_size=12),
    st.text("abc", max_size=20),
)
def test_the_walk_tells_what_each_piece_tells_by_itself(pieces: list[Piece], word: str) -> None:
    """Two letters, so that pieces begin, end and stand in one another."""
    expected = tuple(number for number, piece in enumerate(pieces) if piece.matches(word))
    assert Automaton(pieces).find(word) == expected


def test_the_table_of_cases_in_the_reference_is_true() -> None:
    page = (Path(__file__).parents[1] / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (yes|no) \|$", page, re.MULTILINE)
    assert len(rows) > 25
    for pattern, written, fires in rows:
        text = written.replace("\\n", "\n").replace("\\u00ad", "\u00ad").replace("\\u030a", "\u030a")
        assert pg.Rule("x", any=[pattern]).fires_on(text) is (fires == "yes"), (pattern, text)
