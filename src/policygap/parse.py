"""A package's raw tables come in; typed frames go out, with every problem that one table shows alone.

What needs two tables at once is judged in :mod:`policygap.checks`. Columns are factorised first, so that a million
cells with a hundred different words cost a hundred looks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from attrs import frozen

from .disk import DiskText, DiskTextDtype
from .errors import Problem
from .io.cells import text_of
from .io.naming import misspelt
from .io.rawtables import is_coded
from .package import Package, RawTable
from .schema import RESERVED_KINDS, TABLES, Column, Form, Table, is_variant
from .spelling import nearest, suggest

__all__ = ["CORRECT_FIRST", "MOST_TOLD", "parse_tables", "split_list"]

Codes = npt.NDArray[np.integer[Any]]
Fault = tuple[str, str]  # what is wrong with a cell, and what to do
Faults = list[tuple[int, Fault]]  # with the position of each cell
Judge = Callable[[str], Fault | None]
Place = Callable[[int], tuple[str, int]]

MOST_TOLD: Final = 10_000
"""Cells of a column that are told one by one; the others are counted."""

CORRECT_FIRST: Final = "correct those that are told first"

# Ids stand in lists and on lines of reports, so they can't hold what ends an item or a line.
_NOT_IN_IDS: Final = re.compile("[;\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DECIMAL_COMMA: Final = re.compile(r"[+-]?[0-9]+,[0-9]+")
_THOUSANDS: Final = re.compile(r"[+-]?[0-9]{1,3}(?:[ ,.'’\u00a0\u202f\u2009][0-9]{3})+")
_BETWEEN_DIGITS: Final = re.compile(r"[ ,.'’\u00a0\u202f\u2009]")
_NO_NUMBERS: Final = ("nan", "inf", "infinity", "-inf", "-infinity", "+inf", "+infinity", "na", "n/a", "null", "none")
_LARGEST: Final = 2**63 - 1
_FLAGS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "1", "yes", "ja"), True),
    **dict.fromkeys(("false", "0", "no", "nei"), False),
}


def split_list(text: Any) -> tuple[str, ...]:
    """The items of a list in a cell.

    Parameters
    ----------
    text
        The cell; items are separated by ``;``. A missing cell is an empty list.

    Examples
    --------
    >>> split_list("a; b;;c")
    ('a', 'b', 'c')
    >>> split_list(float("nan"))
    ()
    """
    if not isinstance(text, str):
        return ()
    return tuple(item for item in map(str.strip, text.split(";")) if item)


def parse_tables(package: Package) -> tuple[dict[str, pd.DataFrame], tuple[Problem, ...]]:
    """Type the tables of a package and find what is wrong in each.

    Parameters
    ----------
    package
        Raw tables from files, or frames of any dtypes from Python.

    Returns
    -------
    frames : dict of str to pandas.DataFrame
        Every table of the schema, absent ones without rows. All the schema's columns in its order, then the study's
        own. Ids, references and words are ``category`` in statements, codings and links and ``str`` elsewhere, text
        and lists are ``str``, whole numbers ``Int64``, numbers ``Float64``, flags ``boolean``. A number or flag that
        can't be read is missing.
    problems : tuple of Problem
        In the order of the tables, the rows and the columns. Rows that the package itself reports as broken are not
        reported again.

    Examples
    --------
    >>> import pandas as pd
    >>> from policygap.package import Package, RawTable
    >>> themes = RawTable(file="themes.csv", frame=pd.DataFrame({"id": ["a", "a"], "label": ["A", "B"]}))
    >>> frames, problems = parse_tables(Package(name="small", tables={"themes": themes}))
    >>> print(problems[0])
    themes.csv, row 3, column id: the id 'a' stands in row 2 already; give one of the two rows another id
    >>> list(frames["themes"].columns)
    ['id', 'label', 'definition', 'parent']
    """
    problems: list[Problem] = [_unknown_table(name) for name in package.tables if name not in TABLES]
    frames: dict[str, pd.DataFrame] = {}
    for name, table in TABLES.items():
        raw = package.tables.get(name)
        if raw is None:
            frames[name] = _empty_frame(name).copy()
            continue
        frames[name], found = _TableParser(table=table, raw=raw).parse()
        problems.extend(found)
    return frames, tuple(_unreported(problems, package.problems))


@cache
def _empty_frame(name: str) -> pd.DataFrame:
    raw = RawTable(file=name, frame=pd.DataFrame())
    return _TableParser(table=TABLES[name], raw=raw).parse()[0]


def _unknown_table(name: str) -> Problem:
    fix = suggest(str(name), TABLES, otherwise=f"use one of {', '.join(TABLES)}")
    return Problem(file=str(name), what=f"a study has no table '{name}'", fix=fix)


def _unreported(problems: Iterable[Problem], before: Iterable[Problem]) -> Iterator[Problem]:
    """Leave out what follows from a broken row or cell that reading has reported: it would only hide the cause."""
    rows: set[tuple[str | None, int]] = set()
    cells: set[tuple[str | None, int, str]] = set()
    for problem in before:
        if problem.row is not None and problem.row > 1:
            if problem.column is None:
                rows.add((problem.file, problem.row))
            else:
                cells.add((problem.file, problem.row, problem.column))
    for problem in problems:
        row = problem.row or 0
        if (problem.file, row) not in rows and (problem.file, row, problem.column or "") not in cells:
            yield problem


@frozen(kw_only=True)
class _Coded:
    """A column as codes into distinct texts; a code of -1 is a missing cell."""

    codes: Codes
    texts: tuple[str, ...]

    def faults(self, judge: Judge) -> dict[int, Fault]:
        """The texts that are at fault, by their code."""
        judged = ((code, judge(text)) for code, text in enumerate(self.texts))
        return {code: fault for code, fault in judged if fault is not None}

    def spread(self, faults: Mapping[int, Fault]) -> Faults:
        """Faults of texts as faults of the rows that hold them."""
        if not faults:
            return []
        positions = np.flatnonzero(np.isin(self.codes, list(faults)))
        return [(int(position), faults[int(self.codes[position])]) for position in positions]


def _code(text: pd.Series, tidy: Callable[[str], str]) -> _Coded:
    """Factorise a column of text, each text tidied; the texts are sorted and all in use."""
    if isinstance(text.dtype, pd.CategoricalDtype):
        codes, texts = np.asarray(text.cat.codes), text.cat.categories.to_numpy(dtype=object).tolist()
    else:
        codes, distinct = pd.factorize(text, use_na_sentinel=True)
        texts = distinct.to_numpy(dtype=object).tolist()
    tidied = [tidy(item) for item in texts]
    used = np.zeros(len(texts) + 1, dtype=bool)
    used[codes] = True  # a missing cell's -1 marks the spare place at the end
    if not (used[:-1].all() and all(tidied) and all(map(str.__lt__, tidied, tidied[1:]))):
        kept = sorted({item for item, of_use in zip(tidied, used[:-1], strict=True) if of_use and item})
        place = {item: new for new, item in enumerate(kept)}
        codes = np.array([*(place.get(item, -1) for item in tidied), -1], dtype=np.min_scalar_type(-len(kept) - 1))[
            codes
        ]
        tidied = kept
    return _Coded(codes=codes, texts=tuple(tidied))


def _tidy_list(text: str) -> str:
    return ";".join(split_list(text))


@frozen(kw_only=True)
class _TableParser:
    """Types one table; ``parse`` gives its frame and its problems."""

    table: Table
    raw: RawTable

    def parse(self) -> tuple[pd.DataFrame, list[Problem]]:
        frame = self.raw.frame.reset_index(drop=True)
        names = [*map(_column_name, frame.columns)]
        header = _Header(file=self.raw.file, row=self.raw.header, table=self.table, names=names)
        problems = [(0, place, problem) for place, problem in enumerate(header.problems())]
        columns: dict[Hashable, Any] = {}
        for place, column in enumerate(self.table.columns):
            at = header.place(column.name)
            if at is None:
                columns[column.name] = _missing_column(self.table.name, column, frame)
                continue
            columns[column.name], faults = _parse_column(self.table.name, column, frame.iloc[:, at], self.raw.place)
            if column.required:
                faults.extend(_empty_cells(column, columns[column.name], faults))
            problems.extend(self._placed(place, column.name, faults))
        for name, at in header.own():
            columns[name], faults = _own_column(frame.iloc[:, at])
            problems.extend(self._placed(len(columns), name, faults))
        problems.sort(key=lambda found: found[:2])
        typed = pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))
        return typed, [problem for _, _, problem in problems]

    def _placed(self, place: int, name: str, faults: Faults) -> Iterator[tuple[int, int, Problem]]:
        for position, (what, fix) in faults[:MOST_TOLD]:
            file, row = self.raw.place(position)
            yield position + 1, place, Problem(file=file, row=row, column=name, what=what, fix=fix)
        if len(faults) > MOST_TOLD:
            what = f"{len(faults) - MOST_TOLD:,} more of its cells are wrong"
            yield len(self.raw.frame), place, Problem(file=self.raw.file, column=name, what=what, fix=CORRECT_FIRST)


def _column_name(name: Hashable) -> str:
    return str(name).strip()


@frozen(kw_only=True)
class _Header:
    """The names of a table's columns in a file, against those that the schema knows."""

    file: str
    row: int
    table: Table
    names: list[str]

    def place(self, name: str) -> int | None:
        """Where a column stands; the first of two that have one name."""
        return self.names.index(name) if name in self.names else None

    def own(self) -> Iterator[tuple[str, int]]:
        """The columns that the study brought itself."""
        for name in dict.fromkeys(self.names):
            if self.table.column(name) is None:
                yield name, self.names.index(name)

    def problems(self) -> Iterator[Problem]:
        """Doubled, missing and misspelt names."""
        yield from self._doubled()
        absent = [column for column in self.table.columns if column.name not in self.names]
        meant = self._misspelt([column.name for column in absent])
        for column in absent:
            if column.required and column.name not in meant.values():
                yield self._missing(column)
        for name, column in meant.items():
            what = f"no column is called '{name}'; it may be '{column}'"
            fix = f"rename it to {column}"
            if column not in self.table.required:
                fix += f"; if it is a column of your own, add an empty column {column} beside it"
            yield self._problem(name, what, fix)

    def _problem(self, name: str, what: str, fix: str) -> Problem:
        return Problem(file=self.file, row=self.row, column=name, what=what, fix=fix)

    def _doubled(self) -> Iterator[Problem]:
        seen: dict[str, str] = {}
        for name in self.names:
            first = seen.get(name.casefold())
            if first is not None:
                what = f"the columns '{first}' and '{name}' differ by case only"
                what = f"the name '{name}' stands over two columns" if first == name else what
                yield self._problem(name, what, "rename or delete one of them")
            seen.setdefault(name.casefold(), name)

    def _misspelt(self, absent: list[str]) -> dict[str, str]:
        """Own columns that surely were meant to be a column that is not there, and which."""
        meant: dict[str, str] = {}
        for name, _ in self.own():
            near = misspelt(name, [column for column in absent if column not in meant.values()])
            if near is not None and is_variant(self.table, name) is None:
                meant[name] = near
        return meant

    def _missing(self, column: Column) -> Problem:
        near = nearest(column.name, [name for name, _ in self.own()])
        fix = f"add it ({', '.join(self.table.required)} are required)"
        if near is not None:
            fix = f"the column '{near}' may be '{column.name}': rename it, or {fix}"
        return self._problem(column.name, f"the column {column.name} is missing", fix)


