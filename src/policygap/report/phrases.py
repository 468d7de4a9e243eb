"""What a report says comes in; sentences and lines that every form of it shares go out."""

from __future__ import annotations

from attrs import frozen

from ..coverage import EQUAL_SPLIT
from ..messages import say, word
from .content import Content

__all__ = ["TargetLine", "benchmark_in_words", "left_out_line", "list_targets", "study_line"]


@frozen(kw_only=True)
class TargetLine:
    """The figures of one target; ``None`` where a figure is missing."""

    id: str
    label: str
    units: int | None
    whole_groups: int | None
    assessed: int | None
    attention: float | None
    share: float | None
    benchmark: float | None
    ratio: float | None
    tied_with: tuple[str, ...]


def list_targets(content: Content, kind: str) -> tuple[TargetLine, ...]:
    """The targets of a kind with their figures, in the study's order."""
    figure = content.coverage.figure
    tied = content.coverage.targets["tied_with"].to_dict()

    def whole(name: str, code: str) -> int | None:
        count = figure(name, code)
        return None if count is None else int(count)

    return tuple(
        TargetLine(
            id=code.id,
            label=content.label(code),
            units=whole("units", code.id),
            whole_groups=whole("whole_groups", code.id),
            assessed=whole("assessed", code.id),
            attention=figure("attention", code.id),
            share=figure("share", code.id),
            benchmark=figure("benchmark", code.id),
            ratio=figure("ratio", code.id),
            tied_with=tuple(tied[code.id]),
        )
        for code in content.study.targets
        if code.kind == kind
    )


def study_line(content: Content) -> str:
    """The study in a line: its sizes."""
    study, language = content.study, content.language
    names = ("statements", "groups", "sources", "codings", "themes", "targets", "links")
    words = {name: say(f"word.{name}", language, count=len(study.tables[name])) for name in names}
    if study.statements.empty:
        return say("report.links_line", language, **words)
    speakers = say("word.speakers", language, count=int(study.statements["speaker"].nunique()))
    coder = study.default_coder
    if coder is not None:
        own = int(study.codings["coder"].eq(coder).sum())  # and not those of other coders, or of the source itself
        words["codings"] = say("word.codings", language, count=own)
    else:
        coder = say("report.all_coders", language)
    return say("report.study_line", language, speakers=speakers, coder=coder, **words)


def left_out_line(content: Content) -> str | None:
    """What the choices leave out, in a line; ``None`` where that is nothing."""
    language = content.language
    parts = [
        say(
            "report.left_out_line",
            language,
            reason=word("reason", row["reason"], language),
            statements=say("word.statements", language, count=row["statements"]),
        )
        for row in content.coverage.left_out.to_dict("records")
        if row["statements"]
    ]
    return f"{say('report.left_out', language)}: {'; '.join(parts)}" if parts else None


def benchmark_in_words(content: Content, kind: str) -> str:
    """The name of the benchmark of a kind of target, in the report's language."""
    name = content.coverage.benchmark_of(kind)
    return say("word.equal_split", content.language) if name == EQUAL_SPLIT else name
