"""Touches come in; who counts, for which statement, and with what weight, go out as columns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from attrs import frozen

from .errors import Problem, UsageError
from .spelling import suggest
from .touches import Touches

__all__ = ["Units", "collect_units", "distinct_pairs"]

Array = np.ndarray[Any, Any]


@frozen(kw_only=True, eq=False, slots=False)
class Units:
    """The units of a count.

    Attributes
    ----------
    touches
        What they were made of.
    unit
        ``speaker``, ``actor`` or ``statement``.
    ids
        The id of each unit, by position.
    of_statement
        The position of each statement's unit, -1 where the statement has none (a group's statement among actors, say).
    stratum
        For each unit, the group it is weighted with: an actor's group, or a speaking group itself.
    is_group
        For each unit, whether a group speaks as one.
    is_umbrella
        For each unit, whether that group has groups under it.
    """

    touches: Touches
    unit: str
    ids: pd.Index
    of_statement: Array
    stratum: Array
    is_group: Array
    is_umbrella: Array

    @cached_property
    def weighted_by_group(self) -> bool:
        """Whether the weights are by actor group, so that umbrellas stand outside."""
        return isinstance(self.touches.choices.weights, str) and self.touches.choices.weights in ("group", "population")

    def present(self, statements: Array) -> Array:
        """Positions of the units that make at least one of these statements (a mask) and have a place in the count."""
        found = self.of_statement[statements]
        found = np.unique(found[found >= 0])
        return found[~self.is_umbrella[found]] if self.weighted_by_group else found

    def weigh(self, present: Array) -> Array:
        """The weight of every unit, 0 for those not present.

        Raises
        ------
        UsageError
            Naming every group without a population, or every unit without a weight.
        """
        weights = np.zeros(len(self.ids))
        weights[present] = self._weights_of(present)
        return weights

    def _weights_of(self, present: Array) -> Array:
        chosen = self.touches.choices.weights
        if isinstance(chosen, str) and chosen == "equal":
            return np.ones(len(present))
        if self.weighted_by_group:
            strata, where, sizes = np.unique(self.stratum[present], return_inverse=True, return_counts=True)
            totals = np.ones(len(strata)) if chosen == "group" else self._populations(strata)
            return (totals / sizes)[where] if len(present) else np.zeros(0)
        given = chosen if isinstance(chosen, Mapping) else self._column(str(chosen))
        return self._given(given, present)

    def _populations(self, strata: Array) -> Array:
        known = {group.id: group.population for group in self.touches.study.groups}
        missing = [str(name) for name in strata if known.get(str(name)) is None]
        if missing:
            what = f"weights by population need the population of {', '.join(missing)}"
            fix = "fill in the column population of the table groups, or choose weights='group'"
            raise UsageError([Problem(file="weights", what=what, fix=fix)])
        return np.array([float(known[str(name)] or 0) for name in strata])

    def _column(self, name: str) -> dict[str, float]:
        """A numeric column of statements (for statements), actors or groups, as a mapping."""
        tables = ["statements"] if self.unit == "statement" else []
        frames = [self.touches.study.tables[table] for table in (*tables, "actors", "groups")]
        found = [frame for frame in frames if name in frame.columns]
        if not found:
            columns = sorted({str(column) for frame in frames for column in frame.columns})
            fix = suggest(name, ("equal", "group", "population", *columns), otherwise="use equal, group or population")
            raise UsageError([Problem(file="weights", what=f"'{name}' is no kind of weight and no column", fix=fix)])
        weights: dict[str, float] = {}
        for frame in found:
            numbers = pd.to_numeric(frame[name], errors="coerce")
            weights |= dict(zip(frame["id"].astype(object), numbers.astype(float).fillna(np.nan), strict=True))
        return weights

    def _given(self, given: Mapping[str, Any], present: Array) -> Array:
        """Weights from a mapping: by the unit's own id, else by its group's."""
        by_unit = pd.Series(self.ids[present].map(given), dtype=object)
        by_group = pd.Series(self.stratum[present], dtype=object).map(given)
        weights = pd.to_numeric(by_unit.where(by_unit.notna(), by_group), errors="coerce").to_numpy(dtype=float)
        wrong = ~(np.isfinite(weights) & (weights >= 0))
        if wrong.any():
            names = ", ".join(map(str, self.ids[present][wrong][:20]))
            fix = "give each of them, or its group, a number of 0 or more"
            raise UsageError([Problem(file="weights", what=f"there is no usable weight for {names}", fix=fix)])
        return weights


def collect_units(touches: Touches) -> Units:
    """Find who the units of a count are.

    Parameters
    ----------
    touches
        What touches what, with the choices that name the unit.

    Examples
    --------
    >>> import policygap as pg
    >>> from policygap.touches import collect_touches
    >>> units = collect_units(collect_touches(pg.read_study("smabystrategi"), unit="actor"))
    >>> bool((units.of_statement < 0).any())  # statements by whole groups have no actor
    True
    """
    study, unit = touches.study, touches.choices.unit or "speaker"
    actors, groups = study.tables["actors"], study.tables["groups"]
    speakers = pd.Index([*actors["id"], *groups["id"]], dtype=object)
    cells = study.statements["speaker"].astype("category")
    codes = np.append(speakers.get_indexer(pd.Index(cells.cat.categories, dtype=object)), -1)
    speaker = codes[cells.cat.codes.to_numpy()]
    stratum = np.array([*actors["group"], *groups["id"]], dtype=object)
    is_group = np.arange(len(speakers)) >= len(actors)
    is_umbrella = is_group & np.isin(speakers.to_numpy(), list(study.umbrellas))
    if unit == "statement":
        ids = pd.Index(study.statements["id"].astype(object))
        every = np.arange(len(ids))
        return Units(
            touches=touches,
            unit=unit,
            ids=ids,
            of_statement=np.where(speaker >= 0, every, -1),
            stratum=stratum[speaker] if len(stratum) else np.empty(len(ids), dtype=object),
            is_group=is_group[speaker] if len(stratum) else np.zeros(len(ids), dtype=bool),
            is_umbrella=is_umbrella[speaker] if len(stratum) else np.zeros(len(ids), dtype=bool),
        )
    if unit == "actor":
        speaker = np.where(speaker < len(actors), speaker, -1)
    return Units(
        touches=touches,
        unit=unit,
        ids=speakers,
        of_statement=speaker,
        stratum=stratum,
        is_group=is_group,
        is_umbrella=is_umbrella,
    )


def distinct_pairs(unit: Array, code: Array, codes: int) -> tuple[Array, Array]:
    """Distinct (unit, code) pairs of two integer columns, sorted; a unit of -1 is no unit.

    Parameters
    ----------
    unit, code
        Integer columns of one length.
    codes
        How many codes there are.

    Examples
    --------
    >>> distinct_pairs(np.array([1, 0, 1, -1]), np.array([2, 0, 2, 1]), codes=3)
    (array([0, 1]), array([0, 2]))
    """
    used = unit >= 0
    packed = np.unique(unit[used].astype(np.int64) * max(codes, 1) + code[used])
    return packed // max(codes, 1), packed % max(codes, 1)