def _own_column(cells: pd.Series) -> tuple[pd.Series, Faults]:
    if isinstance(cells.dtype, DiskTextDtype):
        return cells, []
    text, faults = _whole(text_of(cells))
    return text.astype("str"), faults


def _whole(text: pd.Series) -> tuple[pd.Series, Faults]:
    """Text without half characters, which no file can hold: they are reported and replaced."""
    if not _has_halves(text):
        return text, []
    faults: Faults = []
    mended: list[Any] = []
    for position, value in enumerate(text.astype(object)):
        whole = value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        if isinstance(whole, str) and whole != value:
            faults.append((position, ("the text holds half a character (a lone surrogate)", "delete it")))
        mended.append(whole)
    return pd.Series(mended, index=text.index, dtype="str"), faults


def _has_halves(text: pd.Series) -> bool:
    values = text.cat.categories if isinstance(text.dtype, pd.CategoricalDtype) else text
    if isinstance(values.dtype, pd.StringDtype) and values.dtype.storage == "pyarrow":
        return False  # Arrow holds text as UTF-8, which has none
    try:
        "".join(value for value in values.to_numpy(dtype=object) if isinstance(value, str)).encode()
    except UnicodeEncodeError:
        return True
    return False


def _parse_column(table: str, column: Column, cells: pd.Series, place: Place) -> tuple[pd.Series, Faults]:
    """Type one column of the schema and list its faults by position; ``place`` gives a position's file and row."""
    if isinstance(cells.dtype, DiskTextDtype):
        return cells, []
    text, faults = _whole(text_of(cells))
    if column.form is Form.TEXT and not column.many:
        return text.astype("str"), faults
    coded = _code(text, _tidy_list if column.many else str.strip)
    if column.form in (Form.INTEGER, Form.NUMBER):
        wrong = coded.faults(_judge_whole if column.form is Form.INTEGER else _judge_number)
        typed = _numbers(coded, wrong, whole=column.form is Form.INTEGER)
    elif column.form is Form.FLAG:
        wrong = coded.faults(_judge_flag)
        typed = _flags(coded, wrong)
    else:
        judge = _judge_of(table, column, coded)
        wrong = {} if judge is None else coded.faults(judge)
        typed = _words(coded, categories=is_coded(table, column.name))
        if column.form is Form.ID:
            faults = [*faults, *_duplicates(coded, place)]
    return typed, [*faults, *coded.spread(wrong)]


