"""A study, two axes and a value come in; a matrix, with the state of each cell, goes out."""

from __future__ import annotations

from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from attrs import evolve, frozen

from .choices import Choices, choose
from .errors import Problem, UsageError
from .spelling import suggest
from .study import Study
from .touches import Touches, collect_touches
from .units import collect_units, distinct_pairs

__all__ = ["Matrix", "build_matrix", "cross_tabulate", "gap_matrix"]

Array = np.ndarray[Any, Any]

AXES: Final = ("theme", "target", "group", "speaker", "question", "addressee")
VALUES: Final = ("statements", "speakers", "share", "class", "links")
EVIDENCE, LINKED, ZERO, NONE, NOT_ASSESSED = "evidence", "linked", "zero", "none", "not_assessed"


@frozen(kw_only=True, eq=False)
class Matrix:
    """A matrix and what each cell stands for.

    Attributes
    ----------
    rows, columns, values_name
        The axes' names, and what the cells hold.
    values
        A frame, ids by ids: counts as whole numbers, shares between 0 and 1, or classes as words. A cell nobody looked at is
        missing.
    states
        A frame of the same shape: ``evidence``; ``linked`` (no statement, but a crosswalk's link); ``zero`` (looked, found nothing);
        ``none`` (a link says explicitly that the two do not go together); ``not_assessed`` (nobody looked).
    """

    rows: str
    columns: str
    values_name: str
    values: pd.DataFrame
    states: pd.DataFrame

    def to_long(self) -> pd.DataFrame:
        """A row a cell: ``row``, ``column``, ``value``, ``state``."""
        row = np.repeat(self.values.index.to_numpy(dtype=object), self.values.shape[1])
        column = np.tile(self.values.columns.to_numpy(dtype=object), self.values.shape[0])
        flat = [cell for cells in self.values.itertuples(index=False) for cell in cells]
        return pd.DataFrame(
            {"row": row, "column": column, "value": flat, "state": self.states.to_numpy(dtype=object).ravel()}
        )


