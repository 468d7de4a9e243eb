"""The directive ``study-tables`` comes in; a section for each table of a study, taken from the schema, goes out.

The schema that checks a study is the one that is printed here, so the page cannot fall behind it.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from policygap import schema


class StudyTables(SphinxDirective):
    """Print every table of a study with its columns."""

    def run(self) -> list[nodes.Node]:
        """Parse the schema as if it stood on the page."""
        lines = "\n".join(line for table in schema.TABLES.values() for line in _section(table))
        return self.parse_text_to_nodes(lines, allow_section_headings=True)


def _section(table: schema.Table) -> list[str]:
    rows = [f"| {_name(column)} | {_holds(column)} |" for column in table.columns]
    return [f"## {table.name}", "", f"A row is {table.row}.", "", "| column | holds |", "|---|---|", *rows, ""]


def _name(column: schema.Column) -> str:
    return f"**{column.name}**" if column.required else column.name


def _holds(column: schema.Column) -> str:
    what = ": ".join(part for part in (_form(column), column.note) if part)
    return f"{what}; may have language variants" if column.varies else what


def _form(column: schema.Column) -> str:
    if column.refers:
        ids = f"{'ids' if column.many else 'an id'} from {' or '.join(column.refers)}"
        return f"{ids}, separated by `;`" if column.many else ids
    if column.words:
        return "one of " + ", ".join(f"`{word}`" for word in column.words)
    if column.many:
        return "texts, separated by `;`"
    return _FORMS[column.form]


_FORMS = {
    schema.Form.ID: "an id, unique in the table",
    schema.Form.REF: "an id",
    schema.Form.WORD: "a word",
    schema.Form.TEXT: "text",
    schema.Form.INTEGER: "a whole number, 0 or more",
    schema.Form.NUMBER: "a number, 0 or more",
    schema.Form.FLAG: "`true` or `false`",
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directive known."""
    app.add_directive("study-tables", StudyTables)
    return {"parallel_read_safe": True}
