"""A study and a language come in; everything that a report says, gathered once, goes out. Nothing is rendered here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from attrs import frozen

from ..choices import Choices, choose
from ..claims import check_claims
from ..coverage import Coverage, measure_coverage
from ..gaps import Gap, find_gaps
from ..ids import find_rows
from ..matrices import Matrix, build_matrix
from ..messages import names, say, word
from ..prompting import compare_prompted
from ..robustness import Robustness, measure_robustness
from ..sides import compare_sides
from ..stability import leave_one_out
from ..study import Study
from ..tracing import find_conflicts, list_speakers
from ..uncertainty import Bootstrap, bootstrap

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
    ranges
        As :func:`policygap.stability.leave_one_out` gives it.
    prompted
        As :func:`policygap.prompting.compare_prompted` gives it.
    by_group
        The coverage of each actor group; ``None`` where units have no groups.
    drawn
        As :func:`policygap.uncertainty.bootstrap` gives it.
    robustness
        As :func:`policygap.robustness.measure_robustness` gives it; ``None`` where it was not asked for.
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
    ranges: pd.DataFrame
    prompted: pd.DataFrame
    by_group: pd.DataFrame | None
    drawn: Bootstrap
    robustness: Robustness | None

    def firmness(self, kind: str, name: str) -> str | None:
        """How firmly a gap or claim stands, in words; ``None`` where that was not tried."""
        if self.robustness is None:
            return None
        verdict = self.robustness.verdict(kind, name)
        sentence = self.robustness.sentence(kind, name, self.language)
        return say(
            "report.firmness", self.language, verdict=word("firmness", verdict, self.language), sentence=sentence
        )

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
        speakers = frame["speaker"].iloc[find_rows(gap.behind, frame["id"])].unique()
        group_of = {actor.id: actor.group for actor in self.study.actors}
        counts = Counter(str(group_of.get(name, name)) for name in speakers)
        return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def callers(self, gap: Gap) -> str:
        """The groups behind a gap in words: ``County councils (4), Municipalities (1)``."""
        label = {group.id: self.label(group) for group in self.study.groups}
        return ", ".join(f"{label.get(name, name)} ({count})" for name, count in self.calling_groups(gap))

    def label(self, record: Any) -> str:
        """A record's label in the report's language, else in the study's own with a mark: ``Housing [en]``."""
        return self.text_of(record, "label") or ""

    def text_of(self, record: Any, name: str) -> str | None:
        """A text of a record in the report's language, else in the study's own with a mark."""
        text = record.in_language(name, self.language)
        if text is None or record.extra.get(f"{name}_{self.language}") or not self._mark:
            return text
        return f"{text} {self._mark}"

    @property
    def _mark(self) -> str:
        """What marks a text that is not in the report's language: the study's own, where that is another."""
        own = self.study.languages[:1]
        return f"[{own[0]}]" if own and own[0] != self.language else ""

    def texts(self, statements: pd.DataFrame) -> list[str]:
        """The texts of statements in the report's language, else as they stand."""
        own = statements["text"].astype(object)
        marked = own + f" {self._mark}" if self._mark else own
        variant = statements.get(f"text_{self.language}")
        return (marked if variant is None else variant.astype(object).where(variant.notna(), marked)).tolist()

    @property
    def title(self) -> str:
        """The study's title in the report's language, else in its own."""
        return str(self.study.meta.get(f"title_{self.language}") or self.study.title)

    def matrix_title(self, kind: str) -> str:
        """What the matrix of a kind of target shows, in words."""
        language, values = self.language, self.matrices[kind].values_name
        return say(
            "report.matrix",
            language,
            rows=word("kind", "theme", language),
            columns=word("kind", kind, language),
            values=word("units", "speaker", language) if values == "speakers" else word("report", values, language),
        )

    @staticmethod
    def file_name(kind: str) -> str:
        """A kind of target as part of a file's or anchor's name: letters, digits and underscores."""
        return "".join(char if char.isalnum() and char.isascii() else "_" for char in kind)


def gather_content(
    study: Study,
    language: str = "en",
    choices: Choices | None = None,
    *,
    robustness: bool | Robustness = True,
    seed: int = 0,
    progress: Callable[[int, int], Any] | None = None,
    **options: Any,
) -> Content:
    """Gather what a report says.

    Parameters
    ----------
    study
        The study.
    language
        Of labels and sentences: ``en`` or ``nb``.
    robustness
        Whether to try every other way to count, or what came of that already.
    seed
        Of what is drawn at random.
    progress
        Called after every scenario with how many are done and how many there are.
    choices, **options
        How to count: see :class:`policygap.choices.Choices`.

    Examples
    --------
    >>> import policygap as pg
    >>> content = gather_content(pg.read_study("smabystrategi"), robustness=False)
    >>> content.kinds("theme")[0] in LEADING
    True
    """
    names(language)  # raises where there are no words in that language
    chosen = choose(choices, options)
    coverage = measure_coverage(study, chosen, by="group")
    if robustness is True:
        robustness = measure_robustness(study, chosen, seed=seed, progress=progress)
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
        ranges=leave_one_out(coverage),
        prompted=compare_prompted(study, chosen),
        by_group=coverage.breakdown,
        drawn=bootstrap(study, chosen, seed=seed),
        robustness=robustness or None,
    )
