"""A study and its coders come in; how far they agree, code by code and as sets, goes out, with every disagreement.

Krippendorff's alpha is 1 where coders agree everywhere, 0 where they agree as often as chance would have it, and
below 0 where less often (Krippendorff 2019, *Content Analysis*, 4th ed., ch. 12). Statements with several codes are
compared as sets too, with the distance MASI (Passonneau 2006, "Measuring agreement on set-valued items (MASI) for
semantic and pragmatic annotation", LREC). Kappa takes what coders would agree on by chance from each coder's own habits
(Cohen 1960, doi:10.1177/001316446002000104) or from all together (Fleiss 1971, doi:10.1037/h0031619). Intervals come of
drawing statements anew (Zapf et al. 2016, doi:10.1186/s12874-016-0200-9).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from attrs import evolve, frozen

from .choices import Choices
from .errors import Problem, UsageError, missing_extra
from .ids import find_rows
from .intervals import fewest_replicates, judge_draws, percentile
from .resampling import draw_sums, make_sums
from .study import Study
from .touches import Touches, collect_touches

__all__ = ["Agreement", "measure_agreement"]

Array = np.ndarray[Any, Any]

CONSENSUS, RULE = "consensus", "rule"
_PAIR = 2
_PAIRS = (
    "id", "kind", "coder", "against", "statements", "both", "only_coder", "only_against", "precision", "recall", "f1"
)  # fmt: skip
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
        ``alpha``, missing where nobody or everybody gave the code everywhere, for then chance has no measure;
        ``alpha_low`` and ``alpha_high``, between which its replicates lie; ``cohen_kappa`` of two coders and
        ``fleiss_kappa`` of any number, on the statements that all of them assessed.
    kinds
        A row for each kind of code, indexed by kind: ``statements``; ``codes`` in use; ``same``, the share of
        statements whose codes are the same for all; ``alpha`` over all decisions of the kind, each code of each
        statement yes or no; ``alpha_low`` and ``alpha_high``; ``masi``, alpha of the sets of codes, with ``masi_low``
        and ``masi_high``.
    pairs
        A row for each code and ordered pair of coders, of whom ``against`` is taken to be right: ``id``, ``kind``,
        ``coder``, ``against``; ``statements`` that both assessed; ``both``, ``only_coder`` and ``only_against``, how
        many of them got the code from whom; ``precision``, ``recall`` and ``f1``, missing where they divide by 0.
    disagreements
        A row for each statement and code on which coders differ: ``statement``, ``code``, ``kind``, ``given_by``,
        ``not_by`` (coders, separated by ``;``).
    """

    study: Study
    coders: tuple[str, ...]
    codes: pd.DataFrame
    kinds: pd.DataFrame
    pairs: pd.DataFrame
    disagreements: pd.DataFrame


