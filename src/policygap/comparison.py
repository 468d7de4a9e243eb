"""Two studies come in, such as a draft and a final strategy; what changed between them goes out.

Nouns, codings, coverage and gaps are compared, and codings whose statement's text has changed since are listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import evolve, frozen

from .choices import Choices
from .coverage import Coverage, measure_coverage
from .decisions import DecisionTable
from .fingerprints import fingerprint
from .gaps import Gap, find_gaps
from .renames import Renames, find_renames, translate
from .schema import TABLES
from .showing import to_html_table
from .study import Study

__all__ = ["StudyDiff", "diff_studies", "find_stale", "stamp_codings"]

# What tells the rows of a table apart that have no id; those that are alike in it are paired in their order.
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "codings": ("statement", "code", "kind", "coder", "basis", "reading"),
    "links": ("theme", "target", "coder"),
    "responses": ("subject", "source", "locator"),
    "stated_counts": ("subject", "unit", "source", "locator"),
}
_NOUNS: Final = tuple(name for name in TABLES if name != "codings")
_MEASURES: Final = ("attention", "demand", "share", "units", "assessed", "statements")
_CHANGE: Final = ("table", "id", "change", "column", "old", "new")
_STALE: Final = ("statement", "code", "coder", "why", "old_text", "new_text")


@frozen(kw_only=True, eq=False)
class StudyDiff:
    """What changed between two studies.

    Attributes
    ----------
    old, new
        The studies.
    nouns
        A row for each change: ``table``, ``id`` (the row's id, or what tells it apart), ``change`` (``added``,
        ``removed``, ``changed``, or ``renamed`` where the same label has another id), ``column``, ``old``, ``new``.
    codings
        The same for codings, with ``statement``, ``code``, ``kind``, ``coder``, ``basis`` and ``reading`` in the
        place of the id.
    coverage
        A row for each code and measure that differs: ``code``, ``measure``, ``old``, ``new``, ``difference``. A figure
        that one study lacks is missing, and so is the difference.
    gaps
        A row for each code whose class differs: ``subject``, ``old``, ``new`` and ``change``: ``opened``, ``closed``,
        ``changed`` (another class, as much a gap as before), ``added`` or ``removed`` with its code; ``gap`` where the
        code came or went as one; and ``because``: ``input``, ``policy``, ``codes`` or ``counting``.
    stale
        Codings of the new study to be looked at again, since the text they judge has changed; see :func:`find_stale`.
    """

    old: Study
    new: Study
    nouns: pd.DataFrame
    codings: pd.DataFrame
    coverage: pd.DataFrame
    gaps: pd.DataFrame
    stale: pd.DataFrame

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return any(len(frame) for frame in (self.nouns, self.codings, self.coverage, self.gaps, self.stale))

    def summary(self) -> pd.DataFrame:
        """How many rows changed in each way: columns ``what``, ``change``, ``count``."""
        parts = [("gaps", self.gaps), ("codings", self.codings)]
        parts += [(name, self.nouns[self.nouns["table"] == name]) for name in ("study", *_NOUNS)]
        rows: list[dict[str, Any]] = []
        for what, frame in parts:
            again = frame.duplicated([name for name in frame.columns if name not in ("column", "old", "new")])
            counts = frame[(frame["change"] != "changed") | ~again]["change"].value_counts()
            rows += [{"what": what, "change": change, "count": int(counts[change])} for change in sorted(counts.index)]
        if len(self.stale):
            rows.append({"what": "codings", "change": "stale", "count": len(self.stale)})
        return pd.DataFrame(rows, columns=["what", "change", "count"])

    def _repr_html_(self) -> str:
        rows = self.summary().to_numpy().tolist()
        return to_html_table(f"{self.old.title} → {self.new.title}", ["what", "change", "count"], rows)


def diff_studies(
    old: Study,
    new: Study,
    choices: Choices | None = None,
    *,
    tables: Mapping[str, DecisionTable | Any] | None = None,
) -> StudyDiff:
    """Compare two studies: a draft and a final strategy, two rounds of coding, two years.

    Parameters
    ----------
    old, new
        The studies; rows are paired by their ids, others by what tells them apart.
    choices
        How both are counted; by default as :func:`policygap.measure_coverage` does.
    tables
        Decision tables in place of the built-in ones; see :func:`policygap.find_gaps`.

    Examples
    --------
    >>> import policygap as pg
    >>> old = pg.read_study("smabystrategi")
    >>> new = old.with_codings([{"statement": "s213-07", "code": "demography", "coder": "consensus"}])
    >>> diff = pg.diff_studies(old, new)
    >>> diff.codings[["statement", "code", "change"]].to_numpy().tolist()
    [['s213-07', 'demography', 'added']]
    >>> bool(pg.diff_studies(old, old))
    False
    """
    chosen = choices or Choices()
    renames = find_renames(old, new)
    nouns = [_compare_meta(old, new), *(_compare(old, new, name, renames) for name in _NOUNS), _tell(renames)]
    first, second = measure_coverage(old, chosen), measure_coverage(new, chosen)
    gaps = find_gaps(first, tables=tables), find_gaps(second, tables=tables)
    stale = pd.concat([find_stale(new, old), _changed_below(old, new, renames)], ignore_index=True)
    return StudyDiff(
        old=old,
        new=new,
        nouns=pd.concat([frame[list(_CHANGE)] for frame in nouns], ignore_index=True),
        codings=_compare(old, new, "codings", renames).drop(columns=["table", "id"]).reset_index(drop=True),
        coverage=_compare_coverage(first, second, _codes(renames)),
        gaps=_compare_gaps(*gaps, _codes(renames)),
        stale=stale.drop_duplicates(["statement", "code", "coder"]).reset_index(drop=True),
    )


def _codes(renames: Renames) -> dict[str, str]:
    return {**renames.get("themes", {}), **renames.get("targets", {})}


# -- rows


def _compare(old: Study, new: Study, table: str, renames: Renames) -> pd.DataFrame:
    """Rows that are only in one study, and the cells that differ in rows that are in both."""
    before, after = translate(old, table, renames), translate(new, table, {})
    columns = list(dict.fromkeys([*before.columns, *after.columns]))
    before, after = (frame.reindex(columns=columns, fill_value="") for frame in (before, after))
    known = TABLES[table].key
    if before.equals(after):
        before = after = before.iloc[:0]
    key = [known] if known else [name for name in _KEYS[table] if name in columns]
    before, after = _without_same(before, after, columns)
    pairs = _number(before, key, columns).merge(
        _number(after, key, columns), on=[*key, "__n"], how="outer", suffixes=("__old", "__new"), indicator="__side"
    )
    parts = [
        _rows(pairs[pairs["__side"] == side], key, change)
        for side, change in (("left_only", "removed"), ("right_only", "added"))
    ]
    both = pairs[pairs["__side"] == "both"]
    for name in (column for column in columns if column not in key):
        differs = both[both[f"{name}__old"] != both[f"{name}__new"]]
        if len(differs):
            cells = {"column": name, "old": differs[f"{name}__old"], "new": differs[f"{name}__new"]}
            parts.append(_rows(differs, key, "changed").assign(**cells))
    found = pd.concat(parts, ignore_index=True)
    found.insert(0, "table", table)
    found["id"] = found[key].agg(" ".join, axis=1).str.split().str.join(" ") if len(found) else ""
    found = found.sort_values([*key, "change", "column", "old", "new"], kind="stable").reset_index(drop=True)
    extra = [name for name in key if name not in _CHANGE] if table == "codings" else []
    return found[["table", "id", *extra, "change", "column", "old", "new"]].replace("", None)


def _without_same(before: pd.DataFrame, after: pd.DataFrame, columns: Sequence[str]) -> tuple[pd.DataFrame, ...]:
    """Both without the rows that stand in both, each as often as it does."""
    names = list(columns)
    counted = [frame.assign(__n=frame.groupby(names, sort=False).cumcount()) for frame in (before, after)]
    marked = counted[0].merge(counted[1], on=[*names, "__n"], how="outer", indicator="__side")
    left, right = (marked[marked["__side"] == side] for side in ("left_only", "right_only"))
    return left[names].reset_index(drop=True), right[names].reset_index(drop=True)


def _number(frame: pd.DataFrame, key: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Rows that are alike in the key are told apart by their place among them."""
    ordered = frame.sort_values(list(columns), kind="stable").reset_index(drop=True)
    return ordered.assign(__n=ordered.groupby(list(key), sort=False).cumcount())


