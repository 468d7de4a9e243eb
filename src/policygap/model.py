"""A study's nouns: rows of its small tables come in, frozen records go out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import pandas as pd
from attrs import field, fields_dict, frozen

__all__ = ["Actor", "Claim", "Code", "Group", "Question", "Response", "Source", "StatedCount"]


def _split(text: object) -> tuple[str, ...]:
    if isinstance(text, str):
        return tuple(item for item in (part.strip() for part in text.split(";")) if item)
    return () if text is None or text is pd.NA else tuple(text)  # type: ignore[arg-type]  # an iterable of text


@frozen(kw_only=True)
class Record:
    """A row of a noun table. ``extra`` holds its language variants and the columns that the study brought itself."""

    extra: Mapping[str, str | None] = field(factory=dict, hash=False, repr=False)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Make a record of one row; missing cells become ``None`` and unknown columns go to ``extra``."""
        known = fields_dict(cls)
        cells = {name: None if _is_missing(value) else value for name, value in row.items()}
        named = {name: value for name, value in cells.items() if name in known and name != "extra"}
        return cls(**named, extra={name: value for name, value in cells.items() if name not in named})

    def in_language(self, name: str, language: str) -> str | None:
        """The text of a field in a language, else the field itself.

        Examples
        --------
        >>> theme = Code(id="t", kind="theme", label="Housing", extra={"label_nb": "Bolig"})
        >>> theme.in_language("label", "nb"), theme.in_language("label", "fr")
        ('Bolig', 'Housing')
        """
        variant = self.extra.get(f"{name}_{language}")
        return variant if variant else getattr(self, name)


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


@frozen(kw_only=True)
class Source(Record):
    """A document: a submission, a strategy, a research report, or a synthesis of others."""

    id: str
    title: str
    kind: str | None = None
    publisher: str | None = None
    year: int | None = None
    language: str | None = None
    url: str | None = None


@frozen(kw_only=True)
class Group(Record):
    """An actor group; one with groups under it is an umbrella."""

    id: str
    label: str
    parent: str | None = None
    population: float | None = None
    population_source: str | None = None


@frozen(kw_only=True)
class Actor(Record):
    """One who speaks, in a group."""

    id: str
    label: str
    group: str
    region: str | None = None
    identification: str | None = None
    aliases: tuple[str, ...] = field(default=(), converter=_split)


@frozen(kw_only=True)
class Question(Record):
    """A question of the consultation and the codes that its wording names (``prompts``)."""

    id: str
    label: str
    parent: str | None = None
    prompts: tuple[str, ...] = field(default=(), converter=_split)


@frozen(kw_only=True)
class Code(Record):
    """A theme (its ``kind`` is ``theme``) or a target (``focus_area``, ``recommendation`` or the study's own)."""

    id: str
    kind: str
    label: str
    definition: str | None = None
    type: str | None = None
    source: str | None = None
    parent: str | None = None

    @property
    def is_theme(self) -> bool:
        """Whether it stands on the graph's left side."""
        return self.kind == "theme"


@frozen(kw_only=True)
class Response(Record):
    """How the policy answers a theme or a recommendation, by one source."""

    subject: str
    presence: str | None = None
    emphasis: str | None = None
    commitment: str | None = None
    source: str | None = None
    locator: str | None = None
    basis: str | None = None
    note: str | None = None


@frozen(kw_only=True)
class StatedCount(Record):
    """A number that a source states about a group or the whole (``all``)."""

    subject: str
    count: float
    unit: str | None = None
    source: str | None = None
    locator: str | None = None


@frozen(kw_only=True)
class Claim(Record):
    """A conclusion that a source itself draws, with a checkable assertion where one can be written."""

    id: str
    text: str
    source: str | None = None
    locator: str | None = None
    scope: str | None = None
    assertion: str | None = None
