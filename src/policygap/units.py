"""Touches come in; who counts, for which statement, and with what weight, go out as columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import frozen

from .errors import Problem, UsageError
from .spelling import suggest
from .study import Study
from .touches import Touches

__all__ = ["Units", "as_weight", "check_weights", "collect_units", "distinct_pairs", "speakers_of"]

Array = np.ndarray[Any, Any]

_CROWDED: Final = 8
"""Up to how many cells for each row it is quicker to mark those that occur than to sort the rows."""


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
    speaker
        For each unit, who speaks.
    group
        For each unit, its actor group: an actor's, or a speaking group itself.
    stratum
        For each unit, the number of its group's actors, or of its group where that speaks as one; in order of name.
    is_group
        For each unit, whether a group speaks as one.
    is_umbrella
        For each unit, whether that group has groups under it.
    """

    touches: Touches
    unit: str
    ids: pd.Index
    of_statement: Array
    speaker: Array
    group: Array
    stratum: Array
    is_group: Array
    is_umbrella: Array

    @cached_property
    def weighted_by_group(self) -> bool:
        """Whether the weights are by actor group, so that umbrellas stand outside."""
        return isinstance(self.touches.choices.weights, str) and self.touches.choices.weights in ("group", "population")

    def speaker_of(self, statements: Array) -> Array:
        """Who makes each of these statements (positions); ``None`` where nobody in the study does."""
        everyone = np.array([*self.speaker, None], dtype=object)  # the last place is what -1 reads
        return everyone[self.of_statement[statements]]

    def present(self, statements: Array) -> Array:
        """Positions of the units that make at least one of these statements (a mask) and have a place in the count."""
        found = self.of_statement[statements]
        here = np.zeros(len(self.ids), dtype=bool)
        here[found[found >= 0]] = True
        return np.flatnonzero(here & ~self.is_umbrella if self.weighted_by_group else here)

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
            _, firsts, where, sizes = np.unique(
                self.stratum[present], return_index=True, return_inverse=True, return_counts=True
            )
            groups = self.group[present[firsts]]
            totals = np.ones(len(groups)) if chosen == "group" else self._populations(groups)
            return (totals / sizes)[where]
        weights = self._mapped(chosen, present) if isinstance(chosen, Mapping) else self._column(str(chosen), present)
        check_weights(self.ids[present], weights, "give each of them, or its group, a number of 0 or more")
        return weights

    def _populations(self, groups: Array) -> Array:
        known = {group.id: group.population for group in self.touches.study.groups}
        missing = [str(name) for name in dict.fromkeys(groups) if known.get(str(name)) is None]
        if missing:
            what = f"weights by population need the population of {', '.join(missing)}"
            fix = "fill in the column population of the table groups, or choose weights='group'"
            raise UsageError([Problem(file="weights", what=what, fix=fix)])
        return np.array([float(known[str(name)] or 0) for name in groups])

    def _column(self, name: str, present: Array) -> Array:
        """Weights from a numeric column of statements (for statements), else of actors or groups."""
        tables = self.touches.study.tables
        own = [tables["statements"]] if self.unit == "statement" else []
        theirs = [tables["actors"], tables["groups"]]
        if not any(name in frame.columns for frame in (*own, *theirs)):
            columns = sorted({str(column) for frame in (*own, *theirs) for column in frame.columns})
            fix = suggest(name, ("equal", "group", "population", *columns), otherwise="use equal, group or population")
            raise UsageError([Problem(file="weights", what=f"'{name}' is no kind of weight and no column", fix=fix)])
        by_speaker: dict[str, Any] = {}
        for frame in (frame for frame in theirs if name in frame.columns):
            by_speaker |= zip(frame["id"].astype(object), frame[name].astype(object), strict=True)
        weights = np.full(len(present), np.nan)
        if own and name in own[0].columns:
            weights = _by_distinct(own[0][name].iloc[present].astype(object), as_weight)
        return np.where(np.isnan(weights), self._by_speaker(by_speaker, present), weights)

    def _mapped(self, given: Mapping[str, Any], present: Array) -> Array:
        """Weights from a mapping: by the unit's own id, else by its speaker's, else by its group's."""
        weights = _by_distinct(self.ids[present], lambda unit: as_weight(given.get(unit)))
        return np.where(np.isnan(weights), self._by_speaker(given, present), weights)

    def _by_speaker(self, given: Mapping[str, Any], present: Array) -> Array:
        weights = _by_distinct(self.speaker[present], lambda speaker: as_weight(given.get(speaker)))
        by_group = _by_distinct(self.group[present], lambda group: as_weight(given.get(group)))
        return np.where(np.isnan(weights), by_group, weights)


def as_weight(value: Any) -> float:
    """A number of 0 or more; NaN for what is missing, and -1 for what is there and no such number.

    Examples
    --------
    >>> as_weight("2.5"), as_weight(None), as_weight((1, 2))
    (2.5, nan, -1.0)
    """
    if value is None or value is pd.NA:
        return np.nan
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return -1.0
    return number if np.isnan(number) or 0 <= number < np.inf else -1.0