def _rows(pairs: pd.DataFrame, key: Sequence[str], change: str) -> pd.DataFrame:
    return pairs[list(key)].assign(change=change, column="", old="", new="")


def _compare_meta(old: Study, new: Study) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for name in sorted({*old.meta, *new.meta} - {"id"}):  # which is but the name of the file or folder
        before, after = old.meta.get(name), new.meta.get(name)
        if before != after:
            change = "added" if name not in old.meta else "removed" if name not in new.meta else "changed"
            shown = [None if value is None else str(value) for value in (before, after)]
            rows.append(dict(zip(_CHANGE, ("study", name, change, name, *shown), strict=True)))
    return pd.DataFrame(rows, columns=list(_CHANGE), dtype=object)


def _tell(renames: Renames) -> pd.DataFrame:
    rows = [
        (table, before, "renamed", "id", before, after)
        for table, ids in renames.items()
        for before, after in ids.items()
    ]
    return pd.DataFrame(rows, columns=list(_CHANGE), dtype=object)


# -- measures


def _compare_coverage(old: Coverage, new: Coverage, renamed: Mapping[str, str]) -> pd.DataFrame:
    frames = [_long(one.themes, one.targets) for one in (old, new)]
    frames[0]["code"] = frames[0]["code"].replace(dict(renamed))
    both = frames[0].merge(frames[1], on=["code", "measure"], how="outer", suffixes=("_old", "_new"))
    both = both.rename(columns={"value_old": "old", "value_new": "new"}).sort_values(["code", "measure"])
    same = (both["old"] == both["new"]) | (both["old"].isna() & both["new"].isna())
    both["difference"] = both["new"] - both["old"]
    return both[~same.fillna(False).astype(bool)].reset_index(drop=True)[
        ["code", "measure", "old", "new", "difference"]
    ]


