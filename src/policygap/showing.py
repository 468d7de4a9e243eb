"""A caption, headings and rows come in; a table as a notebook shows it goes out, with every text in it escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from .escaping import flat, for_html

__all__ = ["to_html_table"]

_MOST = 200  # rows that a notebook shows
_SHADE = "98, 165, 207"


def to_html_table(
    caption: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    shades: Sequence[Sequence[float]] | None = None,
) -> str:
    """Write a table as HTML.

    Parameters
    ----------
    caption, headings, rows
        What it holds; the first cell of each row names it. Of more than 200 rows the first 200 are shown.
    shades
        For each row and each cell after its first, how dark it is, between 0 and 1.

    Examples
    --------
    >>> print(to_html_table("Codes", ["id", "label"], [["t", "<b>"]]))
    <table><caption>Codes</caption><thead><tr><th>id</th><th>label</th></tr></thead><tbody>
    <tr><th>t</th><td>&lt;b&gt;</td></tr>
    </tbody></table>
    """
    every = list(rows)
    head = "".join(f"<th>{_text(heading)}</th>" for heading in headings)
    body = "\n".join(
        _row(row, shades[place] if shades is not None else None) for place, row in enumerate(every[:_MOST])
    )
    more = f"<p>{len(every) - _MOST} more rows</p>" if len(every) > _MOST else ""
    table = f"<table><caption>{_text(caption)}</caption><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"
    return table + more


def _row(row: Sequence[object], shades: Sequence[float] | None) -> str:
    cells = [f"<th>{_text(row[0])}</th>"]
    for place, value in enumerate(row[1:]):
        shade = 0.0 if shades is None else shades[place]
        style = f' style="background: rgba({_SHADE}, {shade:.2f})"' if shade else ""
        cells.append(f"<td{style}>{_text(value)}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _text(value: object) -> str:
    value = flat(value)
    if value is None:
        return ""
    return escape(for_html(f"{value:.2f}" if isinstance(value, float) else str(value)))
