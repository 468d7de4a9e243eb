"""A frame of touches, and what it is to be measured with, come in; all that is wrong with them goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import narwhals as nw
import pandas as pd
from attrs import evolve

from .codelist import CodeList
from .crosstabs import column_problems
from .errors import Problem
from .exact import LARGEST
from .spelling import suggest
from .units import as_weight
from .unitsums import MOST_CODES, is_blank

__all__ = ["find_argument_problems", "find_column_problems", "find_seen_problems"]

Frame = nw.DataFrame[Any] | nw.LazyFrame[Any]

Pair = tuple[str, str]

_WHOLE: Final = (nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64)
_TEXTS: Final = (nw.String, nw.Categorical, nw.Enum, nw.Object, *_WHOLE)  # ids may be numbers
_FLAGS: Final = (nw.Boolean, nw.Object)
_NAMED: Final = 20  # codes in one message


def find_argument_problems(
    kind: str | None, assessed: Any, benchmark: Any, counting: Any, *, unlisted: bool
) -> list[Problem]:
    """What is wrong with the arguments, apart from the frame and the codebook.

    Examples
    --------
    >>> print(*find_argument_problems("kind", None, "equal", "whole", unlisted=True))
    counting: 'whole' is not known; use 'fractional' or 'full'
    """
    problems: list[Problem] = []
    if counting not in ("fractional", "full"):
        what, fix = f"'{counting}' is not known", "use 'fractional' or 'full'"
        problems.append(Problem(file="counting", what=what, fix=fix))
    if not (isinstance(benchmark, Mapping | pd.Series) or (isinstance(benchmark, str) and benchmark == "equal")):
        fix = "use 'equal' or a mapping from target to number"
        problems.append(Problem(file="benchmark", what=f"'{benchmark}' is not known", fix=fix))
    if kind is None and assessed is None:
        what = "without a column of kinds nothing says who was assessed for what"
        problems.append(Problem(file="kind", what=what, fix="name the column, or give assessed"))
    if kind is None and unlisted:
        what = "without a column of kinds the codebook has to say of what kind a code is"
        problems.append(Problem(file="kind", what=what, fix="name the column, or give a codebook"))
    if assessed is not None and not isinstance(assessed, Mapping):
        fix = "map each kind to the number of units that were assessed for it"
        problems.append(Problem(file="assessed", what=f"'{assessed}' is no mapping", fix=fix))
        return problems
    for name, number in (assessed or {}).items():
        if not 0 < as_weight(number) <= LARGEST:
            what = f"{name}: {number!r} is no number above 0, or beyond {LARGEST:g}"
            fix = "give the number of units, and leave out a kind that nobody was assessed for"
            problems.append(Problem(file="assessed", what=what, fix=fix))
    return problems


def find_column_problems(table: Frame, names: Mapping[str, str | None]) -> list[Problem]:
    """Which columns are missing, or hold something else than they should.

    Examples
    --------
    >>> table = nw.from_native(pd.DataFrame({"speaker": ["s"], "code": ["A"], "kind": [1.5], "call": [True]}))
    >>> names = {"unit": "speaker", "code": "code", "kind": "kind", "call": "call", "weight": None}
    >>> print(*find_column_problems(table, names))
    frame, column kind: codes and kinds have to be text; name a column of text, or make it one
    """
    weight, call = names["weight"], names["call"]
    problems = column_problems(table, [name for name in names.values() if name is not None], weight)
    schema = table.collect_schema()
    if names["code"] not in schema and {"theme", "target"} <= {*schema}:
        fix = (
            "evidence lacks what was looked at in vain: take list_touches; or name its column, and say who was assessed"
        )
        problems = [evolve(one, fix=fix) if one.column == names["code"] else one for one in problems]
    for name in (names["code"], names["kind"]):
        if name is not None and name in schema and not _holds_one_of(_TEXTS, table, name):
            fix = "name a column of text, or make it one"
            problems.append(Problem(file="frame", column=name, what="codes and kinds have to be text", fix=fix))
    if call is not None and call in schema and not _holds_one_of(_FLAGS, table, call):
        fix = "make it true or false, or leave it out with call=None"
        problems.append(Problem(file="frame", column=call, what="calls have to be true or false", fix=fix))
    return problems


def _holds_one_of(dtypes: Iterable[Any], table: Frame, name: str) -> bool:
    dtype = table.collect_schema()[name]
    return any(dtype == one for one in dtypes) or is_blank(table, name)


def find_seen_problems(
    seen: Mapping[Pair, int], codes: CodeList, names: Mapping[str, str | None], assessed: Mapping[str, float] | None
) -> list[Problem]:
    """What of the codes and kinds that a frame holds does not fit the codebook, or who was assessed.

    Examples
    --------
    >>> from policygap.codelist import list_codes
    >>> codes, _ = list_codes([{"id": "A", "kind": "area"}])
    >>> print(*find_seen_problems({("area", "a"): 3}, codes, {"code": "code", "kind": "kind"}, None))
    frame, column code: there is no code 'a' in the codebook (3 rows); did you mean 'A'?
    """
    code, kind = names["code"], names["kind"]
    if len(seen) > MOST_CODES:
        what, fix = f"there are more than {MOST_CODES} different values", "name the column of codes"
        return [Problem(file="frame", column=code, what=what, fix=fix)]
    kinds = dict.fromkeys(["theme", *codes.kinds.values()])
    unknown_kinds, unknown_codes, others = Counter[str](), Counter[str](), Counter[Pair]()
    for (of_row, name), rows in seen.items():
        if kind is not None and of_row not in kinds:
            unknown_kinds[of_row] += rows
        if name and name not in codes.kinds:
            unknown_codes[name] += rows
        elif name and kind is not None and of_row and of_row != codes.kinds[name]:
            others[of_row, name] += rows
    problems = [_unknown(kind, "kind", name, rows, kinds) for name, rows in sorted(unknown_kinds.items())]
    problems += [_unknown(code, "code", name, rows, codes.kinds) for name, rows in sorted(unknown_codes.items())]
    for (of_row, name), rows in sorted(others.items()):
        what = f"'{name}' has the kind '{of_row}' in {rows} rows, and is a {codes.kinds[name]}"
        problems.append(Problem(file="frame", column=kind, what=what, fix="give each code one kind"))
    needed = dict.fromkeys(codes.kinds[name] for _, name in seen if name in codes.kinds) if kind is None else ()
    lacking = [name for name in needed if name not in (assessed or {})]
    problems += [
        Problem(file="assessed", what=f"it lacks the kind '{name}', which the frame has codes of", fix="add its number")
        for name in lacking
    ]
    problems += [
        Problem(file="assessed", what=f"there is no kind '{name}'", fix=suggest(name, kinds, otherwise=_one_of(kinds)))
        for name in map(str, assessed or {})
        if name not in kinds
    ]
    return _shortened(problems)


def _unknown(column: str | None, what: str, name: str, rows: int, known: Iterable[str]) -> Problem:
    said = f"there is no {what} '{name}' in the codebook ({rows} rows)" if name else f"{rows} rows have no {what}"
    return Problem(file="frame", column=column, what=said, fix=suggest(name, known, otherwise=_one_of(list(known))))


def _one_of(names: Iterable[str]) -> str:
    every = list(names)
    more = f", or one of {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return f"use one of {', '.join(every[:_NAMED])}{more}" if every else "leave it out"


def _shortened(problems: list[Problem]) -> list[Problem]:
    if len(problems) <= _NAMED:
        return problems
    rest = len(problems) - _NAMED
    return [*problems[:_NAMED], Problem(file="frame", what=f"and {rest} more of that sort", fix="mend these first")]