def _long(*frames: pd.DataFrame) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {"code": frame.index.astype(object), "measure": name, "value": frame[name].astype("Float64").array}
        )
        for frame in frames
        for name in _MEASURES
        if name in frame.columns
    ]
    return pd.concat(parts, ignore_index=True)


def _compare_gaps(old: Sequence[Gap], new: Sequence[Gap], renamed: Mapping[str, str]) -> pd.DataFrame:
    first, second = {renamed.get(gap.subject, gap.subject): gap for gap in old}, {gap.subject: gap for gap in new}
    rows: list[dict[str, Any]] = []
    for subject in dict.fromkeys([*second, *first]):
        one, two = first.get(subject), second.get(subject)
        if one is not None and two is not None and one.kind == two.kind:
            continue
        shown = two or one
        assert shown is not None
        rows.append(
            {
                "subject": subject,
                "label": shown.label,
                "old": one.kind if one else None,
                "new": two.kind if two else None,
                "change": _change(one, two),
                "gap": (two or shown).is_gap,
                "because": _because(one, two),
            }
        )
    columns = ["subject", "label", "old", "new", "change", "gap", "because"]
    order = {"opened": 0, "closed": 1, "changed": 2, "added": 3, "removed": 4}
    rows.sort(key=lambda row: order[row["change"]])
    return pd.DataFrame(rows, columns=columns)


def _change(old: Gap | None, new: Gap | None) -> str:
    if old is None:
        return "added"
    if new is None:
        return "removed"
    if old.is_gap == new.is_gap:
        return "changed"
    return "opened" if new.is_gap else "closed"


