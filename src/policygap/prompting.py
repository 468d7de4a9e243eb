"""A study comes in; how much of the attention to a code the consultation's own questions asked for, goes out.

What a question names, people answer about: a code that is named in a question gets attention that says little of what
moves them (question wording and salience: Schuman and Presser 1981, *Questions and Answers in Attitude Surveys*).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .choices import Choices, choose
from .study import Study
from .touches import Touches, collect_touches
from .units import collect_units, distinct_pairs

__all__ = ["compare_prompted"]

Array = np.ndarray[Any, Any]

COLUMNS = ("kind", "label", "questions", "units", "unprompted", "prompted_only")


def compare_prompted(study: Study, choices: Choices | None = None, **options: Any) -> pd.DataFrame:
    """Count who touches a code unasked, and who only in answer to a question that names it.

    A question names the codes in its ``prompts`` and in those of the main themes above it. A statement that answers no
    question is unprompted.

    Parameters
    ----------
    study
        The study.
    choices, **options
        How to count: see :class:`policygap.choices.Choices`; units are not weighted here.

    Returns
    -------
    pandas.DataFrame
        A row for each code that a question names, indexed by id: ``kind``, ``label``; ``questions`` that name it,
        separated by ``;``; ``units`` that touch it; of these, ``unprompted``, with at least one such statement that
        answers no question naming it, and ``prompted_only``, the rest.

    Examples
    --------
    >>> import policygap as pg
    >>> prompted = compare_prompted(pg.read_study("smabystrategi"))
    >>> bool((prompted["unprompted"] + prompted["prompted_only"] == prompted["units"]).all())
    True
    """
    chosen = choose(choices, options)
    named = _names_of(study)
    touches = collect_touches(study, chosen.but(unit="speaker" if chosen.unit in (None, "theme") else chosen.unit))
    units = collect_units(touches)
    unit = units.of_statement[touches.statement]
    code = touches.code
    size = len(touches.codes)
    asked = _asked(touches, named)
    every = np.bincount(distinct_pairs(unit, code, size)[1], minlength=size)
    unprompted = np.bincount(distinct_pairs(unit[~asked], code[~asked], size)[1], minlength=size)
    by_code: dict[str, list[str]] = {}
    for question, codes in named.items():
        for name in codes:
            by_code.setdefault(name, []).append(question)
    lines = [
        {
            "id": record.id,
            "kind": record.kind,
            "label": record.label,
            "questions": ";".join(by_code[record.id]),
            "units": every[place],
            "unprompted": unprompted[place],
            "prompted_only": every[place] - unprompted[place],
        }
        for place, record in enumerate(study.codes)
        if record.id in by_code
    ]
    return pd.DataFrame(lines, columns=["id", *COLUMNS]).set_index("id")


def _names_of(study: Study) -> dict[str, list[str]]:
    """For each question, the codes that it or a main theme above it names."""
    parent = {question.id: question.parent for question in study.questions}
    prompts = {question.id: question.prompts for question in study.questions}
    named: dict[str, list[str]] = {}
    for name in prompts:
        over: str | None = name
        while over is not None:
            named.setdefault(name, []).extend(prompts[over])
            over = parent[over]
    return {name: list(dict.fromkeys(codes)) for name, codes in named.items()}


def _asked(touches: Touches, named: dict[str, list[str]]) -> Array:
    """For each row, whether its statement answers a question that names its code."""
    cells = touches.study.statements["question"].astype("category")
    questions = pd.Index(cells.cat.categories, dtype=object)
    size = len(touches.codes)
    pairs = [
        place * size + code
        for place, question in enumerate(questions)
        for code in touches.codes.get_indexer(pd.Index(named.get(question, []), dtype=object))
    ]
    question = cells.cat.codes.to_numpy(dtype=np.int64)[touches.statement]
    return np.isin(question * size + touches.code, pairs) & (question >= 0)
