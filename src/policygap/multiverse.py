"""A study and how it was counted come in; every other way in which it could defensibly be counted goes out, by kind.

A *dimension* is a kind of choice, a *variant* one way to make it other than the plain one; all of them together are the
multiverse of an analysis (Steegen, Tuerlinckx, Gelman and Vanpaemel 2016, doi:10.1177/1745691616658637).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

import numpy as np
from attrs import evolve, field, frozen

from .choices import UNITS, VOICES, Choices
from .coverage import Coverage, choose_unit, measure_coverage
from .decisions import Band, DecisionTable
from .errors import DecisionTableError, Problem, UsageError
from .spelling import suggest
from .study import Study
from .touches import SYNTHESIS
from .units import collect_units

__all__ = ["DIMENSIONS", "Dimension", "Setting", "Variant", "as_names", "list_dimensions"]

Change = Callable[[Study], Study]

DIMENSIONS = (
    "unit", "weights", "counting", "restatements", "syntheses", "printed", "coder", "reading", "cap", "thresholds",
    "groups", "speakers",
)  # fmt: skip
"""The built-in kinds of choice, in the order in which they are tried."""

RESERVED = ("plain", "together", "changed", "scenario", "figure", "outcome", "survives")
"""Words and columns of what comes out of trying them, which no kind of choice can be called."""

ALL, RANDOM = "all", "random_"
"""How the other reading everywhere is called, and how sets drawn at random begin."""

_CAPS = (10, 5, 3)
_DRAWS = 20  # random sets of alternative readings
_MOVES = (("outward_25", Fraction(4, 5)), ("outward_10", Fraction(10, 11)), ("inward_10", Fraction(11, 10)),
          ("inward_25", Fraction(5, 4)))  # fmt: skip


@frozen(kw_only=True, eq=False, slots=False)
class Setting:
    """A way to count: what is counted, how, and by which tables gaps are decided."""

    study: Study
    choices: Choices
    tables: Mapping[str, DecisionTable]

    @cached_property
    def coverage(self) -> Coverage:
        """What is counted so, whatever the tables."""
        return measure_coverage(self.study, self.choices)

    def deciding_by(self, tables: Mapping[str, DecisionTable]) -> Setting:
        """The same with some tables in place of others."""
        made = evolve(self, tables={**self.tables, **tables})
        made.__dict__["coverage"] = self.coverage
        return made


@frozen(kw_only=True)
class Variant:
    """One way to choose.

    Attributes
    ----------
    name
        What it is called, within its dimension.
    choices
        Options that differ from the plain ones.
    change
        What it makes of the study.
    tables
        Decision tables that it puts in place of others.
    late
        What it makes of a setting in which all other variants stand already, for it hangs on what they make of it.
    combined
        Whether it is tried together with variants of other dimensions too.
    """

    name: str
    choices: Mapping[str, Any] = field(factory=dict)
    change: Change | None = None
    tables: Mapping[str, DecisionTable] = field(factory=dict)
    late: Callable[[Setting], Setting] | None = None
    combined: bool = True


@frozen(kw_only=True)
class Dimension:
    """A kind of choice: its name, what the plain way is called, and the other ways."""

    name: str
    plain: str
    variants: tuple[Variant, ...]


def as_names(names: Any) -> tuple[Any, ...]:
    """The kinds of choice asked for, each once; what is no name stays, to be reported like an unknown one.

    Examples
    --------
    >>> as_names("unit"), as_names(["unit", "cap", "unit"]), as_names(3)
    (('unit',), ('unit', 'cap'), (3,))
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        return (names,)
    return tuple({str(name): name for name in names}.values())


def list_dimensions(
    study: Study,
    choices: Choices,
    tables: Mapping[str, DecisionTable],
    *,
    names: Iterable[str] | None = None,
    own: Mapping[str, Change | Mapping[str, Change]] | None = None,
    seed: int = 0,
) -> tuple[Dimension, ...]:
    """Find the kinds of choice that a study offers, each with its variants.

    Parameters
    ----------
    study, choices, tables
        The study, how it is plainly counted, and the decision tables that decide.
    names
        Which of :data:`DIMENSIONS`; ``None``: all that apply.
    own
        Your own by name: a function from study to study, or several by the name of the variant.
    seed
        Of what is drawn at random: which statements a cap keeps, and sets of alternative readings.

    Raises
    ------
    UsageError
        Where a name is not known, or an own dimension is no function.

    Examples
    --------
    >>> import policygap as pg
    >>> found = list_dimensions(pg.read_study("smabystrategi"), Choices(), {}, names=["unit", "counting"])
    >>> [(one.name, one.plain, [variant.name for variant in one.variants]) for one in found]
    [('unit', 'speaker', ['actor', 'statement']), ('counting', 'fractional', ['full'])]
    """
    asked = DIMENSIONS if names is None else as_names(names)
    theirs, problems = _own_dimensions(study, own)
    problems += [
        Problem(
            file="dimensions",
            what=f"'{name}' is no kind of choice",
            fix=suggest(str(name), DIMENSIONS, otherwise=f"use {', '.join(DIMENSIONS)}"),
        )
        for name in asked
        if name not in DIMENSIONS
    ]
    if problems:
        raise UsageError(problems)
    finder = _Finder(study=study, choices=choices, tables=tables, seed=seed)
    found = [getattr(finder, name)() for name in DIMENSIONS if name in asked]
    return (*(one for one in found if one.variants), *theirs)


