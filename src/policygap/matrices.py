"""A study, two axes and a value come in; a matrix, with the state of each cell, goes out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import frozen

from .choices import Choices, choose
from .errors import Problem, UsageError
from .showing import to_html_table
from .spelling import suggest
from .study import Study
from .touches import Touches, collect_touches
from .units import distinct_pairs, speakers_of

__all__ = ["Matrix", "build_matrix", "gap_matrix", "linked_cells"]

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
        A frame, ids by ids: counts as whole numbers, shares between 0 and 1, or classes as words. A cell nobody looked
        at is missing; so is the share of a cell where no statement was looked at, whatever its link says.
    states
        A frame of the same shape: ``evidence``; ``linked`` (no statement, but a crosswalk's link); ``zero`` (looked,
        found nothing); ``none`` (a link says explicitly that the two do not go together); ``not_assessed`` (nobody
        looked).
    """

    rows: str
    columns: str
    values_name: str
    values: pd.DataFrame
    states: pd.DataFrame

    def marks(self) -> list[tuple[str, ...]]:
        """The cells as text, a mark of its own for each state: a figure, 0, an en dash for none, + for a bare link."""
        marks = {ZERO: "0", NONE: "\N{EN DASH}", LINKED: "+", NOT_ASSESSED: ""}
        cells = zip(self.values.to_numpy(dtype=object), self.states.to_numpy(dtype=object), strict=True)
        return [
            tuple(str(value) if state == EVIDENCE else marks[state] for value, state in zip(*row, strict=True))
            for row in cells
        ]

    def _repr_html_(self) -> str:
        """The matrix as a notebook shows it, darker for more."""
        figures = self.values.apply(pd.to_numeric, errors="coerce").astype(float).fillna(0).to_numpy()
        most = figures.max(initial=0)
        rows = [(name, *marks) for name, marks in zip(self.values.index, self.marks(), strict=True)]
        caption = f"{self.rows} by {self.columns}, {self.values_name}"
        return to_html_table(
            caption, [self.rows, *map(str, self.values.columns)], rows, figures / most if most else None
        )

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
        ``theme``, ``target`` (every kind), a kind of target (e.g. ``focus_area``), ``group``, ``speaker``, ``question``
        or ``addressee``.
    values
        ``statements``; ``speakers`` (distinct, the default); ``share`` (of the speakers with a statement assessed on
        both axes, those in the cell); ``class`` (``contested`` where explicit codings of the cell's statements are both
        for and against the row's code, or the column's; else the cell's state); ``links`` (the default where a study
        has links alone).
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
    values, cells = _collect_cells(study, rows, columns, values, choose(choices, options))
    return _fill(values, cells)


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
    values, cells = _collect_cells(study, rows, columns, values, choose(choices, options))
    return Matrix(
        rows=rows,
        columns=columns,
        values_name=values,
        values=_fill(values, cells),
        states=pd.DataFrame(_name_states(cells), index=cells.index, columns=cells.header),
    )


def _collect_cells(study: Study, rows: str, columns: str, values: str | None, choices: Choices) -> tuple[str, _Cells]:
    silent = study.statements.empty
    values = values or ("links" if silent else "speakers")
    _check(study, rows, columns, values, silent=silent)
    touches = collect_touches(study, choices)
    return values, _count(touches, _axes(touches, rows), _axes(touches, columns))


def _name_states(cells: _Cells) -> Array:
    return np.select(
        [cells.statements > 0, cells.related, cells.unrelated, cells.looked],
        [EVIDENCE, LINKED, NONE, ZERO],
        default=NOT_ASSESSED,
    ).astype(object)


def _fill(values: str, cells: _Cells) -> pd.DataFrame:
    """The frame of figures, shares or words."""
    index, header = cells.index, cells.header
    if values == "class":
        figures = np.where(cells.contested, "contested", _name_states(cells)).astype(object)
        return pd.DataFrame(figures, index=index, columns=header)
    if values == "share":
        return pd.DataFrame(cells.share, index=index, columns=header)
    counts = {"statements": cells.statements, "speakers": cells.speakers, "links": cells.related.astype(np.int64)}
    compared = cells.related | cells.unrelated
    known = compared if values == "links" else compared | cells.looked
    return _masked(counts[values], ~known, index, header)