def gap_matrix(
    study: Study,
    rows: str = "theme",
    columns: str = "focus_area",
    values: str | None = None,
    choices: Choices | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Count the evidence where two axes meet.

    A cell counts statements coded with both; it does not say that the one answers the other.

    Parameters
    ----------
    study
        The study.
    rows, columns
        ``theme``, ``target`` (every kind), a kind of target (e.g. ``focus_area``), ``group``, ``speaker``, ``question`` or ``addressee``.
    values
        ``statements``; ``speakers`` (distinct, the default); ``share`` (of the speakers with a statement assessed on both axes, those in the
        cell); ``class`` (``contested`` where explicit codings are both for and against, else the cell's state); ``links`` (the
        default where a study has links alone).
    choices, **options
        Which statements and codings count: see :class:`policygap.choices.Choices`.

    Returns
    -------
    pandas.DataFrame
        Ids by ids, in the study's order. 0 says that someone looked and found nothing; missing, that nobody looked.
        :func:`build_matrix` gives the state of each cell besides.

    Raises
    ------
    UsageError
        Where an axis or value is not known, or the study can't have it.

    Examples
    --------
    >>> import policygap as pg
    >>> matrix = pg.gap_matrix(pg.read_study("smabystrategi"), rows="theme", columns="focus_area", values="speakers")
    >>> list(matrix.columns)
    ['A', 'B', 'C', 'D', 'E', 'F', 'G']
    """
    return build_matrix(study, rows, columns, values, choices, **options).values


def build_matrix(
    study: Study,
    rows: str = "theme",
    columns: str = "focus_area",
    values: str | None = None,
    choices: Choices | None = None,
    **options: Any,
) -> Matrix:
    """Build the matrix of :func:`gap_matrix` together with the state of each cell.

    Examples
    --------
    >>> import policygap as pg
    >>> matrix = build_matrix(pg.read_study("smabystrategi"), values="class")
    >>> sorted(set(matrix.states.to_numpy().ravel()) - {"evidence", "zero"})
    []
    """
    chosen = choose(choices, options)
    values = values or ("links" if study.statements.empty else "speakers")
    _check(study, rows, columns, values)
    touches = collect_touches(study, chosen)
    across, down = _axis(touches, rows), _axis(touches, columns)
    cells = _Cells.of(touches, across, down)
    related, unrelated = _linked(study, across, down)
    looked = cells.looked | related | unrelated
    states = np.select(
        [cells.statements > 0, related, unrelated, looked], [EVIDENCE, LINKED, NONE, ZERO], default=NOT_ASSESSED
    )
    counts = {
        "statements": cells.statements,
        "speakers": cells.speakers,
        "links": related.astype(np.int64),
    }
    if values == "class":
        figures = np.where(cells.contested & (states == EVIDENCE), "contested", states).astype(object)
        frame = pd.DataFrame(figures, index=across.index, columns=down.index)
    elif values == "share":
        numbers = np.where(cells.asked > 0, cells.speakers / max(cells.asked, 1), np.nan)
        frame = pd.DataFrame(np.where(looked, numbers, np.nan), index=across.index, columns=down.index)
    else:
        frame = pd.DataFrame(counts[values], index=across.index, columns=down.index).astype("Int64")
        known = related | unrelated if values == "links" else looked
        frame = frame.mask(pd.DataFrame(~known, index=across.index, columns=down.index))
    return Matrix(
        rows=rows,
        columns=columns,
        values_name=values,
        values=frame,
        states=pd.DataFrame(states.astype(object), index=across.index, columns=down.index),
    )


def _check(study: Study, rows: str, columns: str, values: str) -> None:
    known = (*AXES, *study.target_kinds)
    problems = [
        Problem(
            file=argument,
            what=f"'{name}' is no axis of this study",
            fix=suggest(name, known, otherwise=f"use one of {', '.join(known)}"),
        )
        for argument, name in (("rows", rows), ("columns", columns))
        if name not in known
    ]
    if values not in VALUES:
        fix = suggest(values, VALUES, otherwise=f"use one of {', '.join(VALUES)}")
        problems.append(Problem(file="values", what=f"'{values}' is not known", fix=fix))
    elif study.statements.empty and values in ("statements", "speakers", "share"):
        fix = "use values 'links' or 'class'"
        problems.append(Problem(file="values", what=f"the study has no statements, so there are no {values}", fix=fix))
    if problems:
        raise UsageError(problems)


@frozen(kw_only=True, eq=False)
class _Axis:
    """One side of a matrix: its ids, which statement stands on which of them, and which statements were looked at."""

    kind: str
    index: pd.Index
    statement: Array
    place: Array
    assessed: Array
    supports: Array
    against: Array
    is_code: bool


def _axis(touches: Touches, name: str) -> _Axis:
    if name in ("group", "speaker", "question", "addressee"):
        return _axis_of_words(touches, name)
    kinds = touches.kinds
    wanted = kinds != "theme" if name == "target" else kinds == name
    positions = np.flatnonzero(wanted)
    place = np.full(len(kinds), -1)
    place[positions] = np.arange(len(positions))
    rows = touches.rows[wanted[touches.rows["code"].to_numpy()]]
    assessed = np.zeros(len(touches.counted), dtype=bool)
    for kind in dict.fromkeys(kinds[wanted]):
        assessed |= touches.assessed(kind)
    return _Axis(
        kind=name,
        index=pd.Index(touches.codes[positions], name=name),
        statement=rows["statement"].to_numpy(),
        place=place[rows["code"].to_numpy()],
        assessed=assessed,
        supports=rows["supports"].to_numpy(),
        against=rows["against"].to_numpy(),
        is_code=True,
    )


def _axis_of_words(touches: Touches, name: str) -> _Axis:
    study = touches.study
    frame = study.statements
    counted = np.flatnonzero(touches.counted)
    if name == "addressee":
        cells = frame["addressees"].iloc[counted].str.split(";")
        cells = pd.Series(cells.array, index=counted).explode().dropna().str.strip()
        ids = pd.Index(sorted(set(cells)), dtype=object)
        statement, words = cells.index.to_numpy(), cells
    else:
        column = "question" if name == "question" else "speaker"
        words = frame[column].iloc[counted].astype("category")
        if name == "group":
            actors = study.tables["actors"]
            group_of = dict(zip(actors["id"], actors["group"], strict=True))
            words = words.map(lambda speaker: group_of.get(speaker, speaker)).astype("category")
        table = {"question": "questions", "group": "groups"}.get(name)
        if table is None:
            ids = pd.Index([*study.tables["actors"]["id"], *study.tables["groups"]["id"]], dtype=object)
            ids = ids[ids.isin(words.cat.categories)]
        else:
            ids = pd.Index(study.tables[table]["id"].astype(object))
        statement = counted[words.notna().to_numpy()]
        words = words.dropna()
    assessed = np.zeros(len(frame), dtype=bool)
    assessed[statement] = True
    return _Axis(
        kind=name,
        index=pd.Index(ids, name=name),
        statement=statement,
        place=ids.get_indexer(pd.Index(words.astype(object))),
        assessed=assessed,
        supports=np.zeros(len(statement), dtype=bool),
        against=np.zeros(len(statement), dtype=bool),
        is_code=False,
    )


@frozen(kw_only=True, eq=False)
class _Cells:
    """Counts of every cell, and whether anyone looked."""

    statements: Array
    speakers: Array
    contested: Array
    looked: Array
    asked: int

    @classmethod
    def of(cls, touches: Touches, across: _Axis, down: _Axis) -> _Cells:
        speaker = collect_units(evolve(touches, choices=touches.choices.but(unit="speaker"))).of_statement
        statement, cell, pair = _meet(across, down)
        shape = (len(across.index), len(down.index))
        size = shape[0] * shape[1]
        statements = np.bincount(distinct_pairs(statement, cell, size)[1], minlength=size)
        speakers = np.bincount(distinct_pairs(speaker[statement], cell, size)[1], minlength=size)
        supports = across.supports[pair[0]] | down.supports[pair[1]]
        against = across.against[pair[0]] | down.against[pair[1]]
        contested = (np.bincount(cell[supports], minlength=size) > 0) & (np.bincount(cell[against], minlength=size) > 0)
        both = across.assessed & down.assessed
        looked = _looked(across, down)[:, None] & _looked(down, across)[None, :]
        return cls(
            statements=statements.reshape(shape),
            speakers=speakers.reshape(shape),
            contested=contested.reshape(shape),
            looked=looked,
            asked=len(np.unique(speaker[both])),
        )


def _meet(across: _Axis, down: _Axis) -> tuple[Array, Array, tuple[Array, Array]]:
    """Every (row, column) that a statement stands on: the statement, the flat cell, and the places in both axes' columns."""
    order = np.argsort(down.statement, kind="stable")
    by_statement = down.statement[order]
    first = np.searchsorted(by_statement, across.statement, side="left")
    counts = np.searchsorted(by_statement, across.statement, side="right") - first
    left = np.repeat(np.arange(len(across.statement)), counts)
    starts = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]) if len(counts) else first, counts)
    right = order[starts + np.arange(len(left))] if len(left) else np.zeros(0, dtype=np.int64)
    cell = across.place[left] * len(down.index) + down.place[right]
    return across.statement[left], cell, (left, right)