def _own_dimensions(study: Study, own: Any) -> tuple[list[Dimension], list[Problem]]:
    """The user's kinds of choice, and what is wrong with them: names must be free, and changes be functions."""
    if own is not None and not isinstance(own, Mapping):
        what, fix = f"{own!r} is no mapping", "give functions by name, as in own={'mine': change}"
        return [], [Problem(file="own", what=what, fix=fix)]
    subjects = [*(f"gap {code.id}" for code in study.codes), *(f"claim {claim.id}" for claim in study.claims)]
    taken = dict.fromkeys(DIMENSIONS, "is a built-in kind of choice")
    taken |= dict.fromkeys(RESERVED, "is a word that the tables of scenarios use themselves")
    taken |= dict.fromkeys(subjects, "is what the tables of scenarios call a finding")
    found: list[Dimension] = []
    problems: list[Problem] = []

    def complain(what: str, fix: str) -> None:
        problems.append(Problem(file="own", what=what, fix=fix))

    for name, changes in (own or {}).items():
        by_name = dict(changes) if isinstance(changes, Mapping) else {name: changes}
        before = len(problems)
        for one in dict.fromkeys([name, *by_name]):
            if not isinstance(one, str) or not one.strip() or ";" in one:
                complain(f"{one!r} is no name", "give it a text that is not empty and has no ; in it")
        if isinstance(name, str) and name in taken:
            complain(f"'{name}' {taken[name]}", "give it a name of its own, and functions from study to study")
        if "plain" in by_name and name != "plain":
            complain(f"'{name}' has a variant named 'plain', which is what is not changed", "give it another name")
        if not by_name or not all(callable(change) for change in by_name.values()):
            complain(f"'{name}' is no function", "give it a name of its own, and functions from study to study")
        if len(problems) == before:
            variants = tuple(Variant(name=variant, change=change) for variant, change in by_name.items())
            found.append(Dimension(name=name, plain="plain", variants=variants))
    return found, problems