def _missing_column(table: str, column: Column, frame: pd.DataFrame) -> Any:
    """A column that the file does not have, with the type it would have."""
    rows = len(frame)
    if column.form is Form.TEXT and not column.many and DiskTextDtype.name in map(str, frame.dtypes):
        return DiskText.empty(rows)
    if column.form in (Form.INTEGER, Form.NUMBER, Form.FLAG):
        dtype = {Form.INTEGER: "Int64", Form.NUMBER: "Float64", Form.FLAG: "boolean"}[column.form]
        return pd.Series(pd.NA, index=pd.RangeIndex(rows), dtype=dtype)
    if is_coded(table, column.name):
        return pd.Categorical.from_codes(np.full(rows, -1, dtype=np.int8), categories=pd.Index([], dtype="str"))
    return pd.Series(np.nan, index=pd.RangeIndex(rows), dtype="str")


def _empty_cells(column: Column, typed: pd.Series, faults: Faults) -> Faults:
    """Cells of a required column that were left empty, and not only missing because of another fault."""
    said = {position for position, _ in faults}
    fix = f"fill in the {column.name}, or delete the row"
    empty = np.flatnonzero(typed.isna().to_numpy())
    return [(int(position), ("the cell is empty", fix)) for position in empty if int(position) not in said]


