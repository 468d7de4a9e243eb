"""A study and rules come in; the codings that the rules suggest for its statements go out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import Problem, UsageError
from ..spelling import suggest
from ..study import Study
from .columns import classify_column
from .matching import Matcher
from .texts import read_texts

__all__ = ["suggest_codings"]


def suggest_codings(matcher: Matcher, coder: str, study: Study, column: str = "text") -> pd.DataFrame:
    """The codings that rules suggest.

    Parameters
    ----------
    matcher, coder
        The rules, made ready, and the name of the rule set.
    study
        The study.
    column
        The column of statements that holds the text.

    Returns
    -------
    pandas.DataFrame
        A row a statement and code, and a row with a ``kind`` alone for a statement that was looked at for codes of that
        kind and got none: ``statement``, ``code``, ``kind``, ``coder``, ``basis`` (``rule``). Statements without a text
        are left out.

    Raises
    ------
    UsageError
        Where the study has no such column, or a rule's code is none of the study's; each is named.
    """
    if column not in study.statements.columns:
        fix = suggest(column, study.statements.columns, otherwise="name a column of the table statements")
        raise UsageError([Problem(file="column", what=f"statements have no column '{column}'", fix=fix)])
    kind_of = {code.id: code.kind for code in study.codes}
    codes = [rule.code for rule in matcher.rules]
    problems = [
        Problem(
            file=f"rule {code!r}",
            what="the study has no such code",
            fix=suggest(code, kind_of, otherwise="use the id of a theme or target"),
        )
        for code in codes
        if code not in kind_of
    ]
    if problems:
        raise UsageError(problems)
    texts = study.statements[column]
    rows, places = classify_column(matcher, read_texts(texts.astype(object).tolist()))
    ids = study.statements["id"].astype(object).to_numpy()
    kinds = np.array([kind_of[code] for code in codes], dtype=object)
    found = pd.DataFrame({"statement": ids[rows], "code": np.array(codes, dtype=object)[places], "kind": None})
    looked = np.flatnonzero(texts.notna().to_numpy())
    silent = [
        pd.DataFrame({"statement": ids[np.setdiff1d(looked, rows[kinds[places] == kind])], "code": None, "kind": kind})
        for kind in dict.fromkeys(kinds.tolist())
    ]
    return pd.concat([found, *silent], ignore_index=True).assign(coder=coder, basis="rule")
