"""Letters, copied and altered, come in; exactly the pairs that are alike must be joined, whatever order they are in."""

from __future__ import annotations

import math
import random
import re
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import policygap as pg
from policygap.documents.campaigns import _Bands

LETTER = (
    "Vi ber kommunen om å la ferjen gå hele vinteren, hver dag i uken, også på kvelden, slik at de som bor på øyene "
    "kan komme seg til jobb, skole og lege, og slik at næringslivet får varene sine i tide."
)
OTHER = "Noe helt annet som er langt nok til å være et brev, men som ingen andre har skrevet noe som ligner på."


def shingles(text: str, width: int = 3) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[start : start + width]) for start in range(max(1, len(words) - width + 1))}


def naive(texts: list[str], threshold: float) -> set[frozenset[int]]:
    """All pairs compared, and joined one after the other."""
    groups = [{row} for row in range(len(texts))]
    for one in range(len(texts)):
        for two in range(one):
            first, second = shingles(texts[one]), shingles(texts[two])
            if len(first & second) / len(first | second) >= threshold:
                a = next(group for group in groups if one in group)
                b = next(group for group in groups if two in group)
                if a is not b:
                    groups.remove(b)
                    a |= b
    return {frozenset(group) for group in groups if len(group) > 1}


def grouped(found: pd.DataFrame) -> set[frozenset[int]]:
    return {frozenset(rows) for _, rows in found.groupby("campaign")["row"]}


WORDS = st.sampled_from(["vei", "buss", "bane", "ferje", "skole"])
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=12).map(" ".join), max_size=14)


@given(texts=TEXTS, threshold=st.sampled_from([0.3, 0.5, 0.7, 0.9, 1.0]))
def test_campaigns_are_what_comparing_all_pairs_finds(texts: list[str], threshold: float) -> None:
    found = pg.find_campaigns(texts, threshold, fewest_words=0)
    assert grouped(found) == naive(texts, threshold)
    assert found["size"].tolist() == found.groupby("campaign")["row"].transform("size").tolist()


@given(texts=TEXTS, seed=st.integers(0, 100))
def test_input_order_and_seed_never_matter_to_who_is_with_whom(texts: list[str], seed: int) -> None:
    order = list(range(len(texts)))
    random.Random(seed).shuffle(order)
    plain = pg.find_campaigns(texts, 0.5, fewest_words=0)
    shuffled = pg.find_campaigns([texts[place] for place in order], 0.5, fewest_words=0, seed=seed + 1)
    assert {frozenset(order[row] for row in group) for group in grouped(shuffled)} == grouped(plain)


@given(TEXTS)
def test_similarity_is_the_exact_one_to_the_campaigns_first_text(texts: list[str]) -> None:
    for _, rows in pg.find_campaigns(texts, 0.3, fewest_words=0).groupby("campaign"):
        first = shingles(texts[rows["row"].min()])
        for row, similarity in zip(rows["row"], rows["similarity"], strict=True):
            other = shingles(texts[row])
            assert math.isclose(similarity, len(first & other) / len(first | other))


def test_case_punctuation_and_line_breaks_make_no_difference_and_a_changed_word_does() -> None:
    changed = LETTER.replace("lege", "sykehus")
    found = pg.find_campaigns([OTHER, LETTER, LETTER.upper().replace(" ", "\n") + "!", changed, None], 0.6)
    assert found[["row", "size", "kind"]].values.tolist() == [[1, 3, "exact"], [2, 3, "exact"], [3, 3, "near"]]
    assert 0.6 <= found["similarity"].iloc[2] < 1


def test_short_texts_are_in_no_campaign_unless_asked_for() -> None:
    assert pg.find_campaigns(["Ingen merknad."] * 5).empty
    assert pg.find_campaigns(["Ingen merknad."] * 5, fewest_words=2)["size"].tolist() == [5] * 5
    assert pg.find_campaigns(["", " ", None, float("nan")], fewest_words=0).empty


def test_a_series_a_frame_and_a_list_give_the_same() -> None:
    texts = [LETTER, OTHER, LETTER]
    series = pd.Series(texts, index=[7, 7, 9])
    for given_as in (series, pd.DataFrame({"text": series}), tuple(texts)):
        pd.testing.assert_frame_equal(pg.find_campaigns(given_as), pg.find_campaigns(texts))


