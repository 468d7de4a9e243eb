"""A study, a frame or a list comes in; the codes to be measured, with their kinds and parents, go out as one record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

import narwhals as nw
from attrs import evolve, frozen

from .engines import naming_engine_errors
from .errors import Problem
from .model import Code
from .spelling import suggest
from .study import Study

__all__ = ["CodeList", "list_codes", "list_seen"]

_NAMES: Final = ("id", "kind", "parent", "label")


@frozen(kw_only=True, slots=False)
class CodeList:
    """Codes in an order; a parent is one of the same kind.

    Attributes
    ----------
    codes
        The codes.
    complete
        Whether codes that nobody touches are among them.
    """

    codes: tuple[Code, ...]
    complete: bool = True

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of each code."""
        return {code.id: code.kind for code in self.codes}

    @cached_property
    def parents(self) -> dict[str, str]:
        """The parent of each code that has one."""
        return {code.id: code.parent for code in self.codes if code.parent}


def list_codes(given: Any) -> tuple[CodeList, list[Problem]]:
    """List the codes of a study, of a frame, or of a list of codes or of mappings, and what is wrong with them.

    Parameters
    ----------
    given
        What has an ``id`` and a ``kind`` for each code, and may have a ``parent`` and a ``label``.

    Examples
    --------
    >>> codes, problems = list_codes([{"id": "a", "kind": "theme"}, {"id": "X", "kind": "area", "parent": "Y"}])
    >>> [code.id for code in codes.codes]
    ['a', 'X']
    >>> print(*problems)
    codebook, row 2: 'X' has the parent 'Y', which is no code; add it, or leave the parent out
    """
    if isinstance(given, Study):
        return _of(list(given.codes)), []
    rows = _rows(given)
    if rows is None:
        fix = "give a study, a frame with id, kind and parent, or a list of codes"
        return CodeList(codes=()), [Problem(file="codebook", what=f"a {type(given).__name__} is none", fix=fix)]
    codes: dict[int, Code] = {}
    problems: list[Problem] = []
    for number, row in enumerate(rows, start=1):
        texts = {name: _text(row.get(name)) for name in _NAMES}
        lacking = [name for name in ("id", "kind") if not texts[name]]
        if lacking:
            what = f"a code has no {' and no '.join(lacking)}"
            problems.append(Problem(file="codebook", row=number, what=what, fix="give each code an id and a kind"))
        else:
            label = texts["label"] or texts["id"]
            codes[number] = Code.from_row(texts | {"label": label})
    return _of(list(codes.values())), problems + _wrong(codes)


def list_seen(pairs: Iterable[tuple[str, str]]) -> CodeList:
    """The codes that were seen, given as kind and id: themes first, then by kind and id.

    Examples
    --------
    >>> [code.id for code in list_seen([("area", "X"), ("theme", "a"), ("theme", "")]).codes]
    ['a', 'X']
    """
    order = sorted({pair for pair in pairs if pair[1]}, key=lambda pair: (pair[0] != "theme", *pair))
    return CodeList(codes=tuple(Code(id=name, kind=kind, label=name) for kind, name in order), complete=False)


def _of(codes: list[Code]) -> CodeList:
    kinds = {code.id: code.kind for code in codes}
    same = (
        code if code.parent and kinds.get(code.parent) == code.kind else evolve(code, parent=None) for code in codes
    )
    return CodeList(codes=tuple(same))


def _rows(given: Any) -> list[Mapping[str, Any]] | None:
    if not isinstance(given, (list, tuple)):
        try:
            table = nw.from_native(given)
        except TypeError:
            return None
        with naming_engine_errors(table, _NAMES):
            return list(table.lazy().collect().iter_rows(named=True))
    rows: list[Mapping[str, Any]] = []
    for row in given:  # pyright: ignore[reportUnknownVariableType]  # a list of anything
        if isinstance(row, Code):
            rows.append({name: getattr(row, name) for name in _NAMES})
        elif isinstance(row, Mapping):
            rows.append(row)  # pyright: ignore[reportUnknownArgumentType]  # a mapping of anything
        else:
            return None
    return rows


def _text(cell: Any) -> str | None:
    missing = cell is None or cell != cell or str(cell) in ("", "<NA>")  # noqa: PLR0124  # NaN is unequal to itself
    return None if missing else str(cell)


def _wrong(codes: Mapping[int, Code]) -> list[Problem]:
    """Ids that come twice, parents that are no codes, and codes that stand under themselves."""
    problems: list[Problem] = []
    parents = {code.id: code.parent for code in codes.values()}
    seen: set[str] = set()
    for number, code in codes.items():
        if code.id in seen:
            what, fix = f"'{code.id}' comes twice", "give each code an id of its own"
            problems.append(Problem(file="codebook", row=number, what=what, fix=fix))
        seen.add(code.id)
        if code.parent and code.parent not in parents:
            what = f"'{code.id}' has the parent '{code.parent}', which is no code"
            fix = suggest(code.parent, parents, otherwise="add it, or leave the parent out")
            problems.append(Problem(file="codebook", row=number, what=what, fix=fix))
        above, steps = parents.get(code.id), 0
        while above and above != code.id and steps <= len(parents):
            above, steps = parents.get(above), steps + 1
        if above == code.id:
            what, fix = f"'{code.id}' stands under itself", "leave one of the parents out"
            problems.append(Problem(file="codebook", row=number, what=what, fix=fix))
    return problems