def _looked(axis: _Axis, other: _Axis) -> Array:
    """For each place on an axis, whether a statement there was assessed on the other axis.

    A code that no statement touches counts as looked for where any statement was assessed on both axes.
    """
    has_statements = np.bincount(axis.place, minlength=len(axis.index)) > 0
    met = np.bincount(axis.place[other.assessed[axis.statement]], minlength=len(axis.index)) > 0
    anyone = bool((axis.assessed & other.assessed).any())
    return np.where(has_statements, met, anyone and axis.is_code)


def _linked(study: Study, across: _Axis, down: _Axis) -> tuple[Array, Array]:
    """Where a link relates theme and target, and where one says explicitly that they do not go together."""
    related = np.zeros((len(across.index), len(down.index)), dtype=bool)
    unrelated = related.copy()
    sides = {"theme"} & {across.kind, down.kind}
    if not sides or not (across.is_code and down.is_code) or across.kind == down.kind or study.links.empty:
        return related, unrelated
    themes, targets = (across, down) if across.kind == "theme" else (down, across)
    theme = themes.index.get_indexer(pd.Index(study.links["theme"].astype(object)))
    target = targets.index.get_indexer(pd.Index(study.links["target"].astype(object)))
    none = study.links["relation"].eq("none").fillna(False).to_numpy(dtype=bool)
    found, missing = np.zeros((2, len(themes.index), len(targets.index)), dtype=bool)
    inside = target >= 0
    found[theme[inside & ~none], target[inside & ~none]] = True
    missing[theme[inside & none], target[inside & none]] = True
    missing[theme[study.links["target"].isna().to_numpy()], :] = True
    missing &= ~found
    # A crosswalk that relates a theme to one target of a kind has held it against the others of that kind too; but only
    # an explicit none says so, so the rest of the row is not assessed.
    return (found, missing) if across.kind == "theme" else (found.T, missing.T)