def test_many_copies_with_names_of_their_own_are_found() -> None:
    numbers = random.Random(7)
    copies = [f"{LETTER} {LETTER[::-1]} Hilsen {numbers.random()}" for _ in range(300)]
    noise = [" ".join(numbers.choices("abcdefghijklmnopqrstuvwxyz", k=60)) for _ in range(300)]
    found = pg.find_campaigns([*noise, *copies], 0.8)
    assert found["row"].tolist() == list(range(300, 600))
    assert found["campaign"].nunique() == 1


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_a_pair_at_the_threshold_is_overlooked_once_in_a_million(threshold: float) -> None:
    bands = _Bands.for_threshold(threshold)
    assert (1 - threshold**bands.width) ** bands.count <= 1e-6
    assert bands.count * bands.width <= 128


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"threshold": 0.1}, "threshold: 0.1 is no similarity"),
        ({"threshold": 1.5}, "threshold: 1.5 is no similarity"),
        ({"threshold": "much"}, "threshold: 'much' is no similarity"),
        ({"shingle": 0}, "shingle: 0 is under 1"),
        ({"fewest_words": -1}, "fewest_words: -1 is under 0"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options: dict[str, object], what: str) -> None:
    with pytest.raises(pg.UsageError, match=re.escape(what)):
        pg.find_campaigns([LETTER], **options)


@pytest.mark.parametrize("texts", ["one text", 7, pd.DataFrame({"words": [LETTER]})])
def test_what_holds_no_texts_is_refused(texts: object) -> None:
    with pytest.raises(pg.UsageError, match="texts: "):
        pg.find_campaigns(texts)


# -- counting ----------------------------------------------------------------------------------------------------------


def study_of(statements: pd.DataFrame) -> pg.Study:
    speakers = statements["speaker"].unique()
    return pg.build_study(
        themes=[{"id": "ferje", "label": "Ferje"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}, {"id": "B", "kind": "focus_area", "label": "B"}],
        groups=[{"id": "alle", "label": "Alle"}],
        actors=[{"id": name, "label": name, "group": "alle"} for name in speakers],
        statements=statements,
        codings=[
            {"statement": name, "code": "B" if text == OTHER else "A", "coder": "k"}
            for name, text in zip(statements["id"], statements["text"], strict=True)
        ],
    )


def test_a_campaign_is_counted_once_or_each_signatory_as_one_chooses() -> None:
    statements = pd.DataFrame(
        {"id": list("abcd"), "speaker": list("wxyz"), "text": [LETTER, OTHER, LETTER, LETTER], "kind": "call"}
    )
    campaigns = pg.find_campaigns(statements)
    collapsed = pg.collapse_campaigns(statements, campaigns)
    assert collapsed["restates"].fillna("").tolist() == ["", "", "a", "a"]
    assert collapsed["campaign"].notna().tolist() == [True, False, True, True]
    study = study_of(collapsed)
    once, each = pg.measure_coverage(study), pg.measure_coverage(study, restated=True)
    assert once.targets["attention"].to_dict() == {"A": 0.5, "B": 0.5}
    assert each.targets["attention"].to_dict() == {"A": 0.75, "B": 0.25}


def test_what_restates_something_already_keeps_it() -> None:
    statements = pd.DataFrame({"id": list("abc"), "text": [LETTER] * 3, "restates": [None, None, "b"]})
    collapsed = pg.collapse_campaigns(statements, pg.find_campaigns(statements))
    assert collapsed["restates"].fillna("").tolist() == ["", "a", "b"]
    assert statements["restates"].isna().tolist() == [True, True, False]


def test_statements_without_campaigns_stay_as_they_are() -> None:
    statements = pd.DataFrame({"id": list("ab"), "text": [LETTER, OTHER]})
    collapsed = pg.collapse_campaigns(statements, pg.find_campaigns(statements))
    assert collapsed[["restates", "campaign"]].isna().all(axis=None)
    pd.testing.assert_frame_equal(collapsed[["id", "text"]], statements)


def test_campaigns_of_another_frame_are_refused() -> None:
    campaigns = pg.find_campaigns([LETTER] * 3)
    with pytest.raises(pg.UsageError, match="they name row 2, but there are 1 statements"):
        pg.collapse_campaigns(pd.DataFrame({"id": ["a"], "text": [LETTER]}), campaigns)
    with pytest.raises(pg.UsageError, match="no column 'id'"):
        pg.collapse_campaigns(pd.DataFrame({"text": [LETTER]}), campaigns)


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasketch", None)
    with pytest.raises(pg.UsageError, match="needs the extra documents"):
        pg.find_campaigns([LETTER, OTHER])
