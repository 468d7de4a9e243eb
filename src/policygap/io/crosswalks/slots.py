"""What SSSOM (1.1) calls things; a list of texts in one cell comes in and its items go out, or the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["OURS", "PASSED_DOWN", "RELATION_OF", "SLOTS", "is_term", "join", "local_name", "split"]

OURS: Final = "urn:policygap:"
RELATION_OF: Final = {
    **dict.fromkeys(("exactMatch", "equivalentClass", "equivalentProperty", "sameAs"), "equal"),
    **dict.fromkeys(("broadMatch", "broader", "subClassOf", "subPropertyOf"), "subset"),
    **dict.fromkeys(("narrowMatch", "narrower", "superClassOf"), "superset"),
    **dict.fromkeys(("closeMatch", "relatedMatch", "related", "seeAlso", "hasDbXref"), "intersects"),
    **dict.fromkeys(("disjointWith", "propertyDisjointWith"), "none"),
}
# Slots that a set may give once for all of its mappings: those that the schema marks as propagated.
PASSED_DOWN: Final = (
    "subject_type", "subject_source", "subject_source_version", "predicate_type", "object_type", "object_source",
    "object_source_version", "mapping_provider", "cardinality_scope", "mapping_tool", "mapping_tool_id",
    "mapping_tool_version", "mapping_date", "subject_match_field", "object_match_field", "subject_preprocessing",
    "object_preprocessing", "similarity_measure", "curation_rule", "curation_rule_text",
)  # fmt: skip
# The slots of a mapping, in the order of the standard.
SLOTS: Final = (
    "record_id", "subject_id", "subject_label", "subject_category", "predicate_id", "predicate_label",
    "predicate_modifier", "object_id", "object_label", "object_category", "mapping_justification", "author_id",
    "author_label", "reviewer_id", "reviewer_label", "creator_id", "creator_label", "license", "subject_type",
    "subject_source", "subject_source_version", "object_type", "object_source", "object_source_version",
    "predicate_type", "mapping_provider", "mapping_source", "mapping_cardinality", "cardinality_scope", "mapping_tool",
    "mapping_tool_id", "mapping_tool_version", "mapping_date", "publication_date", "review_date", "confidence",
    "reviewer_agreement", "curation_rule", "curation_rule_text", "subject_match_field", "object_match_field",
    "match_string", "subject_preprocessing", "object_preprocessing", "similarity_score", "similarity_measure",
    "see_also", "issue_tracker_item", "other", "comment",
)  # fmt: skip
_NO_TERM: Final = "NoTermFound"
_ITEM: Final = re.compile(r"(?:[^|\\]|\\.|\\$)+", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\([\\|])")


def local_name(reference: str) -> str:
    """The last part of an address or of a short form of one.

    Examples
    --------
    >>> local_name("skos:exactMatch"), local_name("http://www.w3.org/2004/02/skos/core#exactMatch")
    ('exactMatch', 'exactMatch')
    """
    return reference.rpartition("#")[2].rpartition("/")[2].rpartition(":")[2]


def is_term(reference: str) -> bool:
    """Whether something was found, and not ``sssom:NoTermFound``."""
    return local_name(reference) != _NO_TERM


def split(cell: str) -> list[str]:
    r"""The items of a cell: between bars, but for a bar after a backslash.

    Examples
    --------
    >>> split(r"Ann\|Bo|Cy")
    ['Ann|Bo', 'Cy']
    """
    return [item for found in _ITEM.findall(cell) if (item := _ESCAPED.sub(r"\1", found).strip())]


def join(items: Iterable[str]) -> str:
    r"""One cell of items.

    Examples
    --------
    >>> print(join(["Ann|Bo", "Cy"]))
    Ann\|Bo|Cy
    """
    return "|".join(item.replace("\\", "\\\\").replace("|", "\\|") for item in items)