def _masked(counts: Array, missing: Array, index: pd.Index, header: pd.Index) -> pd.DataFrame:
    """Whole numbers, some missing: put together by column, which takes pandas half as long as masking a frame."""
    columns = {
        place: pd.arrays.IntegerArray(count.astype(np.int64), gone.copy())
        for place, (count, gone) in enumerate(zip(counts.T, missing.T, strict=True))
    }
    frame = pd.DataFrame(columns, index=index, copy=False)
    frame.columns = header
    return frame


def _check(study: Study, rows: str, columns: str, values: str, *, silent: bool) -> None:
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
    elif silent and values in ("statements", "speakers", "share"):
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


def _axes(touches: Touches, name: str) -> tuple[_Axis, ...]:
    """The parts of one side: for all targets one a kind, since a statement may be assessed for one and not another."""
    if name in ("group", "speaker", "question", "addressee"):
        return (_axis_of_words(touches, name),)
    return tuple(_axis_of_codes(touches, name, kind) for kind in _kinds(touches, name))


def _kinds(touches: Touches, name: str) -> tuple[str, ...]:
    return (touches.study.target_kinds or (name,)) if name == "target" else (name,)


def _axis_of_codes(touches: Touches, name: str, kind: str) -> _Axis:
    positions = touches.positions(kind)
    place = np.full(len(touches.kinds), -1)
    place[positions] = np.arange(len(positions))
    rows = touches.of_kind(kind)
    return _Axis(
        kind=kind,
        index=touches.codes[positions].rename(name),
        statement=touches.statement[rows],
        place=place[touches.code[rows]],
        assessed=touches.assessed(kind),
        supports=touches.supports[rows],
        against=touches.against[rows],
        is_code=True,
    )


def _axis_of_words(touches: Touches, name: str) -> _Axis:
    frame, tables = touches.study.statements, touches.study.tables
    counted = np.flatnonzero(touches.counted)
    if name == "addressee":
        cells = frame["addressees"].iloc[counted].astype(object).str.split(";")
        words = pd.Series(cells.array, index=counted, dtype=object).explode().dropna().str.strip()
        statement, words = words.index.to_numpy(), words.astype("category")
        ids = pd.Index(words.cat.categories, dtype=object)
    else:
        words = frame["question" if name == "question" else "speaker"].iloc[counted].astype("category")
        words = words[words.notna()].cat.remove_unused_categories()
        statement = words.index.to_numpy()
        if name == "speaker":
            ids = pd.Index([*tables["actors"]["id"], *tables["groups"]["id"]], dtype=object)
            ids = ids[ids.isin(words.cat.categories)]
        else:
            ids = pd.Index(tables[f"{name}s"]["id"].astype(object))
    names = pd.Index(words.cat.categories, dtype=object)
    if name == "group":
        group_of = dict(zip(tables["actors"]["id"], tables["actors"]["group"], strict=True))
        names = pd.Index([group_of.get(speaker, speaker) for speaker in names], dtype=object)
    assessed = np.zeros(len(frame), dtype=bool)
    assessed[statement] = True
    return _Axis(
        kind=name,
        index=pd.Index(ids, name=name),
        statement=statement,
        place=ids.get_indexer(names)[words.cat.codes.to_numpy()],
        assessed=assessed,
        supports=np.zeros(len(statement), dtype=bool),
        against=np.zeros(len(statement), dtype=bool),
        is_code=False,
    )


@frozen(kw_only=True, eq=False)
class _Cells:
    """Counts of every cell, whether anyone looked, and what links say."""

    index: pd.Index
    header: pd.Index
    statements: Array
    speakers: Array
    share: Array
    contested: Array
    looked: Array
    related: Array
    unrelated: Array


def _count(touches: Touches, across: tuple[_Axis, ...], down: tuple[_Axis, ...]) -> _Cells:
    """The cells of every part of one side by every part of the other, in the study's order."""
    speaker = speakers_of(touches.study)
    parts = [[_count_part(touches, speaker, one, two) for two in down] for one in across]
    if len(across) == len(down) == 1:
        return parts[0][0]
    index, header = _laid_out(touches, across), _laid_out(touches, down)
    order = np.ix_(index[1], header[1])
    names = ("statements", "speakers", "share", "contested", "looked", "related", "unrelated")
    arrays = {name: np.block([[getattr(part, name) for part in row] for row in parts])[order] for name in names}
    return _Cells(index=index[0], header=header[0], **arrays)


