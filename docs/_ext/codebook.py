"""The directive ``codebook`` with a study's id comes in; its themes and targets with their definitions go out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from policygap import Code, read_study


class Codebook(SphinxDirective):
    """Print a bundled study's codebook, a section for each kind of code."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse the codebook as if it stood on the page."""
        study = read_study(self.arguments[0])
        kinds = {"theme": study.themes}
        kinds |= {kind: tuple(code for code in study.targets if code.kind == kind) for kind in study.target_kinds}
        lines = "\n".join(line for kind, codes in kinds.items() for line in _section(kind, codes))
        return self.parse_text_to_nodes(lines, allow_section_headings=True)


def _section(kind: str, codes: tuple[Code, ...]) -> Iterator[str]:
    yield from (f"## Codes of the kind {kind}", "")
    for code in codes:
        type_of = f" ({code.type})" if code.type else ""
        yield from (f"`{code.id}` {code.label}{type_of}", f": {code.definition}", "")
        yield from (f"  *{code.extra['label_nb']}.* {code.extra['definition_nb']}", "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directive known."""
    app.add_directive("codebook", Codebook)
    return {"parallel_read_safe": True}