@frozen(kw_only=True, eq=False)
class _Finder:
    """Each built-in kind of choice by name; without variants where the study offers none."""

    study: Study
    choices: Choices
    tables: Mapping[str, DecisionTable]
    seed: int

    def unit(self) -> Dimension:
        plain = choose_unit(self.study, self.choices)
        others = [name for name in UNITS if name not in (plain, "theme")] if self._has_statements else []
        actors = self.study.statements["speaker"].isin(self.study.tables["actors"]["id"])
        others = [name for name in others if name != "actor" or actors.any()]
        return _of_options("unit", plain, others, "unit")

    def weights(self) -> Dimension:
        plain = self.choices.weights
        others = ["equal", "group", "population"] if self._has_statements else []
        if not self._is_population_known():
            others = [name for name in others if name != "population"]
        named = plain if isinstance(plain, str) else "own"
        return _of_options("weights", named, [name for name in others if name != named], "weights")

    def _is_population_known(self) -> bool:
        """Whether the groups that speak, themselves or through their actors, have a population; umbrellas need none."""
        group_of = {actor.id: actor.group for actor in self.study.actors}
        speakers = self.study.statements["speaker"].dropna().astype(str).unique()
        speaking = {group_of.get(name, name) for name in speakers} - self.study.umbrellas
        return all(group.population is not None for group in self.study.groups if group.id in speaking)

    def counting(self) -> Dimension:
        plain = self.choices.counting
        return _of_options("counting", plain, [name for name in ("fractional", "full") if name != plain], "counting")

    def restatements(self) -> Dimension:
        offered = bool(self.study.statements["restates"].notna().any())
        return self._switch(
            "restatements", offered, plain=self.choices.restated, without={"restated": False}, having={"restated": True}
        )

    def syntheses(self) -> Dimension:
        offered = bool(self.study.statements["voice"].eq(SYNTHESIS).any())
        chosen = self.choices.voices
        others = tuple(voice for voice in (chosen or VOICES) if voice != SYNTHESIS)
        counted = chosen is not None and SYNTHESIS in chosen
        return self._switch(
            "syntheses", offered, plain=counted, without={"voices": others}, having={"voices": (*others, SYNTHESIS)}
        )

    def printed(self) -> Dimension:
        offered = bool(self.study.codings["basis"].eq("printed").any()) and not isinstance(self.choices.basis, Mapping)
        bases = tuple(base for base in self.choices.basis_of("theme") if base != "printed") or ("coder",)
        counted = "printed" in self.choices.basis_of("theme")
        return self._switch(
            "printed", offered, plain=counted, without={"basis": bases}, having={"basis": (*bases, "printed")}
        )

    def _switch(
        self, name: str, offered: bool, *, plain: bool, without: Mapping[str, Any], having: Mapping[str, Any]
    ) -> Dimension:
        words = ("without", "with")
        variant = Variant(name=words[not plain], choices=without if plain else having)
        return Dimension(name=name, plain=words[plain], variants=(variant,) if offered else ())

    def coder(self) -> Dimension:
        """Each coder alone; several together, or one for each kind of code, are a way of their own."""
        known = sorted(self.study.codings["coder"].dropna().astype(str).unique())
        asked, default = self.choices.coder, self.study.default_coder
        if isinstance(asked, Mapping):
            several, plain = True, "by kind"
        else:
            names = asked or ((default,) if default is not None else ())
            several, plain = len(names) != 1, " + ".join(names) or "all"
        others = known if several else [name for name in known if name != plain]
        if several and len(known) < 2:  # noqa: PLR2004  # the only coder is the plain way
            others = []
        return _of_options("coder", _apart(plain, others), others, "coder")

    def reading(self) -> Dimension:
        """The other reading everywhere; on each statement alone; on random halves of the statements."""
        codings, plain = self.study.codings, self.choices.reading
        mine = codings["reading"].isin(("main", "alternative"))
        asked = self.choices.coder_of("theme") or ((self.study.default_coder,) if self.study.default_coder else None)
        if asked is not None:
            mine &= codings["coder"].isin(asked) | codings["coder"].isna()
        statements = sorted(codings.loc[mine, "statement"].astype(object).unique())  # rows may come in any order
        other = "alternative" if plain == "main" else "main"
        variants = [Variant(name=ALL, choices={"reading": other})] if statements else []
        stream = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(2,)))
        for draw in range(_DRAWS if len(statements) > 1 else 0):
            half = [
                name for name, heads in zip(statements, stream.integers(0, 2, len(statements)), strict=True) if heads
            ]
            variants.append(
                Variant(name=f"{RANDOM}{draw + 1}", change=partial(_swap, statements=tuple(half)), combined=False)
            )
        for name in statements:
            called = f"statement {name}" if name == ALL or name.startswith(RANDOM) else name
            variants.append(Variant(name=called, change=partial(_swap, statements=(name,)), combined=False))
        return Dimension(name="reading", plain=plain, variants=tuple(variants))

    def cap(self) -> Dimension:
        counted = self._counted()
        most = int(self.study.statements["speaker"][counted].value_counts().max()) if counted.any() else 0
        variants = [
            Variant(
                name=str(cap),
                late=partial(_capped, most=cap, seed=self.seed),
                combined=cap == _CAPS[1],
            )
            for cap in _CAPS
            if cap < most
        ]
        return Dimension(name="cap", plain="none", variants=tuple(variants))

    def groups(self) -> Dimension:
        group_of = {actor.id: actor.group for actor in self.study.actors}
        by_group: dict[str, list[str]] = {}
        for speaker in self._speakers():
            by_group.setdefault(group_of.get(speaker, speaker), []).append(speaker)
        names = [group.id for group in self.study.groups if group.id in by_group] if len(by_group) > 1 else []
        return self._without("groups", {name: by_group[name] for name in names})

    def speakers(self) -> Dimension:
        speakers = self._speakers()
        return self._without("speakers", {name: [name] for name in speakers} if len(speakers) > 1 else {})

    def _without(self, name: str, speakers: Mapping[str, list[str]]) -> Dimension:
        plain = _apart("all", speakers)
        variants = (
            Variant(name=one, change=partial(_without, speakers=tuple(gone)), combined=False)
            for one, gone in speakers.items()
        )
        return Dimension(name=name, plain=plain, variants=tuple(variants))

    def thresholds(self) -> Dimension:
        """Every threshold moved by a tenth and a quarter, from 1 and to it; and two voices asked for, not one."""
        variants: list[Variant] = []
        for name, factor in _MOVES:
            moved = {key: _moved(table, factor) for key, table in self.tables.items()}
            changed = {key: table for key, table in moved.items() if table is not None and table != self.tables[key]}
            if changed:
                variants.append(Variant(name=name, tables=changed))
        if self._can_ask_for_two_voices():
            variants.append(Variant(name="two_voices", late=_with_two_voices))
        return Dimension(name="thresholds", plain="as they are", variants=tuple(variants))

    def _can_ask_for_two_voices(self) -> bool:
        if "theme" not in self.tables:
            return False
        raised = _raised(Setting(study=self.study, choices=self.choices, tables=self.tables))
        return raised is not None and raised != self.tables["theme"]

    @property
    def _has_statements(self) -> bool:
        return not self.study.statements.empty

    def _counted(self) -> np.ndarray[Any, Any]:
        return measure_coverage(self.study, self.choices).touches.counted

    def _speakers(self) -> list[str]:
        return sorted(self.study.statements["speaker"][self._counted()].astype(str).unique())


