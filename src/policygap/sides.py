"""A study comes in; what input, policy and research each say of themes and recommendations goes out side by side."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .choices import Choices
from .coverage import Coverage, measure_coverage
from .decisions import DecisionTable, built_in_table
from .gaps import RECOMMENDATION, Answer, answer_of, recommendation_echo
from .study import Study

__all__ = ["compare_sides"]

COLUMNS = (
    "kind", "type", "label", "speakers", "demand", "presence", "emphasis", "commitment", "linked",
    "input", "policy_strict", "policy_lenient", "research_strict", "research_lenient", "class_strict", "class_lenient",
)  # fmt: skip


def compare_sides(
    study: Study, choices: Choices | None = None, *, table: DecisionTable | None = None, **options: Any
) -> pd.DataFrame:
    """Compare input, policy and research, theme by theme and recommendation by recommendation.

    Parameters
    ----------
    study
        The study.
    table
        A decision table in place of the built-in ``sides``.
    choices, **options
        What counts as input: see :class:`policygap.choices.Choices`.

    Returns
    -------
    pandas.DataFrame
        Indexed by id: ``kind``, ``type`` (of a recommendation), ``label``; ``speakers`` (or whatever unit is counted)
        that call for it and ``demand``; ``presence``, ``emphasis``, ``commitment``; ``linked`` (the recommendations a
        theme is linked to, or the themes a recommendation is, with their relation, separated by ``;``); then whether
        each side has it (true, false, or missing where it can't be told): ``input`` (demand over 0), ``policy_strict``
        (named or mentioned), ``policy_lenient`` (weaker emphasis too), ``research_strict`` (a link ``equal`` to a
        recommendation), ``research_lenient`` (any link but ``none``); and the classes of both.

    Examples
    --------
    >>> import policygap as pg
    >>> sides = pg.compare_sides(pg.read_study("smabystrategi"))
    >>> sides.loc["R1", "research_strict"]
    True
    """
    table = table or built_in_table("sides")
    coverage = measure_coverage(study, choices, **options)
    linked, compared = _linked(study), _compared(study)
    lines = []
    for code in study.codes:
        if not (code.is_theme or code.kind == RECOMMENDATION):
            continue
        answer = answer_of(study, code.id)
        line: dict[str, Any] = {"id": code.id, "kind": code.kind, "type": code.type, "label": code.label}
        line["speakers"] = coverage.figure("calling", code.id)
        line["demand"] = coverage.figure("demand", code.id)
        line |= {"presence": answer.presence, "emphasis": answer.emphasis, "commitment": answer.commitment}
        line["linked"] = ";".join(f"{other} ({relation})" for other, relation in linked.get(code.id, ()))
        line["input"] = _input(coverage, code.id, is_theme=code.is_theme)
        relations = [relation for _, relation in linked.get(code.id, ())] if code.id in compared else None
        for how in ("strict", "lenient"):
            line[f"policy_{how}"] = _policy(answer, lenient=how == "lenient")
            line[f"research_{how}"] = _research(relations, lenient=how == "lenient") if code.is_theme else True
            sides = {"input": line["input"], "policy": line[f"policy_{how}"], "research": line[f"research_{how}"]}
            line[f"class_{how}"] = table.decide(**sides).outcome
        lines.append(line)
    frame = pd.DataFrame(lines, columns=["id", *COLUMNS]).set_index("id")
    return frame.astype({"speakers": "Int64", "demand": float})


def _input(coverage: Coverage, code: str, *, is_theme: bool) -> bool | None:
    if not is_theme:
        return recommendation_echo(coverage, code)[0]
    demand = coverage.figure("demand", code)
    return None if demand is None else demand > 0


def _policy(answer: Answer, *, lenient: bool) -> bool | None:
    """Named or mentioned; leniently, also what a source holds to be in the policy with weaker emphasis."""
    if answer.presence in ("named", "mentioned") or (lenient and answer.emphasis == "weaker"):
        return True
    return False if answer.presence in ("absent", "excluded") else None


def _links_to_research(study: Study) -> pd.DataFrame:
    """Theme, target and relation of the links to recommendations, each once."""
    known = [target.id for target in study.targets if target.kind == RECOMMENDATION]
    links = study.links.loc[study.links["target"].isin(known), ["theme", "target", "relation"]]
    links = links.drop_duplicates().astype(object)
    return links.assign(relation=links["relation"].where(links["relation"].notna(), "related"))


def _linked(study: Study) -> dict[str, list[tuple[str, str]]]:
    """The recommendations linked to each theme, and the themes linked to each recommendation, with the relation."""
    found: dict[str, list[tuple[str, str]]] = {}
    for theme, target, relation in _links_to_research(study).itertuples(index=False):
        found.setdefault(theme, []).append((target, relation))
        found.setdefault(target, []).append((theme, relation))
    return {code: sorted(links) for code, links in found.items()}


def _compared(study: Study) -> frozenset[str]:
    """The themes that somebody compared with the recommendations, be it to find that they fit none."""
    fits_none = study.links.loc[study.links["target"].isna(), "theme"]
    return frozenset(_links_to_research(study)["theme"]) | frozenset(fits_none)


def _research(relations: list[str] | None, *, lenient: bool) -> bool | None:
    """Whether research recommends a theme with these relations; missing where nobody compared it."""
    if relations is None:
        return None
    if lenient:
        return any(relation != "none" for relation in relations)
    return "equal" in relations
