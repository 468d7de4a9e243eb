"""Rules and a person's codings come in; how far the rules reach what the person gave goes out, with every error.

Precision is the share of what the rules gave that the person gave too, recall the share of what the person gave that
the rules gave too, F1 their harmonic mean (van Rijsbergen 1979, *Information Retrieval*, ch. 7). Intervals of the two
shares are Wilson's. Alpha is Krippendorff's, with the rules as one coder (:mod:`policygap.agreement`).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import frozen

from .agreement import CONSENSUS, measure_agreement
from .errors import Problem, UsageError
from .intervals import wilson
from .rules.ruleset import RuleSet
from .spelling import suggest
from .study import Study

__all__ = ["Evaluation", "evaluate_rules", "split_statements"]

_SUMS: Final = {"both": "both", "only_rules": "only_coder", "only_person": "only_against"}
_CODES: Final = (
    "kind", "has_rule", *_SUMS, "precision", "precision_low", "precision_high", "recall", "recall_low", "recall_high",
    "f1", "alpha", "alpha_low", "alpha_high",
)  # fmt: skip
_STEPS: Final = 2**64


def split_statements(study: Study, share: float = 0.5, *, by: str = "id") -> pd.Series:
    """Choose a share of the statements to write rules on, always the same ones.

    A statement's id alone decides (by SHA-256), so neither order nor other statements matter, and what is added later
    moves nothing.

    Parameters
    ----------
    study
        The study.
    share
        About how much to choose, between 0 and 1.
    by
        The column that decides: statements that are equal in it stay together, such as those of one ``speaker`` or
        ``source``, whose words are alike.

    Returns
    -------
    pandas.Series
        Whether each statement is one to write rules on: for :meth:`policygap.study.Study.select_statements` as it is,
        and for :func:`evaluate_rules` as ``written_on``.

    Raises
    ------
    UsageError
        Where there is no such column, or the share is no number between 0 and 1.

    Examples
    --------
    >>> import policygap as pg
    >>> study = pg.read_study("smabystrategi")
    >>> split_statements(study).value_counts().to_dict()
    {False: 244, True: 228}
    """
    problems: list[Problem] = []
    if by not in study.statements.columns:
        fix = suggest(str(by), study.statements.columns, otherwise="name a column of the table statements")
        problems.append(Problem(file="by", what=f"statements have no column '{by}'", fix=fix))
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        problems.append(Problem(file="share", what=f"{share!r} is no number between 0 and 1", fix="use 0.5, say"))
    if problems:
        raise UsageError(problems)
    values = study.statements[by].astype(object)
    chosen = {value: _draw(str(value)) < share for value in values[values.notna()].unique()}
    return values.map(lambda value: chosen.get(value, False)).astype(bool).rename("written_on")


def _draw(text: str) -> float:
    """A number from 0 up to 1 that a text stands for."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / _STEPS


@frozen(kw_only=True, eq=False)
class Evaluation:
    """How good rules are.

    Attributes
    ----------
    rules, against
        The rules' name as a coder, and the coder who is taken to be right.
    statements
        How many statements the rules were held against: none of those that they were written on, and only those that
        the coder assessed.
    codes
        A row for each code of a kind that the rules have codes of, indexed by id: ``kind``; ``has_rule``; ``both``,
        ``only_rules`` and ``only_person``, on how many statements the code was given by whom; ``precision``, ``recall``
        and ``f1``, missing where they divide by 0, the first two with Wilson's interval; ``alpha`` with its interval.
    kinds
        The same over all codes of each kind, indexed by kind, with ``statements``: every code that either side gave
        counts once, also codes that have no rule.
    errors
        A row for each code that one side alone gave a statement: ``statement``, ``code``, ``kind``, ``error``
        (``wrong``: only the rules gave it; ``missed``: only the person did), ``words`` for which the rules gave it,
        ``text``. Codes with most errors first.
    patterns
        A row for each pattern that stands where its rule fired: ``code``, ``pattern``, on how many statements the
        person gave the code too (``right``) and on how many not (``wrong``). Those that mislead most first.
    prompted
        How many of the person's codings were made in a review of the rules' own suggestions, which flatters the rules.
    """

    rules: str
    against: str
    statements: int
    codes: pd.DataFrame
    kinds: pd.DataFrame
    errors: pd.DataFrame
    patterns: pd.DataFrame
    prompted: int

    def explain(self) -> str:
        """What came out, in a few sentences."""
        lines = [f"{self.rules} against {self.against}, on {self.statements:,} statements that it was not written on."]
        for kind, row in self.kinds.iterrows():
            figures = ", ".join(
                f"{name} {'cannot be told' if pd.isna(row[column]) else format(row[column], '.2f')}"
                for name, column in (("precision", "precision"), ("recall", "recall"), ("F1", "f1"), ("alpha", "alpha"))
            )
            lines.append(f"{kind}: {figures}.")
        if self.prompted:
            lines.append(
                f"{self.prompted:,} of {self.against}'s codings were made in a review of the rules' own suggestions: "
                "the figures flatter the rules."
            )
        return "\n".join(lines)


