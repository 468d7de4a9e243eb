"""Texts come in; the form letters among them, as campaigns, go out. Finding them needs the extra ``documents``."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import frozen

from ..errors import Problem, UsageError, missing_extra

__all__ = ["collapse_campaigns", "find_campaigns"]

_COLUMNS: Final = ("row", "campaign", "size", "kind", "similarity")
_WORD: Final = re.compile(r"\w+")
_HASHES: Final = 128
_MISSED: Final = 1e-6  # how likely a pair just at the threshold may be overlooked
_LOWEST: Final = 0.3  # below this no choice of bands misses so few


@frozen
class _Bands:
    """How many bands of how many hashes each: two texts are compared if they agree on all hashes of some band."""

    count: int
    width: int

    @classmethod
    def for_threshold(cls, threshold: float) -> _Bands:
        """The widest bands (fewest comparisons in vain) that overlook next to none."""
        width = max(
            width
            for width in range(1, _HASHES // 2 + 1)
            if width == 1 or (1 - threshold**width) ** (_HASHES // width) <= _MISSED
        )
        return cls(_HASHES // width, width)


def find_campaigns(
    texts: Any, threshold: float = 0.9, *, shingle: int = 3, fewest_words: int = 10, seed: int = 1
) -> pd.DataFrame:
    """Find form letters: texts that are the same, or nearly, grouped into campaigns.

    Two texts are the same if their words are, whatever their case, punctuation and line breaks. They are nearly the
    same if the Jaccard similarity of their sets of runs of ``shingle`` words is at least ``threshold``. A campaign is a
    set of texts that are connected by such pairs, so two of its members may be less alike than the threshold;
    ``similarity`` tells how much each is like the first.

    Candidates are found by MinHash and each is then compared exactly. So no pair is ever claimed that is not one; but
    a pair just at the threshold is overlooked with a probability of about one in a million (less the more alike they
    are), and only if no third text connects the two. Texts that are the same are never overlooked.

    Parameters
    ----------
    texts
        Texts (a list, a pandas Series, ...), or a DataFrame with a column ``text`` such as
        :meth:`Documents.statements` gives. Missing ones are in no campaign.
    threshold
        From which similarity on two texts are one campaign, 0.3 to 1.
    shingle
        Of how many words a run is.
    fewest_words
        Texts with fewer words are in no campaign: many people write "no comment" by themselves.
    seed
        What the hashes are drawn from.

    Returns
    -------
    pandas.DataFrame
        A row a text that is in a campaign: ``row`` (its position in ``texts``, from 0), ``campaign`` (an id made of
        the first text), ``size`` (how many texts the campaign has), ``kind`` (``exact`` where the words are the first
        text's, else ``near``), ``similarity`` (to the first text, 0 to 1). Ordered by the campaigns' first rows.

    Raises
    ------
    UsageError
        Where an argument is not usable, or the extra ``documents`` is not installed.

    References
    ----------
    Broder, "On the resemblance and containment of documents" (1997). Leskovec, Rajaraman and Ullman, *Mining of
    Massive Datasets*, chapter 3.

    Examples
    --------
    >>> letter = "We ask the council to keep the ferry running all through the winter, every day of the week"
    >>> find_campaigns([letter, "Something else that is long enough to be a letter too.", letter.upper() + "!"])[
    ...     ["row", "size", "kind", "similarity"]
    ... ].values.tolist()
    [[0, 2, 'exact', 1.0], [2, 2, 'exact', 1.0]]
    """
    _check(threshold, shingle=shingle, fewest_words=fewest_words)
    words = [_words(text) for text in _texts(texts)]
    rows_of: dict[str, list[int]] = {}
    for row, found in enumerate(words):
        if found.count(" ") + bool(found) >= max(fewest_words, 1):
            rows_of.setdefault(found, []).append(row)
    distinct = list(rows_of)  # in the order of their first rows
    compare = _Comparison(distinct, shingle)
    joined = _join(distinct, compare, threshold=threshold, seed=seed)
    found_rows: list[tuple[int, str, int, str, float]] = []
    for members in joined:
        size = sum(len(rows_of[distinct[member]]) for member in members)
        if size > 1:
            found_rows += _rows(members, distinct, rows_of, compare, size)
    frame = pd.DataFrame(found_rows, columns=pd.Index(_COLUMNS))
    return frame.astype({"row": "int64", "campaign": "str", "size": "int64", "kind": "str", "similarity": "float64"})


def _check(threshold: float, *, shingle: int, fewest_words: int) -> None:
    problems: list[Problem] = []
    if not (isinstance(threshold, (int, float)) and _LOWEST <= threshold <= 1):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may not check types
        what = f"{threshold!r} is no similarity from {_LOWEST} to 1"
        problems.append(Problem(file="threshold", what=what, fix="give one such as 0.9"))
    if shingle < 1:
        problems.append(Problem(file="shingle", what=f"{shingle} is under 1", fix="give a number of words such as 3"))
    if fewest_words < 0:
        what, fix = f"{fewest_words} is under 0", "give a number of words such as 10"
        problems.append(Problem(file="fewest_words", what=what, fix=fix))
    if problems:
        raise UsageError(problems)


def _texts(texts: Any) -> Iterable[Any]:
    if isinstance(texts, pd.DataFrame):
        if "text" not in texts:
            what = f"there is no column 'text' among {', '.join(map(str, texts.columns))}"
            raise UsageError([Problem(file="texts", what=what, fix="rename the column that holds the texts")])
        return texts["text"]
    if isinstance(texts, (str, bytes, Mapping)) or not isinstance(texts, Iterable):
        what = f"a {type(texts).__name__} is no list of texts"
        raise UsageError(
            [Problem(file="texts", what=what, fix="give a list, a Series, or a DataFrame with a column text")]
        )
    return texts


def _words(text: Any) -> str:
    """The words of a text, parted by single blanks, in one of the forms that look the same."""
    if not isinstance(text, str):
        return ""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text.replace("\u00ad", "")).casefold()))


class _Comparison:
    """Exact similarity of distinct texts, by position; the sets are made when they are first needed."""

    def __init__(self, distinct: Sequence[str], shingle: int) -> None:
        self._distinct, self._shingle = distinct, shingle
        self.of = lru_cache(maxsize=10_000)(self._of)

    def _of(self, position: int) -> frozenset[str]:
        return frozenset(_shingles(self._distinct[position], self._shingle))

    def similarity(self, one: int, other: int) -> float:
        first, second = self.of(one), self.of(other)
        shared = len(first & second)
        return shared / (len(first) + len(second) - shared)


def _shingles(words: str, shingle: int) -> Iterator[str]:
    parts = words.split(" ")
    if len(parts) <= shingle:
        yield words
        return
    for start in range(len(parts) - shingle + 1):
        yield " ".join(parts[start : start + shingle])


def _join(distinct: Sequence[str], compare: _Comparison, *, threshold: float, seed: int) -> list[list[int]]:
    """Positions of distinct texts by campaign: what pairs of at least that similarity connect."""
    parent = list(range(len(distinct)))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = parent[position]
        return position

    # Texts that share a band, by what they were joined to when they came: of those that are joined to a text already
    # none is compared with it, so a campaign of a hundred thousand letters takes time in proportion.
    bands: dict[bytes, dict[int, list[int]]] = {}
    for position, keys in _bands(distinct, compare, threshold=threshold, seed=seed):
        for key in keys:
            band = bands.setdefault(key, {})
            for before in list(band):
                now = root(before)
                if now != before:
                    band.setdefault(now, []).extend(band.pop(before))
            for joined in list(band):
                one, two = root(position), root(joined)
                if one != two and any(compare.similarity(position, other) >= threshold for other in band[joined]):
                    parent[max(one, two)] = min(one, two)
            band.setdefault(root(position), []).append(position)
    groups: dict[int, list[int]] = {}
    for position in range(len(distinct)):
        groups.setdefault(root(position), []).append(position)
    return list(groups.values())


def _bands(
    distinct: Sequence[str], compare: _Comparison, *, threshold: float, seed: int
) -> Iterator[tuple[int, list[bytes]]]:
    """For each text the keys of its bands."""
    if len(distinct) < 2:  # noqa: PLR2004  # a pair
        return
    try:
        from datasketch import MinHash
    except ImportError as error:
        raise missing_extra("finding campaigns", "documents") from error
    bands = _Bands.for_threshold(threshold)
    # Its sums need not be secret, and the library mixes them once more.
    model = MinHash(num_perm=bands.count * bands.width, seed=seed, hashfunc=zlib.crc32)
    for position in range(len(distinct)):
        sketch = model.copy()
        sketch.update_batch([run.encode() for run in compare.of(position)])
        hashes = np.asarray(sketch.hashvalues).reshape(bands.count, bands.width)
        yield position, [number.to_bytes(1, "big") + band.tobytes() for number, band in enumerate(hashes)]


def _rows(
    members: Sequence[int], distinct: Sequence[str], rows_of: Mapping[str, list[int]], compare: _Comparison, size: int
) -> list[tuple[int, str, int, str, float]]:
    first = members[0]
    name = f"campaign-{hashlib.blake2b(distinct[first].encode('utf-8', 'replace'), digest_size=6).hexdigest()}"
    found: list[tuple[int, str, int, str, float]] = []
    for member in members:
        similarity = 1.0 if member == first else compare.similarity(first, member)
        kind = "exact" if member == first else "near"
        found += [(row, name, size, kind, similarity) for row in rows_of[distinct[member]]]
    return sorted(found)


def collapse_campaigns(statements: pd.DataFrame, campaigns: pd.DataFrame) -> pd.DataFrame:
    """Make every statement of a campaign but the first a restatement of the first.

    A measure leaves restatements out unless asked for, so the study then counts a campaign once, and each signatory
    with ``restated=True``; :func:`policygap.measure_robustness` tries both. ``coverage.left_out`` says how many
    statements were left out, and why.

    Parameters
    ----------
    statements
        The frame that the campaigns were found in, with a column ``id``. Those that restate something keep it.
    campaigns
        What :func:`find_campaigns` found in it.

    Returns
    -------
    pandas.DataFrame
        The statements with ``restates`` filled in, and a column ``campaign``.

    Raises
    ------
    UsageError
        Where the campaigns were found in another frame, or a column is missing.

    Examples
    --------
    >>> letter = "We ask the council to keep the ferry running all through the winter, every day of the week"
    >>> statements = pd.DataFrame({"id": ["s1", "s2"], "text": [letter, letter]})
    >>> collapse_campaigns(statements, find_campaigns(statements))["restates"].tolist()
    [nan, 's1']
    """
    _check_columns(statements, campaigns)
    ids = statements["id"].astype(object).to_numpy()
    rows = campaigns["row"].to_numpy(dtype=np.int64)
    first = campaigns.groupby("campaign")["row"].transform("min").to_numpy(dtype=np.int64)
    restates = np.full(len(ids), None, dtype=object)
    copies = rows != first
    restates[rows[copies]] = ids[first[copies]]
    named = np.full(len(ids), None, dtype=object)
    named[rows] = campaigns["campaign"].astype(object).to_numpy()
    made = pd.DataFrame({"restates": restates, "campaign": named}, index=statements.index, dtype="str")
    if "restates" in statements:
        own = statements["restates"]
        made["restates"] = own.where(own.notna(), made["restates"])
    return statements.assign(restates=made["restates"], campaign=made["campaign"])


def _check_columns(statements: pd.DataFrame, campaigns: pd.DataFrame) -> None:
    problems = [
        Problem(file=name, what=f"there is no column '{column}'", fix=fix)
        for name, frame, columns, fix in (
            ("statements", statements, ("id",), "give a frame of statements"),
            ("campaigns", campaigns, ("row", "campaign"), "give what find_campaigns returned"),
        )
        for column in columns
        if column not in frame
    ]
    if not problems and len(campaigns) and int(campaigns["row"].max()) >= len(statements):
        what = f"they name row {int(campaigns['row'].max())}, but there are {len(statements)} statements"
        problems.append(Problem(file="campaigns", what=what, fix="find them in the same frame of statements"))
    if problems:
        raise UsageError(problems)