def measure_agreement(
    study: Study,
    coders: Iterable[str] | None = None,
    *,
    reading: str = "main",
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Agreement:
    """Measure how far coders agree on the statements that two or more of them assessed.

    Every statement takes part, also those that counts leave out: a restatement is coded like any other.

    Parameters
    ----------
    study
        The study; the column ``coder`` of its codings tells who coded what.
    coders
        Two coders or more; ``None``: all of the study but one called ``consensus``, whose codings were settled from
        the others'. Codings by rules that name no coder are those of ``rule``.
    reading
        ``main`` or ``alternative``.
    n, seed, level
        How many times statements are drawn anew for the intervals of alpha, from which seed, and how much of the
        replicates lies between the ends.

    Returns
    -------
    Agreement
        Figures by code and by kind, and the disagreements to talk about.

    Raises
    ------
    UsageError
        Where a coder has coded nothing, or there are fewer than two; where a coder is called ``rule`` beside rules
        that name none; or the extra ``agreement`` is not installed.

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
    >>> agreement.pairs.query("coder == 'ann'")[["id", "precision", "recall"]].to_dict("records")
    [{'id': 't', 'precision': 0.5, 'recall': 1.0}, {'id': 'A', 'precision': nan, 'recall': nan}]
    >>> agreement.disagreements[["statement", "given_by", "not_by"]].to_dict("records")
    [{'statement': 's1', 'given_by': 'ann', 'not_by': 'bo'}]
    """
    judge_draws(n=n, seed=seed, level=level, usual=1000)
    choices = Choices(reading=reading, restated=True, basis=("coder", "rule"))  # type: ignore[arg-type]
    whole = _with_rules_named(_all_counted(study))
    names = _coders_of(whole, coders)
    by_coder = [collect_touches(whole, evolve(choices, coder=(name,))) for name in names]
    first = by_coder[0]
    code_rows: list[pd.DataFrame] = []
    kind_rows: list[dict[str, Any]] = []
    differ: list[pd.DataFrame] = []
    pairs: list[dict[str, Any]] = []
    for kind in dict.fromkeys(first.kinds.tolist()):
        answers = _Answers.of(kind, by_coder)
        ends, over_all = answers.intervals(int(n), int(seed), float(level))
        codes = answers.by_code(first).assign(alpha_low=ends[0], alpha_high=ends[1])
        code_rows.append(codes)
        low, high = over_all
        used = int((codes["agreed"] + codes["split"]).gt(0).sum())
        sets = answers.sets
        masi_low, masi_high = sets.interval(int(n), int(seed), float(level))
        ends_of = {"alpha_low": low, "alpha_high": high, "masi_low": masi_low, "masi_high": masi_high}
        kind_rows.append({"kind": kind, **answers.together(), "codes": used, "masi": sets.alpha(), **ends_of})
        pairs += answers.pairs(first, names)
        differ.append(answers.differences(first, names))
    columns = ["statements", "codes", "same", "alpha", "alpha_low", "alpha_high", "masi", "masi_low", "masi_high"]
    disagreements = pd.concat(differ, ignore_index=True)
    order = find_rows(disagreements["statement"], study.statements["id"])
    return Agreement(
        study=study,
        coders=names,
        codes=pd.concat(code_rows)[
            ["kind", "statements", "agreed", "split", "alpha", "alpha_low", "alpha_high", "cohen_kappa", "fleiss_kappa"]
        ],
        kinds=pd.DataFrame(kind_rows).set_index("kind")[columns],
        pairs=pd.DataFrame(pairs, columns=list(_PAIRS)),
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


def _with_rules_named(study: Study) -> Study:
    """The same study with rules that name no coder as a coder of their own, else they would be the default coder's."""
    codings = study.codings
    by_rule = codings["basis"].eq(RULE).fillna(False).astype(bool)
    nameless = by_rule & codings["coder"].isna()
    if not nameless.any():
        return study
    if codings.loc[~by_rule, "coder"].eq(RULE).any():
        what = f"a coder is called '{RULE}', as rules that name no coder are"
        raise UsageError([Problem(file="codings", column="coder", what=what, fix="name the coder of these rules")])
    return study.with_tables(codings=codings.assign(coder=codings["coder"].astype(object).mask(nameless, RULE)))


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
                "cohen_kappa": self._kappas(_cohen) if len(self.given) == _PAIR else pd.NA,
                "fleiss_kappa": self._kappas(_fleiss),
            },
            index=pd.Index(touches.codes[self.codes], name="id"),
        )
        return frame.astype(dict.fromkeys(("alpha", "cohen_kappa", "fleiss_kappa"), "Float64"))

    def _kappas(self, kappa: Callable[[Array], Any]) -> list[Any]:
        """A kappa of each code, on the statements that all coders assessed."""
        given = self.given[:, self.looked.all(axis=0)]
        return [kappa(given[:, :, code]) for code in range(len(self.codes))]

    def intervals(self, n: int, seed: int, level: float) -> tuple[tuple[list[Any], list[Any]], tuple[Any, Any]]:
        """The ends of each code's alpha and of that of all decisions, from drawing statements anew."""
        yes = self.given.sum(axis=0)
        no = self.looked.sum(axis=0)[:, None] - yes
        apart = yes * no / np.maximum(self.looked.sum(axis=0) - 1, 1)[:, None]
        statements, codes = yes.shape
        cells = np.concatenate([no, yes, apart], axis=1).astype(float)
        unit, column = np.nonzero(cells)
        strata = np.zeros(statements, dtype=np.int64)
        sums = make_sums(unit, column, cells[unit, column], columns=3 * codes, strata=strata)
        parts = draw_sums(sums, n, seed).reshape(n, 3, codes) / sums.scale
        ends = [_ends(_alpha_of_sums(*parts[:, :, code].T), level) for code in range(codes)]
        return ([low for low, _ in ends], [high for _, high in ends]), _ends(
            _alpha_of_sums(*parts.sum(axis=2).T), level
        )

    def pairs(self, touches: Touches, coders: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Each coder against each other, code by code, as if the other were right."""
        for one, two in itertools.permutations(range(len(coders)), 2):
            both_looked = self.looked[one] & self.looked[two]
            mine, theirs = self.given[one, both_looked], self.given[two, both_looked]
            counts = [(mine & theirs).sum(axis=0), (mine & ~theirs).sum(axis=0), (~mine & theirs).sum(axis=0)]
            for place, code in enumerate(self.codes):
                both, only_coder, only_against = (int(count[place]) for count in counts)
                yield {
                    "id": touches.codes[code],
                    "kind": self.kind,
                    "coder": coders[one],
                    "against": coders[two],
                    "statements": int(both_looked.sum()),
                    "both": both,
                    "only_coder": only_coder,
                    "only_against": only_against,
                    "precision": _part(both, both + only_coder),
                    "recall": _part(both, both + only_against),
                    "f1": _part(2 * both, 2 * both + only_coder + only_against),
                }

    def together(self) -> dict[str, Any]:
        """Agreement on all codes of the kind at once."""
        yes = self.given.sum(axis=0)
        no = self.looked.sum(axis=0)[:, None] - yes
        same = ((yes == 0) | (no == 0)).all(axis=1)
        return {
            "statements": len(self.statements),
            "same": float(same.mean()) if len(same) else pd.NA,
            "alpha": _alpha(no.ravel(), yes.ravel()),
        }

    @property
    def sets(self) -> _Sets:
        """The codes of each statement as sets."""
        return _Sets.of(self.given, self.looked)

    def differences(self, touches: Touches, coders: Sequence[str]) -> pd.DataFrame:
        """A row for each statement and code on which coders differ."""
        yes = self.given.any(axis=0)
        no = (~self.given & self.looked[:, :, None]).any(axis=0)
        statement, code = np.nonzero(yes & no)
        given, looked = self.given[:, statement, code], self.looked[:, statement]
        return pd.DataFrame(
            {
                "statement": touches.name_statements(self.statements[statement]),
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
    except ImportError as error:
        raise missing_extra("Krippendorff's alpha", "agreement") from error
    return float(krippendorff.alpha(value_counts=np.column_stack([no, yes]), level_of_measurement="nominal"))


def _alpha_of_sums(no: Array, yes: Array, apart: Array) -> Array:
    """Krippendorff's alpha of yes-or-no decisions from three sums; NaN where chance has no measure.

    ``apart`` is the sum of no x yes / (coders - 1) over decisions: the coincidences off the diagonal.
    """
    expected = no * yes
    ratio = np.divide((no + yes - 1) * apart, expected, out=np.full(len(no), np.nan), where=expected > 0)
    return 1 - ratio


def _ends(replicates: Array, level: float) -> tuple[Any, Any]:
    there = replicates[~np.isnan(replicates)]
    if len(there) < fewest_replicates(level):
        return pd.NA, pd.NA
    interval = percentile(there, level)
    return interval.low, interval.high


def _cohen(given: Array) -> Any:
    """Cohen's kappa of two coders' yes or no; missing where both always say the same one thing."""
    one, two = given
    if not given.size or (given.all() or not given.any()):
        return pd.NA
    chance = one.mean() * two.mean() + (1 - one.mean()) * (1 - two.mean())
    return float(((one == two).mean() - chance) / (1 - chance))


def _fleiss(given: Array) -> Any:
    """Fleiss' kappa of any number of coders' yes or no; missing where all always say the same one thing."""
    coders = len(given)
    if not given.size or (given.all() or not given.any()):
        return pd.NA
    yes = given.sum(axis=0)
    observed = ((yes * (yes - 1) + (coders - yes) * (coders - yes - 1)) / (coders * (coders - 1))).mean()
    share = given.mean()
    chance = share**2 + (1 - share) ** 2
    return float((observed - chance) / (1 - chance))


def _part(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@frozen(kw_only=True, eq=False)
class _Sets:
    """Statements' sets of codes: how far coders' sets lie apart on each, and how often each set is given on it."""

    apart: Array
    sets: Array
    statement: Array
    which: Array

    @classmethod
    def of(cls, given: Array, looked: Array) -> _Sets:
        pairable = looked.sum(axis=0)
        apart = np.zeros(len(pairable))
        for one, two in itertools.combinations(range(len(given)), 2):
            both = looked[one] & looked[two]
            distance = _masi((given[one] & given[two]).sum(axis=1), given[one].sum(axis=1), given[two].sum(axis=1))
            apart[both] += 2 * distance[both] / (pairable[both] - 1)
        sets, which = np.unique(given[looked], axis=0, return_inverse=True)
        return cls(apart=apart, sets=sets, statement=np.nonzero(looked)[1], which=which.ravel())

    def alpha(self) -> Any:
        """Krippendorff's alpha with the distance MASI; missing where all sets are one.

        The package's own function makes an array of statements x sets x sets, so the two sums are made here: what was
        observed by pairs of coders, what is expected by pairs of distinct sets.
        """
        counts = np.bincount(self.which, minlength=len(self.sets))
        found = self._alphas(self.apart.sum()[None], counts[None].astype(float))[0]
        return pd.NA if np.isnan(found) else float(found)

    def interval(self, n: int, seed: int, level: float) -> tuple[Any, Any]:
        """Its ends, from drawing statements anew; the draws are those of the other intervals."""
        strata = np.zeros(len(self.apart), dtype=np.int64)

        def draw(unit: Array, column: Array, value: Array, columns: int) -> Array:
            sums = make_sums(unit, column, value, columns=columns, strata=strata)
            return draw_sums(sums, n, seed) / sums.scale

        every = np.arange(len(self.apart))
        apart = draw(every, np.zeros_like(every), self.apart, 1)[:, 0]
        counts = [np.zeros((n, 0))]
        for start in range(0, len(self.sets), _BLOCK):
            size = min(_BLOCK, len(self.sets) - start)
            part = (self.which >= start) & (self.which < start + size)
            counts.append(draw(self.statement[part], self.which[part] - start, np.ones(part.sum()), size))
        return _ends(self._alphas(apart, np.concatenate(counts, axis=1)), level)

    def _alphas(self, apart: Array, counts: Array) -> Array:
        """Alpha of each row: what lies apart, and how often each set is there; NaN where only one set is."""
        numbers, sizes = self.sets.astype(np.int64), self.sets.sum(axis=1)
        expected = np.zeros(len(counts))
        for start in range(0, len(numbers), _BLOCK):
            part = slice(start, start + _BLOCK)
            distance = _masi(numbers[part] @ numbers.T, sizes[part, None], sizes[None, :])
            expected += ((counts[:, part] @ distance) * counts).sum(axis=1)
        ratio = (counts.sum(axis=1) - 1) * apart
        return 1 - np.divide(ratio, expected, out=np.full(len(counts), np.nan), where=expected > 0)


def _masi(shared: Array, one: Array, two: Array) -> Array:
    """MASI distance of sets from the sizes of what they share and of each: 1 - Jaccard x monotonicity.

    Monotonicity is 1 for equal sets, 2/3 where one holds the other, 1/3 where they overlap, and 0 otherwise.
    """
    union = one + two - shared
    jaccard = np.divide(shared, union, out=np.ones(np.shape(union)), where=union > 0)
    cases = [union == shared, shared == np.minimum(one, two), shared > 0]
    return 1 - jaccard * np.select(cases, [1.0, 2 / 3, 1 / 3], default=0.0)