def _because(old: Gap | None, new: Gap | None) -> str:
    """What a change of class rests on: the figures of the input, or what the policy answers."""
    if old is None or new is None:
        return "codes"
    told = ("presence", "emphasis", "commitment")
    reasons = ["policy"] if any(old.figures.get(name) != new.figures.get(name) for name in told) else []
    counted = ("demand", "attention", "share", "ratio", "echoed")
    reasons += ["input"] if any(old.figures.get(name) != new.figures.get(name) for name in counted) else []
    return " and ".join(reasons) or "counting"


# -- texts that changed


def stamp_codings(study: Study) -> Study:
    """The study, each coding with the fingerprint of its statement's text; those that have one keep it.

    Examples
    --------
    >>> import policygap as pg
    >>> stamped = stamp_codings(pg.read_study("smabystrategi"))
    >>> stamped.codings["fingerprint"].str.len().unique().tolist(), len(pg.find_stale(stamped))
    ([16], 0)
    """
    now = study.codings["statement"].astype(object).map(_fingerprints(study))
    codings = study.codings
    codings["fingerprint"] = codings["fingerprint"].astype(object).where(codings["fingerprint"].notna(), now)
    return evolve(study, tables={**study.tables, "codings": codings.astype({"fingerprint": "str"})})


def _fingerprints(study: Study) -> dict[str, str]:
    statements = study.statements
    return dict(zip(statements["id"], map(fingerprint, statements["text"].astype(str)), strict=True))


def find_stale(study: Study, old: Study | None = None) -> pd.DataFrame:
    """Codings whose ``fingerprint`` is not that of their statement's text: they were made on another text.

    Parameters
    ----------
    study
        The study; codings without a fingerprint tell nothing.
    old
        An earlier study, in which the text that was judged may stand.

    Returns
    -------
    pandas.DataFrame
        ``statement``, ``code`` (missing where nothing fitted), ``coder``, ``why``, ``old_text`` (missing where it is
        not known), ``new_text``.
    """
    codings = study.codings
    now = codings["statement"].astype(object).map(_fingerprints(study))
    given = codings["fingerprint"]
    stale = codings[given.notna() & (given.astype(object) != now)]
    texts = dict(zip(study.statements["id"], study.statements["text"], strict=True))
    judged: dict[str, str] = {}
    if old is not None:
        judged = {fingerprint(str(text)): str(text) for text in old.statements["text"]}
    return _stale_rows(stale, "fingerprint", stale["fingerprint"].astype(object).map(judged), texts)


def _changed_below(old: Study, new: Study, renames: Renames) -> pd.DataFrame:
    """Codings without a fingerprint that are in both studies, although the text of their statement is another."""
    was, now = translate(old, "codings", renames), translate(new, "codings", {})
    before, after = (
        dict(zip(frame["id"], frame["text"], strict=True))
        for frame in (translate(old, "statements", renames), translate(new, "statements", {}))
    )
    changed = {
        name
        for name, text in after.items()
        if before.get(name, text) != text and fingerprint(before[name]) != fingerprint(text)
    }
    names = ["statement", "code", "coder"]
    known = set(was[names][was["statement"].isin(changed)].itertuples(index=False, name=None))
    now = now[now["statement"].isin(changed) & (now["fingerprint"] == "")]
    same = [row in known for row in now[names].itertuples(index=False, name=None)]
    stale = now[np.array(same, dtype=bool)].replace("", None)
    return _stale_rows(stale, "text", stale["statement"].map(before), after)


def _stale_rows(codings: pd.DataFrame, why: str, judged: pd.Series, texts: Mapping[str, str]) -> pd.DataFrame:
    found = {
        "statement": codings["statement"].astype(object),
        "code": codings["code"].astype(object),
        "coder": codings["coder"].astype(object),
        "why": why,
        "old_text": judged.astype(object),
        "new_text": codings["statement"].astype(object).map(texts),
    }
    return pd.DataFrame(found, columns=list(_STALE)).reset_index(drop=True)
