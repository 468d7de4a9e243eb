"""A study and its coders come in; how far they agree, code by code and as sets, goes out, with every disagreement.

Krippendorff's alpha is 1 where coders agree everywhere, 0 where they agree as often as chance would have it, and
below 0 where less often (Krippendorff 2019, *Content Analysis*, 4th ed., ch. 12). Statements with several codes are
compared as sets too, with the distance MASI (Passonneau 2006, "Measuring agreement on set-valued items (MASI) for
semantic and pragmatic annotation", LREC).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from attrs import evolve, frozen

from .choices import Choices
from .errors import Problem, UsageError
from .study import Study
from .touches import Touches, collect_touches

__all__ = ["Agreement", "measure_agreement"]

Array = np.ndarray[Any, Any]

CONSENSUS = "consensus"
_PAIR = 2
_BLOCK = 1_000  # sets compared with all others at a time, so that memory stays bounded


@frozen(kw_only=True, eq=False)
class Agreement:
    """How far coders agree.

    Attributes
    ----------
    study, coders
        Whose codings of what were compared.
    codes
        A row for each code, indexed by id: ``kind``; ``statements`` that two coders or more assessed for that kind;
        ``agreed`` and ``split``, of these, where all and where only some of those who assessed it gave it the code;
        ``alpha``, missing where nobody or everybody gave the code everywhere, for then chance has no measure.
    kinds
        A row for each kind of code, indexed by kind: ``statements``; ``codes`` in use; ``same``, the share of
        statements whose codes are the same for all; ``alpha`` over all decisions of the kind, each code of each
        statement yes or no; ``masi``, alpha of the sets of codes.
    disagreements
        A row for each statement and code on which coders differ: ``statement``, ``code``, ``kind``, ``given_by``,
        ``not_by`` (coders, separated by ``;``).
    """

    study: Study
    coders: tuple[str, ...]
    codes: pd.DataFrame
    kinds: pd.DataFrame
    disagreements: pd.DataFrame


def measure_agreement(study: Study, coders: Iterable[str] | None = None, *, reading: str = "main") -> Agreement:
    """Measure how far coders agree on the statements that two or more of them assessed.

    Every statement takes part, also those that counts leave out: a restatement is coded like any other.

    Parameters
    ----------
    study
        The study; the column ``coder`` of its codings tells who coded what.
    coders
        Two coders or more; ``None``: all of the study but one called ``consensus``, whose codings were settled from
        the others'.
    reading
        ``main`` or ``alternative``.

    Returns
    -------
    Agreement
        Figures by code and by kind, and the disagreements to talk about.

    Raises
    ------
    UsageError
        Where a coder has coded nothing, or there are fewer than two; or the extra ``agreement`` is not installed.

    Examples
    --------
    >>> import policygap as pg
    >>> yes, no = {"code": "t"}, {"code": None, "kind": "theme"}
    >>> codings = [
    ...     {"statement": f"s{n}", "coder": coder, **row}
    ...     for coder, rows in {"ann": [yes, yes, no, no], "bo": [yes, no, no, no]}.items()
    ...     for n, row in enumerate(rows)
    ... ]
    >>> study = pg.build_study(
    ...     themes=[{"id": "t", "label": "Buses"}],
    ...     targets=[{"id": "A", "kind": "focus_area", "label": "Transport"}],
    ...     statements=[{"id": f"s{n}", "speaker": "x", "text": "..."} for n in range(4)],
    ...     codings=codings,
    ...     actors=[{"id": "x", "label": "X", "group": "g"}],
    ...     groups=[{"id": "g", "label": "G"}],
    ... )
    >>> agreement = measure_agreement(study)
    >>> agreement.codes.loc["t", ["statements", "agreed", "split"]].to_list()
    [4, 1, 1]
    >>> float(round(agreement.codes.loc["t", "alpha"], 3))
    0.533
    >>> agreement.disagreements[["statement", "given_by", "not_by"]].to_dict("records")
    [{'statement': 's1', 'given_by': 'ann', 'not_by': 'bo'}]
    """
    names = _coders_of(study, coders)
    choices = Choices(reading=reading, restated=True)  # type: ignore[arg-type]
    whole = _all_counted(study)
    by_coder = [collect_touches(whole, evolve(choices, coder=(name,))) for name in names]
    first = by_coder[0]
    code_rows: list[pd.DataFrame] = []
    kind_rows: list[dict[str, Any]] = []
    differ: list[pd.DataFrame] = []
    for kind in dict.fromkeys(first.kinds.tolist()):
        answers = _Answers.of(kind, by_coder)
        codes = answers.by_code(first)
        code_rows.append(codes)
        kind_rows.append(
            {"kind": kind, **answers.together(), "codes": int((codes["agreed"] + codes["split"]).gt(0).sum())}
        )
        differ.append(answers.differences(first, names))
    columns = ["statements", "codes", "same", "alpha", "masi"]
    disagreements = pd.concat(differ, ignore_index=True)
    order = pd.Index(first.statement_ids).get_indexer(pd.Index(disagreements["statement"]))
    return Agreement(
        study=study,
        coders=names,
        codes=pd.concat(code_rows),
        kinds=pd.DataFrame(kind_rows).set_index("kind")[columns],
        disagreements=disagreements.iloc[np.argsort(order, kind="stable")].reset_index(drop=True),
    )


def _coders_of(study: Study, coders: Iterable[str] | None) -> tuple[str, ...]:
    known = tuple(sorted(study.codings["coder"].dropna().astype(str).unique()))
    if coders is None:
        names = tuple(name for name in known if name != CONSENSUS)
    else:
        names = tuple(dict.fromkeys((coders,) if isinstance(coders, str) else coders))
    if len(names) < _PAIR:
        what = f"agreement needs two coders or more, and there is {', '.join(names) or 'none'}"
        fix = "fill in the column coder of the codings" if coders is None else f"name two of {', '.join(known)}"
        raise UsageError([Problem(file="coders", what=what, fix=fix)])
    return names


def _all_counted(study: Study) -> Study:
    """The same study with every statement in the count, whatever its voice."""
    return study.with_tables(statements=study.statements.drop(columns=["counted", "voice"]))


@frozen(kw_only=True, eq=False)
class _Answers:
    """Who gave which codes of a kind to the statements that two coders or more assessed.

    ``given`` is coders x statements x codes, ``looked`` coders x statements; the other two are positions in the study.
    """

    kind: str
    given: Array
    looked: Array
    statements: Array
    codes: Array

    @classmethod
    def of(cls, kind: str, by_coder: Sequence[Touches]) -> _Answers:
        codes = by_coder[0].positions(kind)
        everybody = np.array([touches.assessed(kind) for touches in by_coder])
        statements = np.flatnonzero(everybody.sum(axis=0) >= _PAIR)
        given = np.zeros((len(by_coder), len(statements), len(codes)), dtype=bool)
        place = np.full(everybody.shape[1], -1)
        place[statements] = np.arange(len(statements))
        for coder, touches in enumerate(by_coder):
            rows = touches.of_kind(kind)
            where = place[touches.statement[rows]]
            column = np.searchsorted(codes, touches.code[rows])
            given[coder, where[where >= 0], column[where >= 0]] = True
        return cls(kind=kind, given=given, looked=everybody[:, statements], statements=statements, codes=codes)

    def by_code(self, touches: Touches) -> pd.DataFrame:
        """Agreement on each code."""
        yes = self.given.sum(axis=0)
        no = self.looked.sum(axis=0)[:, None] - yes
        frame = pd.DataFrame(
            {
                "kind": self.kind,
                "statements": len(self.statements),
                "agreed": (no == 0).sum(axis=0),
                "split": ((yes > 0) & (no > 0)).sum(axis=0),
                "alpha": [_alpha(no[:, code], yes[:, code]) for code in range(len(self.codes))],
            },
            index=pd.Index(touches.codes[self.codes], name="id"),
        )
        return frame.astype({"alpha": "Float64"})

    def together(self) -> dict[str, Any]:
        """Agreement on all codes of the kind at once."""
        yes = self.given.sum(axis=0)
        no = self.looked.sum(axis=0)[:, None] - yes
        same = ((yes == 0) | (no == 0)).all(axis=1)
        return {
            "statements": len(self.statements),
            "same": float(same.mean()) if len(same) else pd.NA,
            "alpha": _alpha(no.ravel(), yes.ravel()),
            "masi": _alpha_of_sets(self.given, self.looked),
        }

    def differences(self, touches: Touches, coders: Sequence[str]) -> pd.DataFrame:
        """A row for each statement and code on which coders differ."""
        yes = self.given.any(axis=0)
        no = (~self.given & self.looked[:, :, None]).any(axis=0)
        statement, code = np.nonzero(yes & no)
        given, looked = self.given[:, statement, code], self.looked[:, statement]
        return pd.DataFrame(
            {
                "statement": touches.statement_ids[self.statements[statement]],
                "code": touches.codes[self.codes[code]],
                "kind": self.kind,
                "given_by": _names(coders, given),
                "not_by": _names(coders, looked & ~given),
            },
            dtype=object,
        )


def _names(coders: Sequence[str], mask: Array) -> list[str]:
    return [";".join(itertools.compress(coders, column)) for column in mask.T]


def _alpha(no: Array, yes: Array) -> Any:
    """Krippendorff's alpha of decisions, from how many coders said no and how many yes to each, or missing."""
    if not yes.any() or not no.any():
        return pd.NA
    try:
        import krippendorff
    except ImportError:
        what, fix = "the package krippendorff is not installed", "pip install 'policygap[agreement]'"
        raise UsageError([Problem(what=what, fix=fix)]) from None
    return float(krippendorff.alpha(value_counts=np.column_stack([no, yes]), level_of_measurement="nominal"))


