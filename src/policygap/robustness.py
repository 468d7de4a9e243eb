"""A study comes in; how every gap and claim fares when it is counted in each other defensible way goes out.

Each kind of choice is changed alone, which says what a finding hangs on; and choices are changed together, as a
specification curve shows (Simonsohn, Simmons and Nelson 2020, doi:10.1038/s41562-020-0912-z). The share of scenarios in
which a finding survives is no probability: nobody drew the scenarios, and they are not equally defensible.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from attrs import evolve, field, frozen

from .choices import Choices, choose
from .claims import FAILS, NOT_COMPUTABLE, Scopes, judge_claims
from .coverage import measure_coverage
from .decisions import DecisionTable, built_in_table
from .errors import PolicyGapError, Problem, UsageError
from .gaps import Gap, choose_tables, decide_codes, find_gaps
from .messages import names, say, word
from .model import Claim
from .multiverse import ALL, RANDOM, Change, Dimension, Setting, Variant, as_names, list_dimensions
from .showing import to_html_table
from .study import Study

__all__ = ["Robustness", "measure_robustness"]

TOGETHER_BY_DEFAULT = 200
PLAIN = "plain"
TOGETHER = "together"
NOT_ASSESSED = "not_assessed"

Array = np.ndarray[Any, Any]


@frozen(kw_only=True)
class _Outcome:
    """What a scenario made of one finding, the figure that it was decided on, and whether there was any to be told."""

    outcome: str
    figure: float | None = None
    told: bool = True


@frozen(kw_only=True)
class _Scenario:
    """One way to count: which kind of choice it is about, and the variant of each that is not the plain one."""

    changed: str
    variants: Mapping[str, Variant]


@frozen(kw_only=True, eq=False, slots=False)
class Robustness:
    """How findings fare when choices change.

    Attributes
    ----------
    study, choices, seed
        What was tried, from which plain choices, with which seed.
    dimensions
        The kinds of choice, with their variants.
    scenarios
        A row a scenario, the plain one first: ``changed`` (``plain``, the kind of choice that was changed alone, or
        ``together``), then a column for each kind of choice with the variant's name.
    outcomes
        A row a scenario and a column for each finding (``type`` and ``id``): its outcome; missing where the scenario
        can't be counted, such as weights by a population that is not known.
    figures
        The same for the figure that a gap was decided on: demand of themes and recommendations, ratio of targets.
    findings
        A row a finding: ``type`` (``gap`` or ``claim``), ``id``, ``label``, ``outcome``, ``is_gap``; ``kinds`` of
        choice that were tried, ``held``, under how many of them it holds; ``breaks_under``, the others, separated by
        ``;``; ``broken_by``, for each of these how often and by what; ``one_speaker``, whether leaving out a single one
        ``breaks`` it; ``verdict``, by the decision table; ``scenarios`` in all and ``survived``, the share of them;
        ``untried``, kinds of choice that failed or were not reached, in full or in part, separated by ``;``: the
        verdict says nothing about these.
    complete
        Whether every scenario was tried; ``False`` where the run was interrupted.
    reasons
        Why scenarios could not be counted, by their number.
    asked
        Which of ``dimensions``, ``own``, ``together``, ``tables`` and ``verdicts`` were asked for otherwise than by
        default, and how.
    """

    study: Study
    choices: Choices
    seed: int
    dimensions: tuple[Dimension, ...]
    scenarios: pd.DataFrame
    outcomes: pd.DataFrame
    figures: pd.DataFrame
    findings: pd.DataFrame
    complete: bool
    reasons: Mapping[int, str] = field(factory=dict)
    asked: Mapping[str, Any] = field(factory=dict)

    def verdict(self, type: str, id: str) -> str:
        """The verdict on one finding: ``robust``, ``conditional``, ``fragile`` or ``not_tried``."""
        return str(self._row(type, id)["verdict"])

    def _row(self, type: str, id: str) -> dict[str, Any]:
        row = self._by_id.get((type, id))
        if row is None:
            what = f"there is no {type} '{id}'"
            raise UsageError([Problem(what=what, fix="see the columns type and id of the findings")])
        return row

    def sentence(self, type: str, id: str, language: str = "en") -> str:
        """How firmly one finding stands, in words, by kinds of choice.

        Examples
        --------
        >>> import policygap as pg
        >>> tried = pg.measure_robustness(pg.read_study("smabystrategi"), dimensions=["unit", "counting"], together=0)
        >>> tried.sentence("gap", "C")
        'holds under 1 of 2 kinds of choice; breaks when each unit counts in full for every target it touches'
        """
        row = self._row(type, id)
        if row["verdict"] == "not_tried":
            return say("robustness.not_tried", language)
        how = "fails" if type == "claim" and row["outcome"] == FAILS else "holds"
        text = say(f"robustness.{how}", language, held=row["held"], count=int(row["kinds"]))
        broken = [name for name in str(row["breaks_under"]).split(";") if name]
        if broken:
            first = [self._first_break((type, id), name) for name in broken]
            phrases = [_phrase(name, variant, self._plain[name], self.study, language) for name, variant in first]
            text = say(f"robustness.{how}_not", language, text=text, when="; ".join(phrases))
        return self._as_far_as_tried(text, language)

    def firmness(self, type: str, id: str, language: str = "en") -> str:
        """The verdict on one finding in words, with the kinds of choice that it says nothing about."""
        verdict = self.verdict(type, id)
        text = word("firmness", verdict, language)
        return text if verdict == "not_tried" else self._as_far_as_tried(text, language)

    def _as_far_as_tried(self, text: str, language: str) -> str:
        kinds = ", ".join(word("dimension", name, language) for name in self.untried)
        return say("robustness.untried", language, text=text, kinds=kinds) if kinds else text

    @cached_property
    def untried(self) -> tuple[str, ...]:
        """The kinds of choice that failed or were not reached, in full or in part."""
        counted = self.counted_alone
        return tuple(one.name for one in self.dimensions if counted[one.name] < len(one.variants))

    @cached_property
    def counted_alone(self) -> dict[str, int]:
        """Of each kind of choice, in how many scenarios it was changed alone and the study could be counted."""
        changed = self.scenarios["changed"].drop(index=list(self.reasons))
        return {one.name: int((changed == one.name).sum()) for one in self.dimensions}

    def explain_untried(self, language: str = "en") -> tuple[str, ...]:
        """What was not tried, and why, a sentence for each kind of choice and reason."""
        failed: dict[tuple[str, str], int] = {}
        for number, reason in self.reasons.items():
            key = str(self.scenarios.at[number, "changed"]), reason
            failed[key] = failed.get(key, 0) + 1
        sentences = [
            say("robustness.failed", language, kind=word("dimension", kind, language), count=count, reason=reason)
            for (kind, reason), count in failed.items()
        ]
        for one in self.dimensions:
            left = len(one.variants) - int((self.scenarios["changed"] == one.name).sum())
            if left:
                kind = word("dimension", one.name, language)
                sentences.append(say("robustness.not_reached", language, kind=kind, count=left))
        return tuple(sentences)

    @cached_property
    def _by_id(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {(str(row["type"]), str(row["id"])): dict(row) for row in self.findings.to_dict("records")}  # type: ignore[arg-type]

    @cached_property
    def _plain(self) -> dict[str, str]:
        return {dimension.name: dimension.plain for dimension in self.dimensions}

    def _first_break(self, finding: tuple[str, str], dimension: str) -> tuple[str, str]:
        alone, outcome = self._alone[dimension], self.outcomes[finding].iloc[self._alone[dimension]]
        broken = outcome.notna() & (outcome != self.outcomes[finding].iloc[0])
        return dimension, str(self.scenarios[dimension].iloc[alone[broken.to_numpy().argmax()]])

    @cached_property
    def _alone(self) -> dict[str, Array]:
        """For each kind of choice, the scenarios in which it was changed alone."""
        changed = self.scenarios["changed"].to_numpy()
        return {one.name: np.flatnonzero(changed == one.name) for one in self.dimensions}

    def effects(self) -> pd.DataFrame:
        """How much each kind of choice matters where choices are changed together.

        Returns
        -------
        pandas.DataFrame
            A row a finding, kind of choice and variant: ``type``, ``id``, ``dimension``, ``variant`` (the plain one
            included), ``scenarios`` with it, ``survived``, the share of them in which the finding has its plain
            outcome. The main effect of a kind of choice is how far these shares lie apart. A finding that nothing
            could be tried on, such as what was not assessed, has no row.

        Examples
        --------
        >>> import policygap as pg
        >>> study = pg.read_study("smabystrategi")
        >>> tried = pg.measure_robustness(study, dimensions=["unit", "counting"], together=10)
        >>> sorted(tried.effects()["dimension"].unique())
        ['counting', 'unit']
        """
        together = self.scenarios["changed"].isin([PLAIN, TOGETHER]).to_numpy()
        combined = [one.name for one in self.dimensions if any(variant.combined for variant in one.variants)]
        chosen = {name: self.scenarios.loc[together, name].to_numpy() for name in combined}
        ways = [
            (name, variant, here == variant)
            for name, here in chosen.items()
            for variant in dict.fromkeys(here.tolist())
        ]
        tried = (self.findings["kinds"] > 0).to_numpy()
        outcomes = self.outcomes.loc[together, tried]
        known, survives = outcomes.notna().to_numpy(), (outcomes == outcomes.iloc[0]).to_numpy()
        lines: list[tuple[Any, ...]] = []
        for place, (kind, name) in enumerate(outcomes.columns):
            for dimension, variant, those in ways:
                part = survives[those & known[:, place], place]
                share = float(part.mean()) if len(part) else None
                lines.append((kind, name, dimension, variant, len(part), share))
        return pd.DataFrame(lines, columns=["type", "id", "dimension", "variant", "scenarios", "survived"])

    def curve(self, id: str) -> pd.DataFrame:
        """The specification curve of a gap: its figure in every scenario, from low to high, with what was chosen.

        Returns
        -------
        pandas.DataFrame
            A row a scenario that has the figure: ``scenario``, ``figure``, ``outcome``, ``survives``, ``changed`` and a
            column for each kind of choice.

        Examples
        --------
        >>> import policygap as pg
        >>> study = pg.read_study("smabystrategi")
        >>> curve = pg.measure_robustness(study, dimensions=["unit", "weights"], together=0).curve("A")
        >>> bool(curve["figure"].is_monotonic_increasing)
        True
        """
        self._row("gap", id)
        outcome = self.outcomes[("gap", id)]
        frame = pd.DataFrame({"figure": self.figures[id], "outcome": outcome, "survives": outcome.eq(outcome.iloc[0])})
        frame = frame.join(self.scenarios)[self.figures[id].notna()]
        return frame.sort_values("figure", kind="stable").reset_index(names="scenario")

    def _repr_html_(self) -> str:
        """The findings and how firmly they stand, as a notebook shows them."""
        columns = ["type", "id", "outcome", "verdict", "held", "kinds", "breaks_under"]
        rows = self.findings[columns].itertuples(index=False)
        return to_html_table(f"{len(self.scenarios)} scenarios", columns, rows)


def measure_robustness(
    study: Study,
    choices: Choices | None = None,
    *,
    dimensions: Iterable[str] | None = None,
    own: Mapping[str, Change | Mapping[str, Change]] | None = None,
    together: int = TOGETHER_BY_DEFAULT,
    seed: int = 0,
    tables: Mapping[str, DecisionTable | str | Path] | None = None,
    verdicts: DecisionTable | None = None,
    progress: Callable[[int, int], Any] | None = None,
    **options: Any,
) -> Robustness:
    """Count a study in every other defensible way, and find what each gap and claim hangs on.

    Parameters
    ----------
    study
        The study.
    dimensions
        Which built-in kinds of choice (:data:`policygap.multiverse.DIMENSIONS`); ``None``: all that the study offers.
    own
        Kinds of choice of your own by name: a function from study to study, or several by the name of the variant.
    together
        How many scenarios in which several choices change at once, drawn with the seed from all there are; 0 for none.
    seed
        A whole number of 0 or more.
    tables
        Decision tables, or paths of TOML files, in place of the built-in ``target``, ``theme`` and ``recommendation``.
    verdicts
        A decision table in place of the built-in ``robustness``.
    progress
        Called after every scenario with how many are done and how many there are.
    choices, **options
        The plain way to count: see :class:`policygap.choices.Choices`.

    Returns
    -------
    Robustness
        What was tried and what came out. A run that is interrupted from the keyboard keeps what was done until then.

    Raises
    ------
    UsageError
        Where an argument is not usable, each named.

    Examples
    --------
    >>> import policygap as pg
    >>> tried = pg.measure_robustness(pg.read_study("smabystrategi"), dimensions=["unit", "coder"], together=0)
    >>> len(tried.scenarios)  # the plain one, two other units, two other coders
    5
    """
    plain = choose(choices, options)
    _judge(together=together, seed=seed, verdicts=verdicts, progress=progress)
    deciding = choose_tables(tables)
    wanted = None if dimensions is None else as_names(dimensions)
    found = list_dimensions(study, plain, deciding, names=wanted, own=own, seed=int(seed))
    asked = {"dimensions": wanted, "own": own or None, "tables": tables or None, "verdicts": verdicts}
    scenarios = [*_alone(found), *_together(found, int(together), int(seed))]
    trial = _Trial(study=study, choices=plain, tables=deciding)
    rows: list[dict[tuple[str, str], _Outcome]] = [trial.outcomes(scenarios[0])]
    reasons: dict[int, str] = {}
    try:
        for number, scenario in enumerate(scenarios[1:], start=1):
            try:
                rows.append(trial.outcomes(scenario))
            except PolicyGapError as error:
                reasons[number] = "; ".join(str(error).splitlines())
                rows.append({})
            if progress is not None:
                progress(number, len(scenarios) - 1)
    except KeyboardInterrupt:
        pass  # what was done until then is kept, and called incomplete
    done = scenarios[: len(rows)]
    outcomes = _columns_of(rows)
    figures = pd.DataFrame(
        {key[1]: [row[key].figure if key in row else None for row in rows] for key in rows[0] if key[0] == "gap"},
        dtype=float,
    )
    listed = _listed(done, found)
    gaps = {gap.subject: gap for gap in find_gaps(measure_coverage(study, plain), tables=deciding)}
    texts = {claim.id: claim for claim in study.claims}
    tried = Robustness(
        study=study,
        choices=plain,
        seed=int(seed),
        dimensions=found,
        scenarios=listed,
        outcomes=outcomes,
        figures=figures,
        findings=_findings(
            [gaps[name] if kind == "gap" else texts[name] for kind, name in rows[0]],
            told=[outcome.told and outcome.outcome != NOT_ASSESSED for outcome in rows[0].values()],
            scenarios=listed,
            outcomes=outcomes,
            verdicts=verdicts or built_in_table("robustness"),
        ),
        complete=len(done) == len(scenarios),
        asked={name: value for name, value in asked.items() if value is not None}
        | ({} if together == TOGETHER_BY_DEFAULT else {"together": int(together)}),
        reasons={number: reason for number, reason in reasons.items() if number < len(rows)},
    )
    return evolve(tried, findings=tried.findings.assign(untried=";".join(tried.untried)))


def _judge(*, together: object, seed: object, verdicts: object, progress: object) -> None:
    problems = [
        Problem(file=name, what=f"{value!r} is no whole number of 0 or more", fix=f"give one, as in {name}={example}")
        for name, value, example in (("together", together, 200), ("seed", seed, 1))
        if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 0
    ]
    if verdicts is not None and not isinstance(verdicts, DecisionTable):
        fix = "give one, as read_table makes it of a file, or leave it out"
        problems.append(Problem(file="verdicts", what=f"{verdicts!r} is no DecisionTable", fix=fix))
    if progress is not None and not callable(progress):
        fix = "give a function of two numbers, how many are done and how many there are"
        problems.append(Problem(file="progress", what=f"{progress!r} is no function", fix=fix))
    if problems:
        raise UsageError(problems)


def _alone(dimensions: tuple[Dimension, ...]) -> Iterable[_Scenario]:
    """The plain scenario, and each variant of each kind of choice by itself."""
    yield _Scenario(changed=PLAIN, variants={})
    for dimension in dimensions:
        for variant in dimension.variants:
            yield _Scenario(changed=dimension.name, variants={dimension.name: variant})


def _together(dimensions: tuple[Dimension, ...], most: int, seed: int) -> Iterable[_Scenario]:
    """Scenarios in which two kinds of choice or more are changed: all there are, or so many drawn of them."""
    ways = {one.name: [None, *(variant for variant in one.variants if variant.combined)] for one in dimensions}
    every = math.prod(len(variants) for variants in ways.values())
    most = min(most, every - 1 - sum(len(variants) - 1 for variants in ways.values()))  # what changes two or more
    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(4,)))
    if every <= max(most, 1) * 20:
        numbers = [number for number in range(every) if _changes(number, ways) > 1]
        if len(numbers) > most:
            numbers = sorted(stream.choice(numbers, size=most, replace=False).tolist())
    else:
        drawn: set[int] = set()
        while len(drawn) < most:
            digits = [int(stream.integers(len(variants))) for variants in ways.values()]
            number = 0
            for digit, variants in zip(digits, ways.values(), strict=True):
                number = number * len(variants) + digit
            if _changes(number, ways) > 1:
                drawn.add(number)
        numbers = sorted(drawn)
    for number in numbers:
        chosen = _variants(number, ways)
        yield _Scenario(changed=TOGETHER, variants={name: way for name, way in chosen.items() if way is not None})


def _variants(number: int, ways: Mapping[str, list[Variant | None]]) -> dict[str, Variant | None]:
    """The variants that a number stands for, as digits of a mixed radix."""
    chosen: dict[str, Variant | None] = {}
    for name, variants in reversed(list(ways.items())):
        number, digit = divmod(number, len(variants))
        chosen[name] = variants[digit]
    return {name: chosen[name] for name in ways}


def _changes(number: int, ways: Mapping[str, list[Variant | None]]) -> int:
    return sum(way is not None for way in _variants(number, ways).values())


@frozen(kw_only=True, eq=False, slots=False)
class _Trial:
    """The plain way to count; what scenarios leave as it is there is taken from it."""

    study: Study
    choices: Choices
    tables: Mapping[str, DecisionTable]

    @cached_property
    def scopes(self) -> Scopes:
        """The figures that claims are checked against, plainly counted."""
        scopes = Scopes.of(measure_coverage(self.study, self.choices))
        judge_claims(self.study.claims, scopes)  # which measures them
        return scopes

    def outcomes(self, scenario: _Scenario) -> dict[tuple[str, str], _Outcome]:
        """Every gap and claim as one scenario has it."""
        setting = self._setting(scenario)
        coverage = setting.coverage
        found: dict[tuple[str, str], _Outcome] = {}
        for case in decide_codes(coverage, setting.tables):
            code = case.code.id
            figure, told = coverage.figure(case.measure, code), coverage.figure("attention", code) is not None
            found["gap", code] = _Outcome(outcome=case.outcome, figure=figure, told=told)
        claims = coverage.study.claims
        verdicts = judge_claims(claims, Scopes.of(coverage, before=self.scopes))
        for claim, verdict in zip(claims, verdicts, strict=True):
            found["claim", claim.id] = _Outcome(outcome=verdict.word, told=verdict.word != NOT_COMPUTABLE)
        return found

    def _setting(self, scenario: _Scenario) -> Setting:
        study, choices, tables = self.study, self.choices, dict(self.tables)
        for variant in scenario.variants.values():
            study = _changed(study, variant) if variant.change is not None else study
            choices = choices.but(**variant.choices)
            tables |= variant.tables
        setting = Setting(study=study, choices=choices, tables=tables)
        for variant in scenario.variants.values():
            setting = variant.late(setting) if variant.late is not None else setting
        return setting


def _changed(study: Study, variant: Variant) -> Study:
    """The study as a function of the user's, or of a built-in kind of choice, makes it."""
    assert variant.change is not None  # the caller asked
    try:
        changed = cast("object", variant.change(study))  # a user's function may give anything
    except PolicyGapError:
        raise
    except Exception as error:
        what, fix = f"'{variant.name}' failed: {type(error).__name__}: {error}", "mend the function"
        raise UsageError([Problem(file="own", what=what, fix=fix)]) from error
    if not isinstance(changed, Study):
        what = f"'{variant.name}' gave {type(changed).__name__}, no study"
        raise UsageError([Problem(file="own", what=what, fix="return a study, as study.with_tables(...) gives one")])
    return changed


