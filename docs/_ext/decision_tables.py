"""The directive ``decision-table`` with a name comes in; that built-in table, row by row, goes out.

The table that decides is the one that is printed here, so the page cannot fall behind it.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from policygap import decisions


class PrintedTable(SphinxDirective):
    """Print a built-in decision table with the bands of its numbers."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse the table as if it stood on the page."""
        table = decisions.built_in_table(self.arguments[0])
        return self.parse_text_to_nodes("\n".join([*_bands(table), *_rows(table), *_gaps(table)]))


def _bands(table: decisions.DecisionTable) -> list[str]:
    lines: list[str] = []
    for item in table.inputs:
        if item.bands:
            bands = ", ".join(f"`{band.name}` ({_edge(band)})" for band in item.bands)
            lines += [f"Bands of {item.name}, each beginning where the one before ends: {bands}.", ""]
    return lines


def _edge(band: decisions.Band) -> str:
    if band.below is not None:
        return f"under {band.below}"
    return f"up to and with {band.upto}" if band.upto is not None else "the rest"


def _rows(table: decisions.DecisionTable) -> list[str]:
    names = [item.name for item in table.inputs]
    lines = [f"| row | {' | '.join(names)} | outcome | why |", "|---" * (len(names) + 3) + "|"]
    for number, row in enumerate(table.rows, start=1):
        cells = [", ".join(row.when[name]) if name in row.when else "any" for name in names]
        lines.append(f"| {number} | {' | '.join(cells)} | `{row.outcome}` | {row.note} |")
    return [*lines, ""]


def _gaps(table: decisions.DecisionTable) -> list[str]:
    named = ", ".join(f"`{outcome}`" for outcome in table.gaps)
    return [f"Outcomes that are reported as gaps, in this order: {named}.", ""] if named else []


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directive known."""
    app.add_directive("decision-table", PrintedTable)
    return {"parallel_read_safe": True}