def _laid_out(touches: Touches, axes: tuple[_Axis, ...]) -> tuple[pd.Index, Array]:
    """The ids of a side, and which place among its parts each of them comes from."""
    ids = axes[0].index if len(axes) == 1 else axes[0].index.append([axis.index for axis in axes[1:]])
    order = np.argsort(touches.codes.get_indexer(ids), kind="stable") if axes[0].is_code else np.arange(len(ids))
    return ids[order], order


def _count_part(touches: Touches, speaker: Array, across: _Axis, down: _Axis) -> _Cells:
    statement, cell, (left, right) = _meet(across, down)
    shape = (len(across.index), len(down.index))
    size = shape[0] * shape[1]

    def distinct(unit: Array) -> Array:
        return np.bincount(distinct_pairs(unit, cell, size)[1], minlength=size).reshape(shape)

    def both(axis: _Axis, rows: Array) -> Array:
        sides = (np.bincount(cell[polar[rows]], minlength=size) > 0 for polar in (axis.supports, axis.against))
        return np.logical_and(*sides).reshape(shape)

    speakers = distinct(speaker[statement])
    looked = _looked(across, down)[:, None] & _looked(down, across)[None, :]
    asked = speaker[across.assessed & down.assessed]
    asked = int(np.count_nonzero(np.bincount(asked[asked >= 0])))
    related, unrelated = _linked(touches.study, across, down)
    return _Cells(
        index=across.index,
        header=down.index,
        statements=distinct(statement),
        speakers=speakers,
        share=np.where(looked, speakers / max(asked, 1), np.nan),
        # For one code and against another is no contradiction: each code is judged by its own codings.
        contested=both(across, left) | both(down, right),
        looked=looked,
        related=related,
        unrelated=unrelated,
    )


def _meet(across: _Axis, down: _Axis) -> tuple[Array, Array, tuple[Array, Array]]:
    """Every (row, column) that a statement stands on: the statement, the flat cell, and the places in both axes."""
    order = np.argsort(down.statement, kind="stable")
    of_each = np.bincount(down.statement, minlength=len(down.assessed))
    first = (np.cumsum(of_each) - of_each)[across.statement]
    counts = of_each[across.statement]
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
    kinds = {across.kind, down.kind} - {"theme"}
    if len(kinds) != 1 or len({across.kind, down.kind}) == 1 or not (across.is_code and down.is_code):
        related = np.zeros((len(across.index), len(down.index)), dtype=bool)
        return related, related.copy()
    found, missing = linked_cells(study, kinds.pop())
    return (found, missing) if across.kind == "theme" else (found.T, missing.T)


def linked_cells(study: Study, kind: str) -> tuple[Array, Array]:
    """Where a link relates a theme and a target of a kind, and where one says expressly that they do not go together.

    Returns
    -------
    tuple of numpy.ndarray
        Two truth tables, themes by targets of the kind, in the study's order.

    Examples
    --------
    >>> import policygap as pg
    >>> related, unrelated = linked_cells(pg.read_study("smabystrategi"), "recommendation")
    >>> bool((related & unrelated).any())
    False
    """
    themes = [code.id for code in study.themes]
    targets = [code.id for code in study.targets if code.kind == kind]
    found, missing = np.zeros((2, len(themes), len(targets)), dtype=bool)
    links = study.links
    if links.empty:
        return found, missing
    theme = pd.Index(themes, dtype=object).get_indexer(pd.Index(links["theme"].astype(object)))
    target = pd.Index(targets, dtype=object).get_indexer(pd.Index(links["target"].astype(object)))
    none = links["relation"].eq("none").fillna(False).to_numpy(dtype=bool)
    inside = target >= 0
    found[theme[inside & ~none], target[inside & ~none]] = True
    missing[theme[inside & none], target[inside & none]] = True
    missing[theme[links["target"].isna().to_numpy()], :] = True
    missing &= ~found
    # A crosswalk that relates a theme to one target of a kind has held it against the others of that kind too; but only
    # an explicit none says so, so the rest of the row is not assessed.
    return found, missing