def check_weights(ids: pd.Index, weights: Array, fix: str) -> None:
    """Refuse weights that are missing or no number of 0 or more, naming the units.

    Parameters
    ----------
    ids, weights
        The units, and what :func:`as_weight` made of their weights.
    fix
        What to do about it.

    Raises
    ------
    UsageError
        Where a weight is unusable.
    """
    without = ids[~(weights >= 0)]
    if len(without):
        most = 20  # units may be a million statements
        more = f" and {len(without) - most} more" if len(without) > most else ""
        what = f"there is no usable weight for {', '.join(map(str, without[:most]))}{more}"
        raise UsageError([Problem(file="weights", what=what, fix=fix)])


def _by_distinct(values: Any, read: Callable[[Any], float]) -> Array:
    """What ``read`` makes of each value, read once for each distinct one; NaN for a missing value."""
    codes, distinct = pd.factorize(values)
    return np.array([*map(read, distinct), np.nan])[codes]


def collect_units(touches: Touches, unit: str | None = None) -> Units:
    """Find who the units of a count are.

    Parameters
    ----------
    touches
        What touches what.
    unit
        ``speaker``, ``actor`` or ``statement``; ``None``: the one that the choices name, else speakers.

    Examples
    --------
    >>> import policygap as pg
    >>> from policygap.touches import collect_touches
    >>> units = collect_units(collect_touches(pg.read_study("smabystrategi")), "actor")
    >>> bool((units.of_statement < 0).any())  # statements by whole groups have no actor
    True
    """
    study, unit = touches.study, unit or touches.choices.unit or "speaker"
    speakers = study.once("speakers", _speakers_of)
    if unit == "statement":
        ids = pd.Index(study.statements["id"])
        speaker, known = speakers.of_statement, len(speakers.ids) > 0
        return Units(
            touches=touches,
            unit=unit,
            ids=ids,
            of_statement=np.where(speaker >= 0, np.arange(len(ids)), -1),
            speaker=speakers.ids.to_numpy()[speaker] if known else np.empty(len(ids), dtype=object),
            group=speakers.group[speaker] if known else np.empty(len(ids), dtype=object),
            stratum=speakers.stratum[speaker] if known else np.zeros(len(ids), dtype=np.int64),
            is_group=speakers.is_group[speaker] if known else np.zeros(len(ids), dtype=bool),
            is_umbrella=speakers.is_umbrella[speaker] if known else np.zeros(len(ids), dtype=bool),
        )
    return Units(
        touches=touches,
        unit=unit,
        ids=speakers.ids,
        of_statement=speakers.actor_of_statement if unit == "actor" else speakers.of_statement,
        speaker=speakers.ids.to_numpy(),
        group=speakers.group,
        stratum=speakers.stratum,
        is_group=speakers.is_group,
        is_umbrella=speakers.is_umbrella,
    )


def speakers_of(study: Study) -> Array:
    """For each statement the position of who speaks, among all actors, then all groups; -1 for nobody."""
    return study.once("speakers", _speakers_of).of_statement


@frozen(kw_only=True, eq=False)
class _Speakers:
    """All actors, then all groups: of each its group, and whether it is one and has others under it; who says what."""

    ids: pd.Index
    group: Array
    stratum: Array
    is_group: Array
    is_umbrella: Array
    of_statement: Array

    @property
    def actor_of_statement(self) -> Array:
        return np.where(np.append(self.is_group, True)[self.of_statement], -1, self.of_statement)


def _speakers_of(study: Study) -> _Speakers:
    actors, groups = study.tables["actors"], study.tables["groups"]
    ids = pd.Index([*actors["id"], *groups["id"]], dtype=object)
    is_group = np.arange(len(ids)) >= len(actors)
    cells = study.statements["speaker"].astype("category")
    places = np.append(ids.get_indexer(pd.Index(cells.cat.categories, dtype=object)), -1)
    group = np.array([*actors["group"], *groups["id"]], dtype=object)
    return _Speakers(
        ids=ids,
        group=group,
        stratum=pd.factorize(group, sort=True)[0] * 2 + is_group,
        is_group=is_group,
        is_umbrella=is_group & np.isin(ids.to_numpy(), list(study.umbrellas)),
        of_statement=places[cells.cat.codes.to_numpy()],
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
    packed = unit[used].astype(np.int64) * max(codes, 1) + code[used]
    cells = int(packed.max(initial=-1)) + 1
    if cells <= _CROWDED * len(packed):
        there = np.zeros(cells, dtype=bool)
        there[packed] = True
        packed = np.flatnonzero(there)
    else:
        packed.sort()  # far quicker than np.unique, which hashes
        packed = packed[np.diff(packed, prepend=-1) != 0]
    return np.divmod(packed, max(codes, 1))