def cross_tabulate(
    frame: Any, rows: str = "theme", columns: str = "target", unit: str | None = "speaker", weight: str | None = None
) -> pd.DataFrame:
    """Count distinct units, or sum their weights, where two columns of a frame of evidence meet.

    Parameters
    ----------
    frame
        A frame of evidence: pandas, polars (eager or lazy), Arrow, DuckDB, or whatever else narwhals takes.
    rows, columns
        Names of columns; rows of the frame where either is missing are left out.
    unit
        The column whose distinct values are counted in each cell; ``None`` counts the frame's rows.
    weight
        A column of numbers: sum it over the distinct units (with one weight a unit), or over rows.

    Returns
    -------
    pandas.DataFrame
        A small wide frame, sorted by id; 0 where the two never meet.

    Raises
    ------
    UsageError
        Where a column is not in the frame.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"theme": ["a", "a", "b"], "target": ["X", "X", "Y"], "speaker": ["s", "s", "t"]})
    >>> cross_tabulate(frame)
    target  X  Y
    theme
    a       1  0
    b       0  1
    """
    table = nw.from_native(frame).lazy()
    names = [name for name in (rows, columns, unit, weight) if name is not None]
    known = table.collect_schema().names()
    problems = [
        Problem(
            file="frame",
            column=name,
            what="there is no such column",
            fix=suggest(name, known, otherwise=f"use {known}"),
        )
        for name in names
        if name not in known
    ]
    if problems:
        raise UsageError(problems)
    needed = [rows, columns] if unit is None else [rows, columns, unit]
    kept = table.select(*dict.fromkeys(names)).drop_nulls(subset=list(dict.fromkeys(needed)))
    if unit is not None:
        kept = kept.unique()
    figure = nw.len() if weight is None else nw.col(weight).sum()
    cells = kept.group_by(*dict.fromkeys([rows, columns])).agg(figure.alias("__figure")).collect().to_pandas()
    return _wide(cells, rows, columns)


def _wide(cells: pd.DataFrame, rows: str, columns: str) -> pd.DataFrame:
    down, across = cells[rows].astype(object), cells[columns].astype(object)
    index, header = sorted(set(down)), sorted(set(across))
    wide = np.zeros((len(index), len(header)), dtype=cells["__figure"].dtype if len(cells) else np.int64)
    wide[pd.Index(index).get_indexer(down), pd.Index(header).get_indexer(across)] = cells["__figure"].to_numpy()
    return pd.DataFrame(wide, index=pd.Index(index, name=rows), columns=pd.Index(header, name=columns))
