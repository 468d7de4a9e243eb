"""A study and a language come in; everything that a report says, gathered once, goes out. Nothing is rendered here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd
from attrs import frozen

from ..choices import Choices, choose
from ..claims import check_claims
from ..coverage import Coverage, measure_coverage
from ..gaps import Gap, find_gaps
from ..matrices import Matrix, build_matrix
from ..sides import compare_sides
from ..study import Study
from ..tracing import find_conflicts, list_speakers

__all__ = ["LEADING", "Content", "gather_content"]

LEADING = ("unmet_call", "weakly_met", "no_answer_found", "excluded")
"""The classes of themes that a report leads with, in order."""


@frozen(kw_only=True, eq=False)
class Content:
    """What a report says.

    Attributes
    ----------
    study, language, choices, coverage, gaps, sides, claims, speakers, conflicts
        As the functions of those names give them.
    matrices
        By kind of target, the themes against it, in distinct speakers (or links).
    """

    study: Study
    language: str
    choices: Choices
    coverage: Coverage
    gaps: tuple[Gap, ...]
    sides: pd.DataFrame
    claims: pd.DataFrame
    speakers: pd.DataFrame
    conflicts: pd.DataFrame
    matrices: Mapping[str, Matrix]

    def gaps_of(self, table: str, kind: str | None = None) -> tuple[Gap, ...]:
        """The gaps that a table decided, of one outcome if named."""
        return tuple(gap for gap in self.gaps if gap.table == table and kind in (None, gap.kind))

    def kinds(self, table: str) -> tuple[str, ...]:
        """The outcomes of a table that codes were given, in the order of the gaps; leading classes first."""
        found = tuple(dict.fromkeys(gap.kind for gap in self.gaps if gap.table == table))
        return tuple(sorted(found, key=lambda kind: LEADING.index(kind) if kind in LEADING else len(LEADING)))

    def calling_groups(self, gap: Gap) -> tuple[tuple[str, int], ...]:
        """How many speakers of each actor group stand behind a gap, most first; a group speaking as one is its own."""
        frame = self.study.statements
        speakers = frame.loc[frame["id"].isin(gap.statements), "speaker"].astype(object).unique()
        group_of = {actor.id: actor.group for actor in self.study.actors}
        counts = Counter(str(group_of.get(name, name)) for name in speakers)
        return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def callers(self, gap: Gap) -> str:
        """The groups behind a gap in words: ``County councils (4), Municipalities (1)``."""
        label = {group.id: self.label(group) for group in self.study.groups}
        return ", ".join(f"{label.get(name, name)} ({count})" for name, count in self.calling_groups(gap))

    def label(self, record: Any) -> str:
        """A record's label in the report's language, else in its own."""
        return str(record.in_language("label", self.language))


def gather_content(study: Study, language: str = "en", choices: Choices | None = None, **options: Any) -> Content:
    """Gather what a report says.

    Parameters
    ----------
    study
        The study.
    language
        Of labels and sentences: ``en`` or ``nb``.
    choices, **options
        How to count: see :class:`policygap.choices.Choices`.

    Examples
    --------
    >>> import policygap as pg
    >>> content = gather_content(pg.read_study("smabystrategi"))
    >>> content.kinds("theme")[0] in LEADING
    True
    """
    chosen = choose(choices, options)
    coverage = measure_coverage(study, chosen)
    values = "links" if study.statements.empty else "speakers"
    return Content(
        study=study,
        language=language,
        choices=chosen,
        coverage=coverage,
        gaps=find_gaps(coverage),
        sides=compare_sides(study, chosen),
        claims=check_claims(study, chosen),
        speakers=list_speakers(study, chosen),
        conflicts=find_conflicts(study, chosen),
        matrices={kind: build_matrix(study, "theme", kind, values, chosen) for kind in study.target_kinds},
    )
