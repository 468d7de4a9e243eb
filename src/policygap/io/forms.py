"""Sheets to be filled in by people come in; a workbook with drop-down lists, notes and room to write goes out.

What is read stands as text that no program takes for a formula; what is to be filled in has another colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any, Final

from attrs import field, frozen

from ..errors import Problem, UsageError
from ..escaping import clip, for_html, is_formula
from .excel import CREATED, MOST_CHARACTERS, MOST_ROWS, require_excel

__all__ = ["Field", "Form", "shown", "write_forms"]

_MOST_SHOWN: Final = MOST_CHARACTERS // 2  # characters beyond the first plane count twice
_LONGEST_NOTE: Final = 250  # characters of a note that Excel shows beside a cell
_A4: Final = 9
_LINE_HEIGHT, _TALLEST = 15.5, 320.0


@frozen(kw_only=True)
class Field:
    """A column of a form.

    Attributes
    ----------
    name
        Its heading.
    width
        In characters.
    note
        What is told beside its cells; empty: nothing.
    fill
        Whether people are to write there.
    choices
        The words of its drop-down list: a few words, or the name of a sheet whose first column holds them.
    """

    name: str
    width: float = 14
    note: str = ""
    fill: bool = False
    choices: Sequence[str] | str = ()


@frozen(kw_only=True)
class Form:
    """A sheet: its fields, and its rows, a cell for each field (``None``: empty)."""

    name: str
    fields: tuple[Field, ...] = field(converter=tuple)
    rows: Sequence[Sequence[str | None]]


def shown(text: str) -> str:
    r"""A text as a form's cell holds it: what can't be seen is left out, and what is too long is cut.

    Examples
    --------
    >>> shown("a\x00b\u202ec"), len(shown("long " * 10_000))
    ('abc', 16383)
    """
    return clip(for_html(text), _MOST_SHOWN)


def write_forms(stream: IO[bytes], forms: Sequence[Form], *, title: str = "") -> None:
    """Write forms as the sheets of a workbook.

    Parameters
    ----------
    stream
        Where the bytes go; the same forms give the same bytes.
    forms
        The sheets, in order.
    title
        Of the workbook.

    Raises
    ------
    UsageError
        Where a form has more rows than a sheet, or the extra ``excel`` is not installed.
    """
    problems = [
        Problem(
            file=form.name,
            what=f"{len(form.rows):,} rows are more than a sheet holds ({MOST_ROWS:,})",
            fix="write a part of them",
        )
        for form in forms
        if len(form.rows) >= MOST_ROWS
    ]
    if problems:
        raise UsageError(problems)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with require_excel().Workbook(stream, options) as book:
        book.set_properties({"title": clip(for_html(title), 200), "created": CREATED})
        formats = {name: book.add_format(form) for name, form in _FORMATS.items()}
        sizes = {form.name: len(form.rows) for form in forms}
        for form in forms:
            _write(book.add_worksheet(form.name), form, formats, sizes)


_BASE: Final = {"font_name": "Calibri", "valign": "top", "text_wrap": True, "num_format": "@"}
_FILL: Final = {**_BASE, "bg_color": "#FFF8E1", "border": 1, "border_color": "#D9CFB0"}
_FORMATS: Final[Mapping[str, Mapping[str, Any]]] = {
    "head": {**_BASE, "bold": True, "bottom": 2},
    "text": _BASE,
    "quoted": {**_BASE, "quote_prefix": True},
    "fill": _FILL,
    "quoted_fill": {**_FILL, "quote_prefix": True},
}


def _write(sheet: Any, form: Form, formats: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_paper(_A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    for place, column in enumerate(form.fields):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.name, formats["head"])
        if form.rows:
            _validate(sheet, place, column, len(form.rows), sizes)
    for number, cells in enumerate(form.rows, start=1):
        lines = 1
        for place, (cell, column) in enumerate(zip(cells, form.fields, strict=True)):
            fill = "fill" if column.fill else "text"
            if cell is None:
                if column.fill:
                    sheet.write_blank(number, place, None, formats["fill"])
                continue
            text = shown(cell)
            quoted = "quoted_fill" if column.fill else "quoted"
            sheet.write_string(number, place, text, formats[quoted if is_formula(text) else fill])
            lines = max(lines, sum(1 + int(len(line) // column.width) for line in text.split("\n")))
        if lines > 1:
            sheet.set_row(number, min(_LINE_HEIGHT * lines, _TALLEST))
    if form.rows:
        sheet.autofilter(0, 0, len(form.rows), len(form.fields) - 1)


def _validate(sheet: Any, place: int, column: Field, rows: int, sizes: Mapping[str, int]) -> None:
    options: dict[str, Any] = {"validate": "any"}
    if isinstance(column.choices, str):
        options = {"validate": "list", "source": f"='{column.choices}'!$A$2:$A${sizes[column.choices] + 1}"}
    elif column.choices:
        options = {"validate": "list", "source": list(column.choices)}
    if column.note:
        options |= {"input_title": column.name[:32], "input_message": column.note[:_LONGEST_NOTE]}
    if len(options) > 1:
        sheet.data_validation(1, place, rows, place, options)