def _words(coded: _Coded, *, categories: bool) -> pd.Series:
    texts = pd.Index(coded.texts, dtype="str")
    category = pd.Series(pd.Categorical.from_codes(coded.codes, categories=texts))
    return category if categories else category.astype("str")


def _judge_of(table: str, column: Column, coded: _Coded) -> Judge | None:
    if column.form is Form.ID:
        # Ids may be as many as rows: one search in all of them together shows whether any needs a look.
        return _judge_id if _NOT_IN_IDS.search("".join(coded.texts)) else None
    if (table, column.name) == ("targets", "kind"):
        return _judge_target_kind
    return (lambda word: _judge_word(word, column.words)) if column.words else None


def _judge_id(text: str) -> Fault | None:
    if ";" in text:
        return f"the id '{text}' holds a semicolon, which separates the items of lists", "use another character"
    if _NOT_IN_IDS.search(text):
        return f"the id '{text}' holds a line break or a control character", "delete it"
    return None


def _judge_word(word: str, known: tuple[str, ...]) -> Fault | None:
    if word in known:
        return None
    words = ", ".join(known)
    near = nearest(word, known)
    return f"'{word}' is none of {words}", f"did you mean '{near}'?" if near else f"write one of {words}"


def _judge_target_kind(word: str) -> Fault | None:
    if word in RESERVED_KINDS:
        return f"'{word}' names something else in a study and can't be a kind of target", "use another word"
    return None


