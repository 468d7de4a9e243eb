"""The directives ``codebook`` and ``quotes`` with a study's id come in; its codes and its typical statements go out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from policygap import Code, read_study, select_quotes


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


class Quotes(SphinxDirective):
    """Print three typical statements for each theme of a bundled study."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Set the themes as a list of terms, with their statements beneath."""
        study = read_study(self.arguments[0])
        speakers = {speaker.id: speaker.label for speaker in (*study.actors, *study.groups)}
        themes = nodes.definition_list()
        for theme in study.themes:
            said = nodes.bullet_list()
            for quote in select_quotes(study, theme=theme.id, n=3).itertuples():
                source = f" ({speakers[quote.speaker]}, {quote.locator}; {quote.statement})"
                said += nodes.list_item("", nodes.paragraph("", "", nodes.Text(quote.text), nodes.emphasis("", source)))
            term = nodes.term("", "", nodes.Text(theme.label))
            themes += nodes.definition_list_item("", term, nodes.definition("", said))
        return [themes]


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directives known."""
    app.add_directive("codebook", Codebook)
    app.add_directive("quotes", Quotes)
    return {"parallel_read_safe": True}