def evaluate_rules(
    study: Study,
    rules: RuleSet,
    *,
    written_on: Any = None,
    against: str | None = None,
    column: str = "text",
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Evaluation:
    """Hold rules against a person's codings, on statements that they were not written on.

    Parameters
    ----------
    study
        The study.
    rules
        The rules.
    written_on
        Which statements the rules were written on, true or false for each, as :func:`split_statements` gives it; they
        take no part. ``None``: those that the rules say of themselves (``written_on`` of the rule file). Rules that
        were written on none of the study's statements take a plain ``False``.
    against
        The coder who is taken to be right; ``None``: the study's default coder, or its only one.
    column
        The column of statements that the rules read.
    n, seed, level
        As for :func:`policygap.agreement.measure_agreement`; the level is that of all intervals.

    Returns
    -------
    Evaluation

    Raises
    ------
    UsageError
        Where nobody says what the rules were written on, where there is nothing else, or no such coder or column; where
        the extra ``agreement`` is not installed.

    Examples
    --------
    >>> import policygap as pg
    >>> study = pg.read_study("smabystrategi")
    >>> rules = pg.RuleSet(name="first try", rules=[pg.Rule("housing", any=["housing", "dwelling*"])])
    >>> found = evaluate_rules(study, rules, written_on=False, n=40)
    >>> found.codes.loc["housing", ["both", "only_rules", "only_person"]].to_list()
    [8, 4, 11]
    >>> found.errors.query("code == 'housing'")["error"].value_counts().to_dict()
    {'missed': 11, 'wrong': 4}
    """
    person = _person(study, against)
    held_back = study.select_statements(~_seen(study, rules, written_on))
    texts = held_back.statements
    by_person = held_back.codings["coder"].eq(person).fillna(False).astype(bool)
    suggested = rules.suggest(held_back, column=column)
    if not texts["id"].isin(held_back.codings.loc[by_person, "statement"]).any():
        what = f"{person} has assessed none of the statements that the rules were not written on"
        raise UsageError([Problem(file="written_on", what=what, fix="write rules on a part of what was coded")])
    others = held_back.codings["coder"].eq(rules.coder).fillna(False).astype(bool)  # an earlier run of the same rules
    plain = held_back.with_tables(codings=held_back.codings[~others].reset_index(drop=True))
    agreement = measure_agreement(plain.with_codings(suggested), [person, rules.coder], n=n, seed=seed, level=level)
    kind_of = {code.id: code.kind for code in study.codes}
    kinds = dict.fromkeys(kind for code, kind in kind_of.items() if code in rules.codes)
    pairs = agreement.pairs[agreement.pairs["coder"].eq(rules.coder) & agreement.pairs["kind"].isin(list(kinds))]
    codes = pairs.set_index("id")
    alphas = agreement.codes.loc[codes.index, ["alpha", "alpha_low", "alpha_high"]]
    codes = _figures(codes.rename(columns={old: new for new, old in _SUMS.items()}), level).join(alphas)
    codes.insert(1, "has_rule", codes.index.isin(rules.codes))
    sums = codes.groupby("kind", sort=False)[list(_SUMS)].sum().loc[list(kinds)]
    over_all = agreement.kinds.loc[list(kinds), ["statements", "alpha", "alpha_low", "alpha_high"]]
    given = _given(suggested, plain, person, kind_of)
    differ = agreement.disagreements[agreement.disagreements["kind"].isin(list(kinds))]
    errors, patterns = _errors(given, differ, rules, texts.set_index(texts["id"].astype(object))[column])
    prompted = plain.codings.reindex(columns=["coder", "suggested_by"]).astype(object)
    by_rules = prompted["suggested_by"].map(lambda name: str(name).startswith(f"{rules.name} "))
    return Evaluation(
        rules=rules.coder,
        against=person,
        statements=int(over_all["statements"].max()),
        codes=codes[list(_CODES)],
        kinds=over_all[["statements"]].join(_figures(sums, level)).join(over_all.drop(columns="statements")),
        errors=errors,
        patterns=patterns,
        prompted=int((prompted["coder"].eq(person) & by_rules).sum()),
    )


def _person(study: Study, against: str | None) -> str:
    basis = study.codings["basis"].astype(object)
    coders = sorted(study.codings.loc[basis.isna() | basis.eq("coder"), "coder"].dropna().astype(str).unique())
    if against is not None:
        if against in coders:
            return against
        fix = suggest(against, coders, otherwise="name a coder of the study")
        raise UsageError([Problem(file="against", what=f"'{against}' has coded nothing", fix=fix)])
    if study.default_coder in coders:
        return str(study.default_coder)
    alone = [name for name in coders if name != CONSENSUS] or coders
    if len(alone) != 1:
        what = f"the study has {len(alone) or 'no'} coders" + (f" ({', '.join(alone)})" if alone else "")
        raise UsageError([Problem(file="against", what=what, fix="say whose codings are taken to be right")])
    return alone[0]


def _seen(study: Study, rules: RuleSet, written_on: Any) -> Any:
    """Which statements the rules were written on."""
    statements = study.statements
    if written_on is None:
        if rules.written_on is None:
            fix = "give written_on=, or say it in the rule file: written_on = { source = [...] }, say"
            raise UsageError([Problem(file=rules.name, what="nobody says what the rules were written on", fix=fix)])
        seen = np.zeros(len(statements), dtype=bool)
        for column, values in rules.written_on.items():
            if column not in statements.columns:
                fix = suggest(column, statements.columns, otherwise="name a column of the table statements")
                raise UsageError([Problem(file="written_on", what=f"statements have no column '{column}'", fix=fix)])
            seen |= statements[column].astype(object).isin(list(values)).to_numpy()
        return seen
    if isinstance(written_on, bool | np.bool_):
        return np.full(len(statements), bool(written_on))
    seen = np.asarray(written_on)
    if seen.shape != (len(statements),) or seen.dtype != bool:
        what = f"it takes true or false for each of the {len(statements):,} statements"
        raise UsageError([Problem(file="written_on", what=what, fix="use split_statements(study)")])
    return seen


def _figures(counts: pd.DataFrame, level: float) -> pd.DataFrame:
    """Precision, recall and F1 of counts, with the intervals of the first two."""
    table = counts.copy()
    both = counts["both"]
    for name, other in (("precision", "only_rules"), ("recall", "only_person")):
        whole = both + counts[other]
        table[name] = (both / whole.where(whole > 0)).astype("Float64")
        ends = [wilson(part / of, of, level) if of else None for part, of in zip(both, whole, strict=True)]
        for end in ("low", "high"):
            table[f"{name}_{end}"] = pd.array([getattr(pair, end, None) for pair in ends], dtype="Float64")
    whole = 2 * both + counts["only_rules"] + counts["only_person"]
    table["f1"] = (2 * both / whole.where(whole > 0)).astype("Float64")
    return table


def _given(suggested: pd.DataFrame, study: Study, person: str, kind_of: Mapping[str, str]) -> pd.DataFrame:
    """What the rules gave statements that the person assessed for codes of that kind."""
    codings = study.codings
    basis = codings["basis"].astype(object)
    rows = codings[codings["coder"].eq(person).fillna(False) & (basis.isna() | basis.eq("coder"))].astype(object)
    looked = set(
        zip(rows["statement"], rows["kind"].where(rows["code"].isna(), rows["code"].map(kind_of)), strict=True)
    )
    given = suggested[suggested["code"].notna()]
    given = given.assign(kind=given["code"].map(kind_of))
    both = [pair in looked for pair in zip(given["statement"], given["kind"], strict=True)]
    return given.loc[both, ["statement", "code", "kind"]].reset_index(drop=True)


def _errors(
    given: pd.DataFrame, differ: pd.DataFrame, rules: RuleSet, texts: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The errors, with the words for them, and how often each pattern was right."""
    wrong = differ["given_by"].eq(rules.coder)
    mistaken = set(zip(differ.loc[wrong, "statement"], differ.loc[wrong, "code"], strict=True))
    pairs = set(zip(given["statement"], given["code"], strict=True))
    names = list(dict.fromkeys(given["statement"]))
    found = rules.find([texts[name] for name in names])
    words: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    standing: dict[tuple[str, str, str], bool] = {}
    for place, code, pattern, word in zip(found["text"], found["code"], found["pattern"], found["words"], strict=True):
        pair = names[place], code
        if pair in pairs:
            words[pair][" ".join(word.split())] = None
            standing[code, pattern, names[place]] = pair in mistaken
    why = [", ".join(words[pair]) or None for pair in zip(differ["statement"], differ["code"], strict=True)]
    errors = differ.assign(
        error=np.where(wrong, "wrong", "missed"),
        words=pd.Series(why, index=differ.index, dtype=object),
        text=differ["statement"].map(texts),
    )
    many = errors["code"].map(errors["code"].value_counts())
    errors = errors.assign(many=many).sort_values(
        ["many", "code", "error"], ascending=[False, True, False], kind="stable"
    )
    judged = Counter((code, pattern, is_wrong) for (code, pattern, _), is_wrong in standing.items())
    listed = list(dict.fromkeys((code, pattern) for code, pattern, _ in standing))
    patterns = pd.DataFrame(
        [(*one, judged[*one, False], judged[*one, True]) for one in listed],
        columns=["code", "pattern", "right", "wrong"],
    )
    return (
        errors[["statement", "code", "kind", "error", "words", "text"]].reset_index(drop=True),
        patterns.sort_values(
            ["wrong", "right", "code", "pattern"], ascending=[False, True, True, True], ignore_index=True
        ),
    )