def _apart(word: str, ids: Iterable[str]) -> str:
    """A word that none of the ids is."""
    taken = set(ids)
    while word in taken:
        word += "*"
    return word


def _of_options(dimension: str, plain: str, others: Iterable[str], option: str) -> Dimension:
    variants = tuple(Variant(name=name, choices={option: name}) for name in others)
    return Dimension(name=dimension, plain=plain, variants=variants)


# -- what variants make of a study


def _swap(study: Study, *, statements: tuple[str, ...]) -> Study:
    return study.with_readings_swapped(study.codings["statement"].isin(statements))


def _without(study: Study, *, speakers: tuple[str, ...]) -> Study:
    return study.counting_only(~study.statements["speaker"].isin(speakers))


def _capped(setting: Setting, *, most: int, seed: int) -> Setting:
    """Of each speaker's statements that count, so many at most, drawn at random whatever the order of the rows."""
    touches = setting.coverage.touches
    by_id = np.argsort(touches.name_statements(np.arange(len(touches.counted))), kind="stable")
    lot = np.empty(len(by_id), dtype=np.int64)
    lot[by_id] = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3,))).permutation(len(by_id))
    speaker = collect_units(touches, "speaker").of_statement
    counted = np.flatnonzero(touches.counted & (speaker >= 0))
    counted = counted[np.lexsort((lot[counted], speaker[counted]))]
    firsts = np.flatnonzero(np.diff(speaker[counted], prepend=-1))
    place = np.arange(len(counted)) - np.repeat(firsts, np.diff(firsts, append=len(counted)))
    kept = np.ones(len(lot), dtype=bool)
    kept[counted[place >= most]] = False
    return evolve(setting, study=setting.study.counting_only(kept))


def _moved(table: DecisionTable, factor: Fraction) -> DecisionTable | None:
    """The table with each threshold over 0 moved: those under 1 times the factor, those over 1 divided by it."""
    return _with_edges(table, lambda edge: edge if edge in (0, 1) else edge * factor if edge < 1 else edge / factor)


def _with_two_voices(setting: Setting) -> Setting:
    raised = _raised(setting)
    if raised is None:
        what = "there are too few units to tell one voice from two"
        raise UsageError([Problem(file="thresholds", what=what, fix="count units of which there are more")])
    return setting.deciding_by({"theme": raised})


def _raised(setting: Setting) -> DecisionTable | None:
    """The table of themes with demand beginning over that of a single unit of mean weight; ``None`` where it can't."""
    coverage = setting.coverage
    tally = coverage.tallies.get("theme")
    if tally is None or coverage.unit == "theme":
        return None
    least = Fraction(str(round((1 + 1e-6) / len(tally.present), 12)))
    return _with_edges(setting.tables["theme"], lambda edge: least if edge == 0 else edge, only="demand")


def _with_edges(
    table: DecisionTable, move: Callable[[Fraction], Fraction], only: str | None = None
) -> DecisionTable | None:
    """The table with its thresholds moved; ``None`` where they would no longer stand in order."""

    def moved(band: Band) -> Band:
        below, upto = (None if edge is None else move(edge) for edge in (band.below, band.upto))
        return Band(name=band.name, below=below, upto=upto)

    inputs = [
        evolve(item, bands=[moved(band) for band in item.bands]) if only in (None, item.name) else item
        for item in table.inputs
    ]
    try:
        return evolve(table, inputs=inputs)
    except DecisionTableError:
        return None