def _judge_flag(text: str) -> Fault | None:
    return None if text.casefold() in _FLAGS else (f"'{text}' is neither true nor false", "write true or false")


def _judge_number(text: str) -> Fault | None:
    if not _NUMBER.fullmatch(text):
        return _why_no_number(text)
    number = float(text)
    if number == float("inf"):
        return f"'{text}' is too large", "write a number below 1e308"
    if number < 0:
        return f"'{text}' is negative", "write a number of 0 or more"
    return None


def _judge_whole(text: str) -> Fault | None:
    fault = _judge_number(text)
    if fault is not None:
        return fault
    if not float(text).is_integer():
        return f"'{text}' is not a whole number", f"write a whole number, such as {round(float(text))}"
    return (f"'{text}' is too large", "write a smaller number") if float(text) > _LARGEST else None


def _why_no_number(text: str) -> Fault:
    if text.casefold() in _NO_NUMBERS:
        return f"'{text}' is no number", "leave the cell empty where the number is unknown"
    if _THOUSANDS.fullmatch(text) and not text.lstrip("+-").startswith("0"):
        plain = _BETWEEN_DIGITS.sub("", text)
        fix = f"write {plain}"
        if _DECIMAL_COMMA.fullmatch(text):
            fix += f", or {text.replace(',', '.')} if the comma stands before decimals"
        return f"'{text}' has something between its digits", fix
    if _DECIMAL_COMMA.fullmatch(text):
        return f"'{text}' has a decimal comma", f"write {text.replace(',', '.')}"
    return f"'{text}' is no number", "write digits, with a point before decimals, such as 12 or 0.5"


def _numbers(coded: _Coded, wrong: Mapping[int, Fault], *, whole: bool) -> pd.Series:
    values = [0 if code in wrong else _number(text, whole=whole) for code, text in enumerate(coded.texts)]
    mask = (coded.codes == -1) | np.isin(coded.codes, list(wrong))
    if whole:
        return pd.Series(pd.arrays.IntegerArray(np.array([*values, 0], dtype=np.int64)[coded.codes], mask))
    return pd.Series(pd.arrays.FloatingArray(np.array([*values, 0], dtype=np.float64)[coded.codes], mask))


def _number(text: str, *, whole: bool) -> float:
    if not whole:
        return float(text) + 0.0  # no negative zero
    return int(text) if text.lstrip("+-").isdigit() else int(float(text))


def _flags(coded: _Coded, wrong: Mapping[int, Fault]) -> pd.Series:
    table = np.array([*(_FLAGS.get(text.casefold(), False) for text in coded.texts), False])
    mask = (coded.codes == -1) | np.isin(coded.codes, list(wrong))
    return pd.Series(pd.arrays.BooleanArray(table[coded.codes] & ~mask, mask))


def _duplicates(coded: _Coded, place: Place) -> Faults:
    """Every row whose id stands in an earlier row, with the first such row."""
    first = np.full(len(coded.texts) + 1, -1, dtype=np.intp)
    order = np.arange(len(coded.codes))
    first[coded.codes[::-1]] = order[::-1]
    again = np.flatnonzero((coded.codes != -1) & (first[coded.codes] != order))
    faults: Faults = []
    for position in again:
        code = int(coded.codes[position])
        (file, _), (other, row) = place(int(position)), place(int(first[code]))
        where = f"row {row}" if other == file else f"row {row} of {other}"
        what = f"the id '{coded.texts[code]}' stands in {where} already"
        faults.append((int(position), (what, "give one of the two rows another id")))
    return faults