def _alpha_of_sets(given: Array, looked: Array) -> Any:
    """Krippendorff's alpha with the distance MASI; missing where all sets are one.

    The package's own function makes an array of statements x sets x sets, so the two sums are made here: what was
    observed by pairs of coders, what is expected by pairs of distinct sets.
    """
    pairable = looked.sum(axis=0)
    total = int(pairable.sum())
    sets, counts = np.unique(given[looked], axis=0, return_counts=True)
    if len(sets) == 1 or not total:
        return pd.NA
    observed = 0.0
    for one, two in itertools.combinations(range(len(given)), 2):
        both = looked[one] & looked[two]
        distance = _masi((given[one] & given[two]).sum(axis=1), given[one].sum(axis=1), given[two].sum(axis=1))
        observed += 2 * float((distance[both] / (pairable[both] - 1)).sum())
    expected = 0.0
    numbers, sizes = sets.astype(np.int64), sets.sum(axis=1)
    for start in range(0, len(sets), _BLOCK):
        part = slice(start, start + _BLOCK)
        distance = _masi(numbers[part] @ numbers.T, sizes[part, None], sizes[None, :])
        expected += float(counts[part] @ distance @ counts)
    return 1 - (observed / total) / (expected / (total * (total - 1)))


def _masi(shared: Array, one: Array, two: Array) -> Array:
    """MASI distance of sets from the sizes of what they share and of each: 1 - Jaccard x monotonicity.

    Monotonicity is 1 for equal sets, 2/3 where one holds the other, 1/3 where they overlap, and 0 otherwise.
    """
    union = one + two - shared
    jaccard = np.divide(shared, union, out=np.ones(np.shape(union)), where=union > 0)
    cases = [union == shared, shared == np.minimum(one, two), shared > 0]
    return 1 - jaccard * np.select(cases, [1.0, 2 / 3, 1 / 3], default=0.0)