def _columns_of(rows: list[dict[tuple[str, str], _Outcome]]) -> pd.DataFrame:
    """The outcomes, a column a finding; missing where a scenario can't tell what the plain one can."""
    columns: dict[tuple[str, str], list[str | None]] = {}
    for key, plain in rows[0].items():
        cells = [row.get(key) for row in rows]
        columns[key] = [cell.outcome if cell is not None and cell.told >= plain.told else None for cell in cells]
    frame = pd.DataFrame(columns, dtype=object)
    frame.columns = pd.MultiIndex.from_tuples(list(columns), names=["type", "id"])
    return frame


def _listed(scenarios: list[_Scenario], dimensions: tuple[Dimension, ...]) -> pd.DataFrame:
    lines = [
        {
            "changed": scenario.changed,
            **{
                one.name: scenario.variants[one.name].name if one.name in scenario.variants else one.plain
                for one in dimensions
            },
        }
        for scenario in scenarios
    ]
    return pd.DataFrame(lines, columns=["changed", *(one.name for one in dimensions)], dtype=object)


def _findings(
    records: Iterable[Gap | Claim],
    *,
    told: Iterable[bool],
    scenarios: pd.DataFrame,
    outcomes: pd.DataFrame,
    verdicts: DecisionTable,
) -> pd.DataFrame:
    """How each finding fared; what can't even be told plainly was not tried."""
    changed = scenarios["changed"].to_numpy()
    alone = {name: changed == name for name in scenarios.columns if name != "changed"}
    cells = zip(outcomes.to_numpy().T, outcomes.notna().to_numpy().T, strict=True)
    lines: list[dict[str, Any]] = []
    for (kind, name), record, known_plainly, (outcome, known) in zip(
        outcomes.columns, records, told, cells, strict=True
    ):
        plain = outcome[0]
        differs = outcome != plain
        tried = [one for one, those in alone.items() if known_plainly and (known & those).any()]
        broken = {one: np.flatnonzero(known & alone[one] & differs).tolist() for one in tried}
        breaks = [one for one in tried if broken[one]]
        single = None if "speakers" not in tried else "breaks" if broken["speakers"] else "holds"
        decided = verdicts.decide(broken=len(breaks) / len(tried) if tried else None, one_speaker=single)
        lines.append(
            {
                "type": kind,
                "id": name,
                "label": record.label if isinstance(record, Gap) else record.text,
                "outcome": plain,
                "is_gap": record.is_gap if isinstance(record, Gap) else None,
                "kinds": len(tried),
                "held": len(tried) - len(breaks),
                "breaks_under": ";".join(breaks),
                "broken_by": _broken_by(scenarios, outcome, broken),
                "one_speaker": single,
                "verdict": decided.outcome,
                "scenarios": int(known.sum()) if tried else 0,
                "survived": float((~differs[known]).mean()) if tried else None,
            }
        )
    columns = ("type", "id", "label", "outcome", "is_gap", "kinds", "held", "breaks_under", "broken_by", "one_speaker")
    return pd.DataFrame(lines, columns=[*columns, "verdict", "scenarios", "survived"])


def _broken_by(scenarios: pd.DataFrame, outcome: Array, broken: Mapping[str, list[int]]) -> str:
    """For each kind of choice that breaks a finding the first few variants that do, and what they make of it."""
    most = 3
    parts: list[str] = []
    for name, rows in broken.items():
        if not rows:
            continue
        shown = ", ".join(f"{scenarios.at[row, name]} -> {outcome[row]}" for row in rows[:most])
        more = f" and {len(rows) - most} more" if len(rows) > most else ""
        parts.append(f"{name}: {shown}{more}")
    return "; ".join(parts)


def _phrase(dimension: str, variant: str, plain: str, study: Study, language: str) -> str:
    """What breaks a finding, in words."""
    kind = variant
    if dimension == "reading" and variant != ALL:
        kind = "random" if variant.startswith(RANDOM) else "single"
    form = next(
        (f"breaks.{name}" for name in (f"{dimension}_{kind}", dimension, "own") if f"breaks.{name}" in names(language)),
        "breaks.own",
    )
    words = {"variant": word("variant", variant, language), "plain": word("variant", plain, language)}
    if dimension in ("speakers", "groups"):
        words["variant"] = study.speaker_label(variant, language)
    return say(form, language, dimension=dimension, **words)
